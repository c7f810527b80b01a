"""JSON documents as they are written: whole, narrow, and one entry to a line where they must be broken."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.emit.json_text import WIDTH, json_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=20), inner, max_size=6)
)


@given(DOCUMENTS)
def test_it_is_the_document(document: Any) -> None:
    assert json.loads(json_text(document)) == document


@given(DOCUMENTS)
def test_a_line_that_is_too_long_holds_one_value(document: Any) -> None:
    for line in json_text(document).split("\n"):
        if len(line) > WIDTH:
            assert not line.rstrip(",").endswith(("]", "}"))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": 1, "b": [1, 2]}, '{"a": 1, "b": [1, 2]}\n'),
        ({"a": {}, "b": []}, '{"a": {}, "b": []}\n'),
        ({"a": "x" * 60, "b": "y" * 60}, '{\n "a": "' + "x" * 60 + '",\n "b": "' + "y" * 60 + '"\n}\n'),
        ([{"a": "x" * 108}, 1], '[\n {"a": "' + "x" * 108 + '"},\n 1\n]\n'),
    ],
)
def test_what_fits_stands_on_one_line(document: Any, expected: str) -> None:
    assert json_text(document) == expected


def test_a_line_is_full_at_the_width() -> None:
    """The comma behind an entry counts."""
    inside = WIDTH - len(' {"a": ""},')
    assert json_text([{"a": "x" * inside}, 1]).count("\n") == 4
    assert json_text([{"a": "x" * inside, "": 1}, 1]).count("\n") == 7
    assert json_text([{"a": "x" * (inside + 1)}, 1]).count("\n") == 6
    inside -= len(', "b": []')
    assert json_text([{"a": "x" * inside, "b": []}, 1]).count("\n") == 4
    assert json_text([{"a": "x" * (inside + 1), "b": []}, 1]).count("\n") == 7


def test_time_grows_with_the_size() -> None:
    def measure(count: int) -> float:
        document = {"items": [{"name": f"n{number}", "values": list(range(60))} for number in range(count)]}
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            json_text(document)
            best = min(best, time.process_time() - started)
        return best

    assert measure(2000) < 10 * measure(500)
