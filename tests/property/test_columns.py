"""Stored values are exact, sort as the values do, and are equal where the values are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.values.columns import (
    DECIMAL_PLACES,
    DECODERS,
    ENCODERS,
    canonical_decimal,
    decode_decimal,
    encode_decimal,
)

DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=9),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, tuple(digits), exponent)),
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=40),
        st.integers(-900, 900),
    ),
)


@given(DECIMALS)
def test_a_decimal_comes_back_exact(value: Decimal) -> None:
    back = decode_decimal(encode_decimal(value))
    assert back == value
    assert back.as_tuple() == canonical_decimal(value).as_tuple()
    assert "E" not in f"{back:f}"


@given(DECIMALS, DECIMALS)
def test_decimals_sort_by_bytes_as_by_value(one: Decimal, two: Decimal) -> None:
    first, second = encode_decimal(one).encode(), encode_decimal(two).encode()
    assert (first < second) == (one < two)
    assert (first == second) == (one == two)


@given(DECIMALS, st.integers(0, 60))
def test_trailing_zeros_do_not_matter(value: Decimal, zeros: int) -> None:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    padded = Decimal((sign, digits + (0,) * zeros, exponent - zeros))
    assert encode_decimal(padded) == encode_decimal(value)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("12.5", ">5001125"),
        ("12.50", ">5001125"),
        ("-12.5", "<4998874~"),
        ("0", "="),
        ("-0.000", "="),
        ("1E+2", ">50021"),
        ("0.07", ">49987"),
    ],
)
def test_the_form_of_a_stored_decimal(text: str, stored: str) -> None:
    assert encode_decimal(Decimal(text)) == stored


@pytest.mark.parametrize("text", ["NaN", "Infinity", f"1E+{DECIMAL_PLACES}", f"1E-{DECIMAL_PLACES + 1}", "1E+999999"])
def test_what_cannot_be_stored_exactly_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        encode_decimal(Decimal(text))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_u64_is_exact_and_ordered_on_sqlite(one: int, two: int) -> None:
    encode, decode = ENCODERS["sqlite"]["u64"], DECODERS["sqlite"]["u64"]
    assert decode(encode(one)) == one
    assert (encode(one) < encode(two)) == (one < two)


@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas())
def test_times_keep_their_microseconds(moment: datetime, span: timedelta) -> None:
    for dialect in ("sqlite", "postgresql"):
        encode, decode = ENCODERS[dialect], DECODERS[dialect]
        assert decode["datetime"](encode["datetime"](moment)) == moment
        assert decode["duration"](encode["duration"](span)) == span
        assert decode["otime"](encode["otime"](moment)) == moment.replace(microsecond=0)
