"""The line of a usage file: written one way only, and what is wrong with any other is said."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from generated.models.onboarding import ResourceCategory, UsageRecord
from handlers.usage_format.fields import CATEGORIES, FIELDS
from handlers.usage_format.line import LONGEST_LINE, decode, encode, line_hash
from handlers.usage_format.record import Finding, InvalidUsage, LoggedUsage

RECORD = LoggedUsage(
    node_id="n1",
    stream_id="6f0c",
    local_seq=17,
    user_sid="01JD4ZK7Q1M8",
    resource_kind="llm_token",
    quantity=Decimal("1560"),
    idempotency_key="n1/6f0c/17",
    occurred_at=datetime(2026, 11, 20, 19, 3, 14, tzinfo=UTC),
    applies_to="llm",
    model="glüh",
    cost=Decimal("0.000312"),
)
LINE = (
    '{"applies_to":"llm","cost":"0.000312","idempotency_key":"n1/6f0c/17","local_seq":17,"model":"glüh","node_id":"n1",'
    '"occurred_at":"2026-11-20T19:03:14Z","quantity":"1560","resource_kind":"llm_token","schema":1,"stream_id":"6f0c",'
    '"user_sid":"01JD4ZK7Q1M8"}'
)


def test_a_record_has_one_line() -> None:
    assert encode(RECORD) == LINE.encode()
    assert decode(LINE.encode()) == RECORD
    assert line_hash(b"{}") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_every_field_is_there_and_back() -> None:
    full = RECORD._replace(
        interval_seconds=60,
        instance_id="i1",
        amount_cents=5,
        void="n1/6f0c/16",
        idempotency_key='a "key" \\ /',
        cost=Decimal("1E-7"),
        quantity=Decimal("-0.00"),
        occurred_at=RECORD.occurred_at.astimezone(timezone(timedelta(hours=3))),
    )
    line = encode(full)
    assert b'"cost":"0.0000001"' in line and b'"quantity":"0.00"' in line and b'"a \\"key\\" \\\\ /"' in line
    assert decode(line) == full


@dataclass(frozen=True)
class Wrong:
    """A line in which `old` was replaced by `new`, and what is said about it."""

    old: str
    new: str
    reason: str
    detail: str


PARSE, CANONICAL = "parse_error", "not_canonical"
WRONG = (
    Wrong(LINE, "", PARSE, "no JSON"),
    Wrong(LINE, LINE + LINE, PARSE, "no JSON: Extra data"),
    Wrong(LINE, LINE[:-1], PARSE, "no JSON"),
    Wrong(LINE, "[" * LONGEST_LINE, PARSE, "no JSON"),
    Wrong(LINE, "[1]", PARSE, "no JSON object"),
    Wrong(LINE, "9" * 5000, PARSE, "no JSON"),
    Wrong("17,", "1" * 5000 + ",", PARSE, "no JSON"),
    Wrong("glüh", "x" * LONGEST_LINE, PARSE, "longer than 16384 bytes"),
    Wrong('"cost"', '"costs"', PARSE, "no field 'costs'"),
    Wrong('"node_id":"n1",', "", PARSE, "`node_id` is missing"),
    Wrong('"n1",', "null,", PARSE, "`node_id` is not the name of a node"),
    Wrong('"llm",', "null,", PARSE, "`applies_to` is not one of hero_os_hourly, llm, vm"),
    Wrong('"llm",', '"llm\\n",', PARSE, "`applies_to`"),
    Wrong('"1560"', "1560", PARSE, "`quantity` is not a number as text"),
    Wrong('"1560"', '"-1"', PARSE, "`quantity`"),
    Wrong('"1560"', '"1e3"', PARSE, "`quantity`"),
    Wrong('"1560"', '"٣"', PARSE, "`quantity`"),
    Wrong('"1560"', '"NaN"', PARSE, "`quantity`"),
    Wrong(":17,", ":17.0,", PARSE, "`local_seq` is no whole number"),
    Wrong(":17,", ":true,", PARSE, "`local_seq`"),
    Wrong(":17,", ":0,", PARSE, "`local_seq`"),
    Wrong(":17,", f":{2**63},", PARSE, "`local_seq`"),
    Wrong(":17,", ":-0,", PARSE, "`local_seq`"),
    Wrong('"schema":1', '"schema":2', PARSE, "`schema`"),
    Wrong('"model"', '"interval_seconds":4294967296,"model"', PARSE, "`interval_seconds`"),
    Wrong("glüh", "x" * 129, PARSE, "`model` has 129 characters"),
    Wrong("glüh", "", PARSE, "`model` has 0 characters"),
    Wrong("glüh", "a\\u0000b", PARSE, "`model` has a character that text may not have"),
    Wrong("glüh", "a\\ud800b", PARSE, "`model` has a character that text may not have"),
    Wrong("glüh", "a\tb", PARSE, "no JSON"),
    Wrong("2026-11-20", "2026-02-30", PARSE, "`occurred_at`"),
    Wrong("2026-11-20", "2107-02-20", PARSE, "`occurred_at`"),
    Wrong("14Z", "14+00:00", PARSE, "`occurred_at`"),
    Wrong("14Z", "14.5Z", PARSE, "`occurred_at`"),
    Wrong("01JD4ZK7Q1M8", "Ada Lovelace", PARSE, "`user_sid` is not a sid"),
    Wrong("glüh", "gl\\u00fch", CANONICAL, "from character 96 on"),
    Wrong("n1/6f0c", "n1\\/6f0c", CANONICAL, "otherwise"),
    Wrong('"local_seq":17', '"local_seq": 17', CANONICAL, "otherwise"),
    Wrong('"schema":1,"stream_id":"6f0c"', '"stream_id":"6f0c","schema":1', CANONICAL, "otherwise"),
    Wrong('"schema":1', '"schema":1,"schema":1', CANONICAL, "otherwise"),
    Wrong("}", "}\r", CANONICAL, "otherwise"),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.new[:40])
def test_what_is_wrong_with_a_line_is_said(wrong: Wrong) -> None:
    found = decode(LINE.replace(wrong.old, wrong.new, 1).encode())
    assert isinstance(found, Finding)
    assert found.reason == wrong.reason and wrong.detail in found.detail and len(found.detail) <= 500


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"\x00", LINE.encode("latin-1"), LINE.encode("utf-16")])
def test_junk_is_a_finding(junk: bytes) -> None:
    found = decode(junk)
    assert isinstance(found, Finding) and found.reason == "parse_error"


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal("-1")},
        {"quantity": Decimal("Infinity")},
        {"quantity": 1.5},
        {"model": "x\udc80"},
        {"model": ""},
        {"user_sid": "no sid"},
        {"occurred_at": datetime(2026, 11, 20)},
        {"occurred_at": datetime(2026, 11, 20, microsecond=1, tzinfo=UTC)},
        {"occurred_at": datetime(1969, 11, 20, tzinfo=UTC)},
        {"local_seq": 0},
        {"instance_id": b"bytes"},
    ],
    ids=str,
)
def test_what_no_line_can_hold_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(InvalidUsage):
        encode(RECORD._replace(**change))  # type: ignore[arg-type]


def test_the_fields_are_those_of_the_schema() -> None:
    """All that a node writes, up to `void`; a category that the schema gains must be readable."""
    declared = [field.alias or name for name, field in UsageRecord.model_fields.items()]
    logged = declared[1 : declared.index("void") + 1]
    assert sorted(logged) == [field.name for field in FIELDS]
    assert set(logged) == {"schema", *LoggedUsage._fields}
    required = {field.alias or name for name, field in UsageRecord.model_fields.items() if field.is_required()}
    assert {field.name for field in FIELDS if not field.optional} == (required & set(logged)) | {"schema"}
    assert tuple(sorted(ResourceCategory)) == CATEGORIES
