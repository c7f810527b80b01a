"""The value types on the wire: what is read, what is refused, what is written."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypeAliasType

from codegen.runtime.values import sid as sids
from codegen.runtime.values import types
from codegen.runtime.values.pattern import Matches
from codegen.runtime.values.sid import new_sid, not_before
from codegen.runtime.values.struct import Struct
from codegen.runtime.values.types import Bounds, Money

MOMENT = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)

READ: list[tuple[Any, Any, Any, str]] = [
    (types.Money, "12.345678901", Money(12_345_678_901), '"12.345678901"'),
    (types.Money, "-0.5", Money(-500_000_000), '"-0.50"'),
    (types.Money, "7", Money(7_000_000_000), '"7.00"'),
    (types.Money, "-0", Money(0), '"0.00"'),
    (types.Money, "9223372036.854775807", Money(2**63 - 1), '"9223372036.854775807"'),
    (types.Money, "-9223372036.854775808", Money(-(2**63)), '"-9223372036.854775808"'),
    (types.OTime, "2026-05-20T22:03:14Z", MOMENT, '"2026-05-20T22:03:14Z"'),
    (types.OTime, "2026-05-20T22:03:14.000Z", MOMENT, '"2026-05-20T22:03:14Z"'),
    (types.OTime, "2026-05-21T00:03:14+02:00", MOMENT, '"2026-05-20T22:03:14Z"'),
    (types.OTime, 1779314594, MOMENT, '"2026-05-20T22:03:14Z"'),
    (types.OTime, 0, datetime(1970, 1, 1, tzinfo=UTC), '"1970-01-01T00:00:00Z"'),
    (types.OTime, 2**32 - 1, datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC), '"2106-02-07T06:28:15Z"'),
    (
        types.DateTime,
        "2026-05-20T22:03:14.5-01:00",
        MOMENT.replace(hour=23, microsecond=500_000),
        '"2026-05-20T23:03:14.500000Z"',
    ),
    (types.Date, "2024-02-29", date(2024, 2, 29), '"2024-02-29"'),
    (types.Duration, "P1DT2H30M", timedelta(days=1, hours=2, minutes=30), '"P1DT2H30M"'),
    (types.Duration, "P400D", timedelta(days=400), '"P400D"'),
    (types.Duration, "-PT0.5S", timedelta(microseconds=-500_000), '"-PT0.5S"'),
    (types.Duration, "PT0S", timedelta(0), '"PT0S"'),
    (types.Decimal, "1.50", Decimal("1.50"), '"1.50"'),
    (types.Decimal, "-0", Decimal(0), '"0"'),
    (types.Decimal, "0." + "0" * 20 + "1", Decimal("1E-21"), '"0.' + "0" * 20 + '1"'),
    (types.Bytes, "AAEC", b"\0\1\2", '"AAEC"'),
    (types.Sid, "abcd", "abcd", '"abcd"'),
    (types.U64, 2**64 - 1, 2**64 - 1, str(2**64 - 1)),
    (types.I8, -128, -128, "-128"),
    (types.F64, 1, 1.0, "1.0"),
    (types.Bool, True, True, "true"),
]

REFUSED: list[tuple[Any, Any]] = [
    *(
        (types.Money, value)
        for value in (
            5,
            1.5,
            True,
            None,
            "",
            "1e3",
            "1.",
            ".5",
            "01",
            "+1",
            " 1",
            "1\n",
            "1.0000000001",
            "9223372036.854775808",
            "99999999999",
            "NaN",
            "1,5",
            "१",
        )
    ),
    *(
        (types.OTime, value)
        for value in (
            -1,
            2**32,
            True,
            1.0,
            "1779314594",
            "2026-05-20T22:03:14",
            "2026-05-20 22:03:14Z",
            "2026-05-20T22:03:14.001Z",
            "2026-02-30T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2106-02-07T06:28:16Z",
            "2026-05-20T22:03:60Z",
            "2026-W01-1",
            "2026-05-20T22:03:14Z\n",
        )
    ),
    *(
        (types.DateTime, value)
        for value in (
            0,
            "2026-05-20T22:03:14",
            "2026-05-20",
            "2026-05-20T22:03:14.1234567Z",
            "0001-01-01T00:00:00+23:00",
        )
    ),
    *((types.Date, value) for value in (0, "2026-02-29", "20260520", "2026-05-20T00:00:00Z", "2026-5-2")),
    *(
        (types.Duration, value)
        for value in (1, "P", "PT", "P1Y", "P1M", "P1W", "1:00", "P1D ", "PT1.1234567S", "P999999999999D")
    ),
    *((types.Decimal, value) for value in (1, 1.5, "1e5", "NaN", "Infinity", "", ".5", "1" * 39, True)),
    *((types.Bytes, value) for value in (1, "AAE", "AA=C", "é", "A AE", [0])),
    *((types.Sid, value) for value in ("abc", "a" * 27, "ab-cd", "abcd\n", 1234, "")),
    *((types.I64, value) for value in ("5", True, 1.0, 2**63, None)),
    (types.U8, -1),
    (types.U8, 256),
    (types.U64, 2**64),
    *((types.F64, value) for value in ("1", True, None)),
    (types.F32, 3.5e38),
    *((types.Bool, value) for value in (0, 1, "true", None)),
]


@pytest.mark.parametrize(("kind", "wire", "value", "written"), READ)
def test_reads_and_writes(kind: Any, wire: Any, value: Any, written: str) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_json(json.dumps(wire)) == value
    assert adapter.validate_python(wire) == value
    assert adapter.validate_python(value) == value
    assert adapter.dump_json(value).decode() == written
    assert adapter.validate_json(written) == value


@pytest.mark.parametrize(("kind", "wire"), REFUSED)
def test_refuses(kind: Any, wire: Any) -> None:
    adapter = TypeAdapter(kind)
    with pytest.raises(ValidationError):
        adapter.validate_json(json.dumps(wire))
    with pytest.raises(ValidationError):
        adapter.validate_python(wire)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (types.Money, 5),
        (types.Money, Money(2**63)),
        (types.OTime, datetime(2026, 1, 1)),
        (types.Decimal, Decimal("NaN")),
        (types.OTime, MOMENT.replace(microsecond=1)),
        (types.Date, MOMENT),
        (types.DateTime, datetime(2026, 1, 1)),
    ],
)
def test_python_values_are_checked_too(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_other_zones_become_utc() -> None:
    there = datetime(2026, 5, 21, 0, 3, 14, tzinfo=timezone(timedelta(hours=2)))
    read = TypeAdapter(types.OTime).validate_python(there)
    assert read == MOMENT
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_floats_are_finite(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(types.F64).validate_json(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_money_text_is_exact(nano: int) -> None:
    text = str(Money(nano))
    assert Money.parse(text) == nano
    assert len(text.partition(".")[2]) >= 2
    assert TypeAdapter(Money).dump_json(Money(nano)) == f'"{text}"'.encode()


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.integers(-100, 100))
def test_money_reckons_as_integers_do(first: int, second: int, times: int) -> None:
    one, other = Money(first), Money(second)
    for result, expected in (
        (one + other, first + second),
        (one - other, first - second),
        (-one, -first),
        (one * times, first * times),
        (times * one, first * times),
        (abs(one), abs(first)),
        (sum([one, other]), first + second),
    ):
        assert type(result) is Money
        assert int(result) == expected
    assert one.cents == first // 10_000_000


def test_money_and_floats_do_not_meet_in_sums() -> None:
    with pytest.raises(TypeError):
        Money(1) + 0.5


def test_bounds_and_patterns() -> None:
    price = TypeAdapter(Annotated[types.Money, Bounds("0.50", "2")])
    assert price.validate_json('"2.00"') == Money.from_cents(200)
    for wrong in ('"0.49"', '"2.01"'):
        with pytest.raises(ValidationError, match="Input should be"):
            price.validate_json(wrong)
    word = TypeAdapter(Annotated[str, Matches(r"(?!x)\w+")])
    assert word.validate_python("abc") == "abc"
    for wrong in ("xbc", "é", "abc\n", ""):
        with pytest.raises(ValidationError, match="match pattern"):
            word.validate_python(wrong)


def test_integer_keys_are_text_in_json() -> None:
    adapter = TypeAdapter(dict[Annotated[types.U8, types.AsKey], bool])
    assert adapter.validate_json('{"5": true}') == adapter.validate_python({"5": True}) == {5: True}
    for wrong in ('{"05": true}', '{"256": true}', '{"x": true}', '{"1.0": true}'):
        with pytest.raises(ValidationError):
            adapter.validate_json(wrong)


def test_types_behind_aliases_do_not_disturb_one_another() -> None:
    """pydantic writes into the core schemas of aliased types, so none may be shared."""
    for kind in (types.Money, types.OTime, types.Duration, types.Decimal, types.Bytes):
        first: Any = TypeAliasType("first", kind)
        second: Any = TypeAliasType("second", kind)
        adapters: list[TypeAdapter[Any]] = [TypeAdapter(dict[str, first]), TypeAdapter(list[second]), TypeAdapter(kind)]
        for adapter in adapters:
            assert adapter.core_schema
            with pytest.raises(ValidationError):
                adapter.validate_json("true")


def test_sids_rise_and_are_sids() -> None:
    made = [new_sid() for _ in range(5000)]
    assert made == sorted(set(made))
    for sid in made[::1000]:
        assert len(TypeAdapter(types.Sid).validate_python(sid)) == 26


def test_sensitive_fields_are_redacted_in_repr() -> None:
    from pydantic import Field

    class Key(Struct):
        name: str
        secret: Annotated[str, Field(json_schema_extra={"x-sensitive": True})]

    key = Key(name="a", secret="hidden")
    assert repr(key) == "Key(name='a', secret='***')"
    assert "hidden" not in str(key)
    assert json.loads(key.model_dump_json())["secret"] == "hidden"


@pytest.mark.parametrize("kind", [types.OTime, types.DateTime])
@pytest.mark.parametrize("value", ["2026-05-20T22:03:14", "2026-05-20 22:03", datetime(2026, 5, 20)])
def test_a_missing_zone_is_named(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError, match="no time zone: end it with Z"):
        TypeAdapter(kind).validate_python(value)


def test_sids_go_on_behind_one_of_a_later_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_sid()
    later = "7" + made[1:]
    monkeypatch.setattr(sids, "_last", sids._last)
    not_before(later)
    assert made < later < new_sid() < new_sid()
    not_before(made)
    assert later < new_sid()
    for other in ("", "given", "Z" * 25, "Z" * 27, "U" * 26, "z" * 26):
        not_before(other)
    assert new_sid() < "Z" * 25
