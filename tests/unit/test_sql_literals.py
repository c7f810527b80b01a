"""Defaults and bounds, in the JSON form that schemas give them, as SQL text."""

import pytest

from codegen.evolve import sql
from codegen.model.model import Json
from codegen.runtime.values.columns import Kind


@pytest.mark.parametrize(
    ("kind", "value", "sqlite", "postgresql"),
    [
        ("bool", True, "1", "TRUE"),
        ("bool", False, "0", "FALSE"),
        ("text", "it's", "'it''s'", "'it''s'"),
        ("blob", "aGk=", "X'6869'", "'\\x6869'"),
        ("i8", -3, "-3", "-3"),
        ("u64", 2**64 - 1, "'18446744073709551615'", "18446744073709551615"),
        ("double", 0.1, "0.1", "0.1"),
        ("double", 2, "2.0", "2.0"),
        ("decimal", "-12.50", "'<4998874~'", "-12.5"),
        ("decimal", "1E+3", "'>50031'", "1000"),
        ("money", "0.000000001", "1", "1"),
        ("money", -2, "-2000000000", "-2000000000"),
        ("otime", "2026-05-20T22:03:14Z", "1779314594", "1779314594"),
        ("otime", 60, "60", "60"),
        ("datetime", "1970-01-01T00:00:00.000001Z", "1", "1"),
        ("datetime", "1969-12-31T23:59:59.999999Z", "-1", "-1"),
        ("date", "2026-05-20", "'2026-05-20'", "'2026-05-20'"),
        ("duration", "PT1H", "3600000000", "3600000000"),
        (
            "uuid",
            "8E8AD3C6-8D33-4C1B-9F4B-0D8F0F7E1C11",
            "'8e8ad3c6-8d33-4c1b-9f4b-0d8f0f7e1c11'",
            "'8e8ad3c6-8d33-4c1b-9f4b-0d8f0f7e1c11'",
        ),
        ("json", {"b": [1, "ä"], "a": None}, '\'{"b":[1,"ä"],"a":null}\'', '\'{"b":[1,"ä"],"a":null}\''),
        ("text", None, "NULL", "NULL"),
    ],
)
def test_literals(kind: Kind, value: Json, sqlite: str, postgresql: str) -> None:
    assert sql.literal(kind, value, "sqlite") == sqlite
    assert sql.literal(kind, value, "postgresql") == postgresql
