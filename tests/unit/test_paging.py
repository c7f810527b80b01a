"""Cursors: what was encoded comes back, anything else is refused with the parameter's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.errors import InvalidParams
from codegen.runtime.storage.paging import decode_cursor, encode_cursor

SIDS = st.from_regex(r"[0-9A-Za-z]{4,26}", fullmatch=True)


@given(SIDS, st.text(max_size=20))
def test_a_cursor_leads_back(sid: str, listed: str) -> None:
    cursor = encode_cursor(sid, listed)
    assert decode_cursor(cursor, listed) == sid
    assert sid not in cursor and len(cursor) <= 100


def test_no_cursor_is_the_beginning() -> None:
    assert decode_cursor(None, "user") == ""


@given(SIDS, st.integers(0, 42), st.characters())
def test_a_changed_cursor_is_refused(sid: str, place: int, character: str) -> None:
    cursor = encode_cursor(sid, "user")
    place %= len(cursor)
    changed = cursor[:place] + character + cursor[place + 1 :]
    if changed != cursor:
        with pytest.raises(InvalidParams) as refused:
            decode_cursor(changed, "user")
        assert refused.value.errors[0]["path"] == "cursor"


@given(st.text(max_size=60))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidParams):
        decode_cursor(text, "user")


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidParams):
        decode_cursor(encode_cursor("abcd", "user"), "order")
