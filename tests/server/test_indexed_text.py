"""Text in an index: what is too long for one is refused alike on both databases, as the caller's mistake."""

import base64
import random
from collections.abc import Iterator
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from tests.small_program import SmallProgram, small_program

SCHEMA = """\
module shelf "1.0.0"
Kind = "paper" | "cloth" | ...
[rootobject, auth(public), unique(first, second, number)]
Book = {
    limited: str     @unique @len(0, 1023)
    endless?: str    @index
    data?: bytes     @index
    kind?: Kind      @index
    first?: str      @len(0, 400)
    second?: str     @len(0, 400)
    number: i32 = 1
    plain?: str
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProgram]:
    with small_program(tmp_path_factory.mktemp("shelf"), "shelf", SCHEMA) as made:
        yield made


def text(length: int, letters: str = "abcdefghijklmnopqrstuvwxyz0123456789") -> str:
    """One that no database can make shorter."""
    return "".join(random.Random(length).choices(letters, k=length))


HANZI = "".join(map(chr, range(0x20000, 0x24000)))
"""Characters of four bytes."""


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, None),
        ({"limited": text(1023)}, None),
        ({"limited": text(1024)}, ("data.limited", "string_too_long")),
        ({"limited": text(650, HANZI)}, None),
        ({"limited": text(1000, HANZI)}, ("data.limited", "stored")),
        ({"endless": text(2600)}, None),
        ({"endless": text(3000)}, ("data.endless", "stored")),
        ({"data": base64.b64encode(random.Random(1).randbytes(3000)).decode()}, ("data.data", "stored")),
        ({"kind": text(3000)}, ("data.kind", "stored")),
        ({"first": text(400, HANZI), "second": text(200, HANZI)}, None),
        ({"first": text(400, HANZI), "second": text(399, HANZI)}, ("data.first", "stored")),
        ({"plain": text(30_000)}, None),
    ],
)
def test_new_set_and_patch(
    program: SmallProgram, database: Database, values: dict[str, Any], wrong: tuple[str, str] | None
) -> None:
    served = program.served(database)
    there = served.call("book.new", {"data": {"limited": "there"}})["sid"]
    for method, params in (
        ("book.new", {"data": {"limited": "a", **values}}),
        ("book.set", {"data": {"limited": "b", "number": 2, **values}}),
        ("book.patch", {"sid": there, "data": {"number": 3, **values}}),
    ):
        answer = served.call(method, params)
        if "code" in answer and answer["code"] == 1409:  # the first of the three holds the unique value already
            assert values.get("limited") and wrong is None and method != "book.new"
            continue
        if wrong is None:
            assert "sid" in answer, answer
        else:
            (error,) = answer["data"]["errors"]
            assert (answer["code"], error["path"], error["rule"]) == (-32602, *wrong)
    for name in values.keys() & {"limited", "endless", "data", "kind", "first"}:
        found = served.call("book.find", {"filter": {name: values[name]}})
        assert "items" in found or wrong == ("data.limited", "string_too_long"), found
