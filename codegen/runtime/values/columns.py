"""How each kind of column keeps its values on SQLite and on PostgreSQL: the one place that says so.

| kind | SQLite | PostgreSQL | stored value |
|---|---|---|---|
| `bool` | INTEGER | BOOLEAN | 0 or 1; a boolean |
| `text`, `enum_closed`, `enum_open` | TEXT | TEXT COLLATE "C" | itself; closed enums with a CHECK |
| `sid`, `ref` | TEXT | VARCHAR(26) COLLATE "C" | itself |
| `blob` | BLOB | BYTEA | itself |
| `i8` `i16` `i32` `u8` `u16` | INTEGER | INTEGER | itself, with a CHECK of the range |
| `u32` `i64` | INTEGER | BIGINT | itself, with a CHECK of the range |
| `u64` | TEXT | NUMERIC(20, 0) | SQLite: 20 decimal digits, so that text order is the order of numbers |
| `double` | REAL | DOUBLE PRECISION | itself |
| `decimal` | TEXT | NUMERIC | SQLite: the text of `encode_decimal`; both: no trailing zeros |
| `money` | INTEGER | BIGINT | nano-units (10⁻⁹ of the currency) |
| `otime` | INTEGER | BIGINT | seconds since 1970-01-01T00:00:00Z |
| `datetime` | INTEGER | BIGINT | microseconds since 1970-01-01T00:00:00Z |
| `duration` | INTEGER | BIGINT | microseconds |
| `date` | TEXT | DATE | SQLite: `YYYY-MM-DD` |
| `uuid` | TEXT | UUID | SQLite: 36 lower-case characters |
| `json` | TEXT | JSON | the JSON text, byte for byte (JSONB would reorder keys) |

Every kind but `json` compares and sorts the same on both databases. `ENCODERS[dialect]` and `DECODERS[dialect]` hold a
function for the kinds whose stored value differs from the Python one; those without an entry pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

Dialect = Literal["sqlite", "postgresql"]
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql")
INDEX_BYTES = 2600
"""So many bytes fit into an index of either database; PostgreSQL refuses more than about 2700."""

Kind = Literal[
    "bool",
    "text",
    "blob",
    "i8",
    "i16",
    "i32",
    "i64",
    "u8",
    "u16",
    "u32",
    "u64",
    "double",
    "decimal",
    "money",
    "otime",
    "datetime",
    "date",
    "duration",
    "uuid",
    "sid",
    "ref",
    "json",
    "enum_closed",
    "enum_open",
]

DECIMAL_PLACES = 1000
"""A stored decimal has at most this many digits before its point, and as many after it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BIAS = 5000
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def canonical_decimal(value: Decimal) -> Decimal:
    """The same number without exponent and without zeros after its last digit (`1.50` → `1.5`, `1E+2` → `100`).

    Raises ValueError for what is not finite, or has more than `DECIMAL_PLACES` digits before or after the point.
    """
    sign, digits, exponent = _parts(value)
    if exponent > 0:
        digits, exponent = digits + (0,) * exponent, 0
    return Decimal((sign, digits, exponent))


