"""The small pure parts of the checker: spelling, values of primitives, shared patterns, order and cycles."""

from decimal import Decimal
from typing import Any

import pytest

from codegen.model.casing import is_pascal, is_snake, snake, to_pascal, to_snake
from codegen.model.graph import order
from codegen.model.values import BadValue, parse


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UsageRecord", "usage_record"),
        ("HTTPServer", "http_server"),
        ("VmV2", "vm_v2"),
        ("A", "a"),
        ("URL", "url"),
        ("PlanID", "plan_id"),
        ("X509Key", "x509_key"),
        ("KycSession", "kyc_session"),
    ],
)
def test_snake(name: str, expected: str) -> None:
    assert snake(name) == expected
    assert is_snake(snake(name))


@pytest.mark.parametrize("name", ["_a", "a_", "a__b", "aB", "1a", "", "ä", "a-b"])
def test_not_snake(name: str) -> None:
    assert not is_snake(name)
    assert is_snake(to_snake(name))


@pytest.mark.parametrize("name", ["a", "A_b", "", "Ä", "1A", "a b"])
def test_not_pascal(name: str) -> None:
    assert not is_pascal(name)
    assert is_pascal(to_pascal(name))


@pytest.mark.parametrize(
    ("primitive", "value"),
    [
        ("u8", 255),
        ("i64", -(2**63)),
        ("u64", 2**64 - 1),
        ("f32", 1.5),
        ("decimal", "-0.1"),
        ("decimal", 3),
        ("money", "9223372036.854775807"),
        ("otime", "1970-01-01T00:00:00Z"),
        ("otime", "2106-02-07T06:28:15Z"),
        ("otime", "2026-01-01T01:00:00+01:00"),
        ("datetime", "2026-05-20T22:03:14.123456Z"),
        ("date", "2024-02-29"),
        ("duration", "PT0.5S"),
        ("duration", "-P3D"),
        ("duration", "P2W"),
        ("sid", "0Az9"),
        ("bytes", ""),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
        ("bool", False),
        ("str", ""),
        ("json", None),
    ],
)
def test_values(primitive: str, value: Any) -> None:
    parse(primitive, value)


@pytest.mark.parametrize(
    ("primitive", "value"),
    [
        ("u8", 256),
        ("u8", -1),
        ("u8", True),
        ("u8", 1.0),
        ("i8", -129),
        ("u64", 2**64),
        ("f32", 1e39),
        ("f64", "1"),
        ("f64", float("inf")),
        ("decimal", 0.1),
        ("decimal", "1e3"),
        ("decimal", "NaN"),
        ("decimal", True),
        ("decimal", "1."),
        ("money", "0.0000000001"),
        ("money", "9223372036.854775808"),
        ("otime", "2106-02-07T06:28:16Z"),
        ("otime", "2026-01-01T00:00:00.5Z"),
        ("otime", "2026-01-01T00:00:00"),
        ("otime", 5),
        ("datetime", "2026-13-01T00:00:00Z"),
        ("date", "2023-02-29"),
        ("date", "2023-2-9"),
        ("duration", "P"),
        ("duration", "PT"),
        ("duration", "1D"),
        ("duration", "P1Y"),
        ("sid", "abc"),
        ("sid", "a" * 27),
        ("sid", "ab_c"),
        ("bytes", "a"),
        ("uuid", "x" * 36),
        ("bool", 0),
        ("str", 1),
        ("date", "\uff12026-01-01"),
    ],
)
def test_no_values(primitive: str, value: Any) -> None:
    with pytest.raises(BadValue):
        parse(primitive, value)


def test_moments_compare_across_zones_and_decimals_by_value() -> None:
    assert parse("datetime", "2026-01-01T01:00:00+01:00") == parse("datetime", "2026-01-01T00:00:00Z")
    assert parse("decimal", "1.10") == Decimal("1.1")


def test_order_puts_targets_first_and_finds_circles() -> None:
    assert order({"a": ["b", "c"], "b": ["c"], "c": []}) == (["c", "b", "a"], [])
    assert order({"a": ["b"], "b": ["a", "x"], "c": ["c"]}) == (["b", "a", "c"], [["a", "b"], ["c"]])
