"""The value types of oschema as pydantic sees them: exact on the wire, and the same from JSON and from Python values.

Nothing is coerced: a JSON string is no number, `true` is no integer, a number is no amount of money. What travels as a
JSON string (money, times, decimal, bytes) may be given as that string or as the Python value itself.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as PythonDecimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, PydanticCustomError, PydanticUseDefault, SchemaValidator, core_schema

from codegen.runtime.clock import SystemClock

NANO = 10**9
"""Nano-units in a unit of money."""

NO_CURRENCY = "XXX"
"""ISO 4217's code where no money is spoken of, or in none that has a code there."""

MONEY_PATTERN = r"^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?$"
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,37})(\.[0-9]{1,38})?$"
OTIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.0{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
DATETIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DURATION_PATTERN = (
    r"^-?P(?=[0-9T])([0-9]{1,9}D)?(T(?=[0-9])([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}(\.[0-9]{1,6})?S)?)?$"
)
SID_PATTERN = r"^[0-9A-Za-z]{4,26}$"
BASE64_PATTERN = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

_money = re.compile(MONEY_PATTERN).fullmatch
_decimal = re.compile(DECIMAL_PATTERN).fullmatch
_otime = re.compile(OTIME_PATTERN).fullmatch
_datetime = re.compile(DATETIME_PATTERN).fullmatch
_date = re.compile(DATE_PATTERN).fullmatch
_duration = re.compile(DURATION_PATTERN).fullmatch
_integer = re.compile(r"^(0|-?[1-9][0-9]*)$").fullmatch

_I64_MIN, _I64_MAX = -(2**63), 2**63 - 1
_OTIME_MAX = 2**32 - 1  # 2106-02-07T06:28:15Z
_OTIME_LAST = datetime.fromtimestamp(_OTIME_MAX, UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_no_offset = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?").fullmatch


# --- money ------------------------------------------------------------------------------------------------------


class Money(int):
    """An amount of nano-units (10⁻⁹ of a unit) in 64 bits; its text and JSON are the decimal amount in units.

    The text is exact and has no exponent; it has as few decimals as the amount needs, but never less than two:
    `Money(1_500_000_000)` is `"1.50"`. Sums, differences and whole multiples are money again; anything that could
    round (`/`, floats) gives a plain number, and where to round is for the caller to say.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Money:
        """From decimal text in units (`"12.345678901"`); raises ValueError for anything else."""
        if len(text) > 21 or _money(text) is None:
            raise ValueError(f"not an amount of money: {text!r}")
        whole, _, fraction = text.partition(".")
        nano = int(whole + fraction.ljust(9, "0"))
        if not _I64_MIN <= nano <= _I64_MAX:
            raise ValueError(f"amount out of range: {text}")
        return cls(nano)

    @classmethod
    def from_cents(cls, cents: int) -> Money:
        """1 cent is 10 000 000 nano-units."""
        return cls(cents * 10_000_000)

    @property
    def cents(self) -> int:
        """Whole cents, rounded down."""
        return int(self) // 10_000_000

    def __str__(self) -> str:
        return money_text(self)

    def __repr__(self) -> str:
        return f"Money({money_text(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(money_text(self), spec)

    def __add__(self, other: int) -> Money:
        return Money(int.__add__(self, other))

    __radd__ = __add__

    def __sub__(self, other: int) -> Money:
        return Money(int.__sub__(self, other))

    def __rsub__(self, other: int) -> Money:
        return Money(int.__rsub__(self, other))

    def __mul__(self, other: int) -> Money:
        product = int.__mul__(self, other)
        return product if product is NotImplemented else Money(product)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(int.__neg__(self))

    def __abs__(self) -> Money:
        return Money(int.__abs__(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # A new one each time: pydantic writes into the schemas it is given.
        return core_schema.no_info_plain_validator_function(
            _to_money,
            serialization=core_schema.plain_serializer_function_ser_schema(
                money_text, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": MONEY_PATTERN}


def money_text(nano: int) -> str:
    """Nano-units as exact decimal text in units, with two to nine decimals."""
    digits = int.__repr__(nano).zfill(11 if nano < 0 else 10)
    return f"{digits[:-9]}.{digits[-9:-7]}{digits[-7:].rstrip('0')}"


def _to_money(value: Any) -> Money:
    if type(value) is str:
        try:
            return Money.parse(value)
        except ValueError:
            pass
    elif isinstance(value, Money) and _I64_MIN <= value <= _I64_MAX:
        return value
    raise PydanticCustomError(
        "money", 'Input should be an amount as decimal text, for example "12.50", with at most 9 decimals'
    )


# --- times ------------------------------------------------------------------------------------------------------


def parse_otime(value: Any) -> datetime:
    """From text, an epoch in seconds, or a time with its offset; raises pydantic's error, as all `parse_*` do."""
    kind = type(value)
    try:
        if kind is str:
            if _otime(value) is not None:
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is not UTC:
                    moment = moment.astimezone(UTC)
                if _EPOCH <= moment <= _OTIME_LAST:
                    return moment
        elif kind is int:
            if 0 <= value <= _OTIME_MAX:
                return datetime.fromtimestamp(value, UTC)
        elif isinstance(value, datetime) and value.tzinfo is not None and not value.microsecond:
            moment = value.astimezone(UTC)
            if _EPOCH <= moment <= _OTIME_LAST:
                return moment
    except (ValueError, OverflowError):
        pass
    _demand_offset("otime", value)
    raise PydanticCustomError(
        "otime", 'Input should be a time in whole seconds, 1970 to 2106, for example "2026-05-20T22:03:14Z"'
    )


def _demand_offset(kind: Literal["otime", "datetime"], value: Any) -> None:
    """Say what is missing where it is only the zone."""
    missing = _no_offset(value) if type(value) is str else isinstance(value, datetime) and value.tzinfo is None
    if missing:
        raise PydanticCustomError(kind, "Input has no time zone: end it with Z, or with an offset such as +02:00")


def parse_datetime(value: Any) -> datetime:
    try:
        if type(value) is str:
            if _datetime(value) is not None:
                return datetime.fromisoformat(value).astimezone(UTC)
        elif isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    _demand_offset("datetime", value)
    raise PydanticCustomError(
        "datetime", 'Input should be a time with its offset, for example "2026-05-20T22:03:14.123456Z"'
    )


def parse_date(value: Any) -> date:
    if type(value) is str:
        if _date(value) is not None:
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("date", 'Input should be a date, for example "2026-05-20"')


_read_duration = SchemaValidator(core_schema.timedelta_schema()).validate_python


def parse_duration(value: Any) -> timedelta:
    if type(value) is str:
        if _duration(value) is not None:
            try:
                return _read_duration(value)  # type: ignore[no-any-return]
            except ValueError:
                pass
    elif isinstance(value, timedelta):
        return value
    raise PydanticCustomError("duration", 'Input should be an ISO 8601 duration, for example "P1DT2H30M"')


def duration_text(value: timedelta) -> str:
    """ISO 8601 in days, hours, minutes and seconds: `P1DT2H30M`, `-PT0.5S`, `PT0S`."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction or not (days or time):
        time += f"{seconds}{fraction}S"
    return f"{sign}P{days}{'T' if time else ''}{time}"


# --- decimal, bytes ---------------------------------------------------------------------------------------------


def _to_decimal(value: Any) -> PythonDecimal:
    if type(value) is str:
        if _decimal(value) is not None:
            return PythonDecimal(value)
    elif isinstance(value, PythonDecimal) and value.is_finite() and _decimal(decimal_text(value)) is not None:
        return value
    raise PydanticCustomError(
        "decimal",
        'Input should be a number as decimal text, for example "1.25", with at most 38 digits before and '
        "38 after the point",
    )


def decimal_text(value: PythonDecimal) -> str:
    """Exact text without an exponent; trailing zeros are kept as given, a negative zero is written without its sign."""
    return format(value if value else abs(value), "f")


def parse_bytes(value: Any) -> bytes:
    if type(value) is str:
        try:
            return b64decode(value, validate=True)
        except (BinasciiError, ValueError):
            pass
    elif isinstance(value, bytes):
        return value
    raise PydanticCustomError("bytes", "Input should be bytes as base64 text")


def base64_text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


# --- parameters -------------------------------------------------------------------------------------------------


def _to_default(value: Any) -> Any:
    if value is None:
        raise PydanticUseDefault
    return value


NullIsAbsent = BeforeValidator(_to_default)
"""Of a parameter that may be left out: null stands for its default."""


# --- what models are made of ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Value:
    """Annotation that reads a value with `read` and writes it as `schema` does, or as `write` says."""

    read: Callable[[Any], Any]
    schema: CoreSchema
    json_schema: tuple[tuple[str, str], ...]
    write: Callable[[Any], str] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        serialization: Any = None
        if self.write is not None:
            serialization = core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            )
        return core_schema.no_info_before_validator_function(self.read, copy(self.schema), serialization=serialization)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", **dict(self.json_schema)}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive bounds of money, times and decimals, given in the form they have in JSON."""

    at_least: str | None = None
    at_most: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        read = SchemaValidator(schema).validate_python
        low = read(self.at_least) if self.at_least is not None else None
        high = read(self.at_most) if self.at_most is not None else None

        def check(value: Any) -> Any:
            if low is not None and value < low:
                raise PydanticCustomError(
                    "greater_than_equal", "Input should be greater than or equal to {ge}", {"ge": self.at_least}
                )
            if high is not None and value > high:
                raise PydanticCustomError(
                    "less_than_equal", "Input should be less than or equal to {le}", {"le": self.at_most}
                )
            return value

        return core_schema.no_info_after_validator_function(check, schema)


def _to_key(value: Any) -> Any:
    return int(value) if type(value) is str and _integer(value) is not None and len(value) <= 21 else value


AsKey = BeforeValidator(_to_key)
"""Makes an integer type that of a map's keys, which are texts in JSON objects."""


Bool = Annotated[bool, Strict()]
I8 = Annotated[int, Field(strict=True, ge=-(2**7), le=2**7 - 1)]
I16 = Annotated[int, Field(strict=True, ge=-(2**15), le=2**15 - 1)]
I32 = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
I64 = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
U8 = Annotated[int, Field(strict=True, ge=0, le=2**8 - 1)]
U16 = Annotated[int, Field(strict=True, ge=0, le=2**16 - 1)]
U32 = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)]
U64 = Annotated[int, Field(strict=True, ge=0, le=2**64 - 1)]
F32 = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-3.4028234663852886e38, le=3.4028234663852886e38)]
F64 = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Decimal = Annotated[
    PythonDecimal,
    _Value(_to_decimal, core_schema.is_instance_schema(PythonDecimal), (("pattern", DECIMAL_PATTERN),), decimal_text),
]
Bytes = Annotated[
    bytes, _Value(parse_bytes, core_schema.bytes_schema(strict=True), (("contentEncoding", "base64"),), base64_text)
]
OTime = Annotated[
    datetime,
    _Value(
        parse_otime, core_schema.datetime_schema(strict=True), (("format", "date-time"), ("pattern", OTIME_PATTERN))
    ),
]
"""UTC, whole seconds, 1970 to 2106; other offsets are converted, an epoch in seconds is accepted."""
DateTime = Annotated[
    datetime, _Value(parse_datetime, core_schema.datetime_schema(strict=True), (("format", "date-time"),))
]
"""UTC, microseconds; other offsets are converted."""
Date = Annotated[date, _Value(parse_date, core_schema.date_schema(strict=True), (("format", "date"),))]
Duration = Annotated[
    timedelta,
    _Value(parse_duration, core_schema.timedelta_schema(strict=True), (("format", "duration"),), duration_text),
]
"""Days and smaller: years and months have no fixed length and are refused."""
Uuid = UUID
Sid = Annotated[str, Field(strict=True, pattern=SID_PATTERN)]
"""Identifier of a root object; new ones (`codegen.runtime.values.sid.new_sid`) are ULIDs."""


# --- defaults that are not known before a value is made ---------------------------------------------------------

_clock = SystemClock()


def otime_now() -> datetime:
    """The current second, in UTC."""
    return _clock.now().replace(microsecond=0)


def datetime_now() -> datetime:
    """The current moment, in UTC."""
    return _clock.now()


def date_now() -> date:
    """Today, in UTC."""
    return _clock.now().date()