def encode_decimal(value: Decimal) -> str:
    """Text that sorts (by bytes) as the numbers do; equal numbers give equal text.

    `<`, `=` or `>` says below, at or above zero; then four digits of the decimal exponent (biased by 5000), then the
    digits without trailing zeros: 12.5 is `>5001125`. Below zero all digits are taken from nine and `~` ends them, so
    that larger magnitudes sort first: -12.5 is `<4998874~`.
    """
    if not value:
        return "="
    written = str(value)
    if written.isdecimal() and len(written) <= DECIMAL_PLACES:  # PERF: most quantities; half of the time of the below
        return f">{len(written) - 1 + _BIAS}{written.rstrip('0')}"
    if written.startswith("0.") and len(written) <= DECIMAL_PLACES:  # PERF: most prices; a third of the below
        digits = written[2:].lstrip("0")
        return f">{len(digits) - len(written) + 1 + _BIAS}{digits.rstrip('0')}"
    negative = written[0] == "-"
    whole, _, fraction = (written[1:] if negative else written).partition(".")
    # PERF: a number as people write it is taken apart as text, in a third of the time that its digits take.
    if len(written) <= DECIMAL_PLACES and (whole + fraction).isdecimal():
        if whole := whole.lstrip("0"):
            exponent, digits = len(whole) - 1, (whole + fraction).rstrip("0")
        else:
            digits = fraction.lstrip("0")
            exponent, digits = len(digits) - len(fraction) - 1, digits.rstrip("0")
        text = f"{exponent + _BIAS}{digits}"
    else:
        sign, parts, last = _parts(value)
        text, negative = f"{last + len(parts) - 1 + _BIAS}{''.join(map(str, parts))}", bool(sign)
    return f"<{text.translate(_COMPLEMENT)}~" if negative else f">{text}"


def decode_decimal(text: str) -> Decimal:
    """The number, in canonical form."""
    if text == "=":
        return Decimal(0)
    negative = text.startswith("<")
    body = text[1:-1].translate(_COMPLEMENT) if negative else text[1:]
    digits = body[4:]
    exponent = int(body[:4]) - _BIAS - len(digits) + 1
    if exponent > 0:
        digits, exponent = digits + "0" * exponent, 0
    return Decimal((int(negative), tuple(map(int, digits)), exponent))


def _parts(value: Decimal) -> tuple[int, tuple[int, ...], int]:
    """Sign, digits without trailing zeros, exponent; zero is (0, (0,), 0)."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"a decimal must be finite, not {value}")
    end = len(digits)
    while end and not digits[end - 1]:
        end -= 1
    if not end:
        return 0, (0,), 0
    start = next(place for place, digit in enumerate(digits) if digit)
    exponent += len(digits) - end
    if exponent < -DECIMAL_PLACES or exponent + end - start > DECIMAL_PLACES:
        raise ValueError(f"a decimal has at most {DECIMAL_PLACES} digits before and after its point")
    return sign, digits[start:end], exponent


def encode_u64(value: int) -> str:
    return str(value).zfill(20)


def encode_otime(value: datetime) -> int:
    """Whole seconds, rounded down."""
    since = value - _EPOCH
    return since.days * 86_400 + since.seconds  # PERF: a quarter of the time of a division


def decode_otime(value: int) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def encode_datetime(value: datetime) -> int:
    return (value - _EPOCH) // _MICROSECOND


def decode_datetime(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def encode_duration(value: timedelta) -> int:
    return value // _MICROSECOND


def decode_duration(value: int) -> timedelta:
    return timedelta(microseconds=value)


Codec = Callable[[Any], Any]

_TIME_ENCODERS: Mapping[Kind, Codec] = {
    "money": int,
    "otime": encode_otime,
    "datetime": encode_datetime,
    "duration": encode_duration,
}
_TIME_DECODERS: Mapping[Kind, Codec] = {"otime": decode_otime, "datetime": decode_datetime, "duration": decode_duration}

ENCODERS: Mapping[Dialect, Mapping[Kind, Codec]] = {
    "sqlite": {**_TIME_ENCODERS, "u64": encode_u64, "decimal": encode_decimal, "date": date.isoformat, "uuid": str},
    "postgresql": {**_TIME_ENCODERS, "decimal": canonical_decimal},
}
"""Python value → stored value. Enums are stored as their value, a `str`; `json` is given as text already."""

DECODERS: Mapping[Dialect, Mapping[Kind, Codec]] = {
    "sqlite": {
        **_TIME_DECODERS,
        "bool": bool,
        "u64": int,
        "decimal": decode_decimal,
        "date": date.fromisoformat,
        "uuid": UUID,
    },
    "postgresql": {**_TIME_DECODERS, "u64": int, "blob": bytes},
}
"""Stored value → Python value. Money comes back as an `int` of nano-units, `json` as what the driver gives."""
