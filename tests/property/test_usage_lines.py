"""Any record comes back from its line, and any line that is read is the one that its record is written as."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.usage_format import line as lines
from handlers.usage_format.record import Finding, LoggedUsage

NAMES = st.from_regex("[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True)
ENTRIES = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), min_size=1, max_size=64)
DECIMALS = st.from_regex(r"(0|[1-9][0-9]{0,37})(\.[0-9]{1,38})?", fullmatch=True).map(
    lambda text: Decimal(text.strip())
)
TIMES = st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
RECORDS = st.builds(
    LoggedUsage,
    node_id=NAMES,
    stream_id=ENTRIES,
    local_seq=st.integers(1, 2**63 - 1),
    user_sid=st.from_regex("[0-9A-Za-z]{4,26}", fullmatch=True),
    resource_kind=ENTRIES,
    quantity=DECIMALS,
    idempotency_key=ENTRIES,
    occurred_at=TIMES,
    applies_to=st.sampled_from([None, "hero_os_hourly", "llm", "vm"]),
    interval_seconds=st.none() | st.integers(0, 2**32 - 1),
    instance_id=st.none() | ENTRIES,
    model=st.none() | ENTRIES,
    cost=st.none() | DECIMALS,
    amount_cents=st.none() | st.integers(0, 2**63 - 1),
    void=st.none() | ENTRIES,
)


@given(RECORDS)
def test_a_record_comes_back_from_its_line(record: LoggedUsage) -> None:
    line = lines.encode(record)
    assert b"\n" not in line
    assert lines.decode(line) == record
    assert lines._explain(line.decode()) == record, "the short way and the long way read the same"


@given(RECORDS, st.data())
def test_a_line_that_is_read_is_the_one_that_is_written(record: LoggedUsage, data: st.DataObject) -> None:
    """Whatever is cut out of a line or put into it: no second line is read as a record."""
    line = lines.encode(record)
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, min(start + 4, len(line))))
    put = data.draw(st.binary(max_size=3) | st.sampled_from([b" ", b"0", b"\\", b'"', b",", b"null", b"\\u0041", b"1"]))
    changed = line[:start] + put + line[end:]
    read = lines.decode(changed)
    assert isinstance(read, Finding) or lines.encode(read) == changed
