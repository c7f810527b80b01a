"""Hypothesis strategies for the value types of oschema; generated strategies are made of these.

Texts hold no NUL, which PostgreSQL cannot store; lists and maps are short; each bound is inclusive and may be left out.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from hypothesis import strategies as st

from codegen.runtime.values.pattern import read_pattern
from codegen.runtime.values.types import (
    NANO,
    SID_PATTERN,
    Money,
    parse_date,
    parse_datetime,
    parse_duration,
    parse_otime,
)

_FIRST, _LAST = parse_otime(0), parse_otime(2**32 - 1)
_MICROSECOND = timedelta(microseconds=1)


def texts(min_length: int = 0, max_length: int | None = None, *patterns: str) -> st.SearchStrategy[str]:
    """Texts that match each pattern as a whole."""
    if not patterns:
        size = max_length if max_length is not None else max(min_length, 40)
        return st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=min_length, max_size=size)
    read = [read_pattern(pattern) for pattern in patterns]

    def fits(text: str) -> bool:
        return (
            min_length <= len(text) <= (len(text) if max_length is None else max_length)
            and "\0" not in text
            and all(pattern.fullmatch(text) for pattern in read)
        )

    return st.from_regex(re.compile(read[0].portable, re.ASCII), fullmatch=True).filter(fits)


def sids() -> st.SearchStrategy[str]:
    return st.from_regex(re.compile(SID_PATTERN), fullmatch=True)


def floats(
    low: float | None = None, high: float | None = None, *, width: Literal[32, 64] = 64
) -> st.SearchStrategy[float]:
    """Finite numbers; those of 32 bits are exact in 32 bits."""
    return st.floats(low, high, allow_nan=False, allow_infinity=False, width=width)


def decimals(low: str | None = None, high: str | None = None) -> st.SearchStrategy[Decimal]:
    """Up to 12 digits before the point where no bound says otherwise, and up to 9 after it."""
    return st.decimals(
        Decimal(low or "-999999999999"),
        Decimal(high or "999999999999"),
        allow_nan=False,
        allow_infinity=False,
        places=9,
    ).map(lambda number: number or Decimal(0))


def money(low: str | None = None, high: str | None = None) -> st.SearchStrategy[Money]:
    """Amounts up to a million units where no bound says otherwise, whole cents as often as not."""
    first = Money.parse(low) if low else -1_000_000 * NANO
    last = Money.parse(high) if high else max(first, 0) + 1_000_000 * NANO
    nano = st.integers(first, last).map(Money)
    cents = st.integers(-(-first // 10_000_000), last // 10_000_000).map(Money.from_cents)
    return nano | cents if -(-first // 10_000_000) <= last // 10_000_000 else nano


def otimes(low: str | None = None, high: str | None = None) -> st.SearchStrategy[datetime]:
    first = parse_otime(low) if low else _FIRST
    last = parse_otime(high) if high else _LAST
    return st.integers(int(first.timestamp()), int(last.timestamp())).map(parse_otime)


def datetimes(low: str | None = None, high: str | None = None) -> st.SearchStrategy[datetime]:
    first = parse_datetime(low) if low else datetime(1970, 1, 1, tzinfo=UTC)
    last = parse_datetime(high) if high else datetime(2105, 12, 31, tzinfo=UTC)
    return st.integers(0, (last - first) // _MICROSECOND).map(lambda count: first + count * _MICROSECOND)


def dates(low: str | None = None, high: str | None = None) -> st.SearchStrategy[date]:
    return st.dates(parse_date(low) if low else date(1, 1, 1), parse_date(high) if high else date(9999, 12, 31))


def durations(low: str | None = None, high: str | None = None) -> st.SearchStrategy[timedelta]:
    return st.timedeltas(
        parse_duration(low) if low else timedelta(days=-36500), parse_duration(high) if high else timedelta(days=36500)
    )


def json_values() -> st.SearchStrategy[Any]:
    """Anything JSON can hold."""
    scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | floats() | texts(0, 20)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(0, 10), inner, max_size=3),
        max_leaves=5,
    )
