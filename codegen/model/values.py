"""Values of the primitives: whether a written value is one, and how two of them compare."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any
from uuid import UUID

from codegen.model.model import INTEGER_BOUNDS

NANO = Decimal(10) ** -9
MONEY_LIMIT = Decimal(2**63 - 1) * NANO
"""Money is an int64 of nano-units: at most ±9 223 372 036.854775807."""
F32_LIMIT = 3.4028234663852886e38
SID = re.compile(r"[0-9A-Za-z]{4,26}", re.ASCII)
TIMES = frozenset({"otime", "datetime", "date"})

_DECIMAL = re.compile(r"-?\d{1,400}(\.\d{1,400})?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"-?P(?=\d|T\d)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{1,6})?S)?)?", re.ASCII)
_OTIME_END = 2**32 - 1


class BadValue(ValueError):
    """The text says why a value is none of its type."""


def _integer(name: str) -> Callable[[Any], Any]:
    low, high = INTEGER_BOUNDS[name]

    def parse(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadValue("it is no whole number")
        if not low <= value <= high:
            raise BadValue(f"{name} holds {low} to {high}")
        return value

    return parse


def _float(limit: float) -> Callable[[Any], Any]:
    def parse(value: Any) -> int | float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise BadValue("it is no number")
        if (isinstance(value, float) and not isfinite(value)) or abs(value) > limit:
            raise BadValue("it is too large")
        return value

    return parse


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadValue("it is no whole number or string")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise BadValue('it is not written like "-12.345"')
    try:
        return Decimal(value)
    except (InvalidOperation, ValueError) as error:
        raise BadValue("it is no decimal number") from error


def _money(value: Any) -> Decimal:
    amount = _decimal(value)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -9:
        raise BadValue("money has at most 9 decimals")
    if abs(amount) > MONEY_LIMIT:
        raise BadValue(f"money holds ±{MONEY_LIMIT}")
    return amount


def _datetime(value: Any) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise BadValue('it is not written like "2026-05-20T22:03:14Z"')
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadValue("there is no such time") from error


def _otime(value: Any) -> datetime:
    moment = _datetime(value)
    if moment.microsecond:
        raise BadValue("otime holds whole seconds")
    if not 0 <= moment.timestamp() <= _OTIME_END:
        raise BadValue("otime holds the years 1970 to 2106")
    return moment


def _date(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise BadValue('it is not written like "2026-05-20"')
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadValue("there is no such day") from error


def _duration(value: Any) -> str:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise BadValue('it is not written like "P1DT2H30M"')
    return value


def _uuid(value: Any) -> UUID:
    try:
        if isinstance(value, str) and len(value) == 36:
            return UUID(value)
    except ValueError:
        pass
    raise BadValue("it is not written like a UUID, 8-4-4-4-12 hexadecimal digits")


def _sid(value: Any) -> str:
    if not isinstance(value, str) or not SID.fullmatch(value):
        raise BadValue("a sid is 4 to 26 letters and digits")
    return value


def _bytes(value: Any) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise BadValue("it is no base64 string")


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("it is neither true nor false")
    return value


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("it is no string")
    return value


_PARSERS: dict[str, Callable[[Any], Any]] = {
    **{name: _integer(name) for name in INTEGER_BOUNDS},
    "bool": _bool,
    "str": _str,
    "bytes": _bytes,
    "f32": _float(F32_LIMIT),
    "f64": _float(1.7976931348623157e308),
    "decimal": _decimal,
    "money": _money,
    "otime": _otime,
    "datetime": _datetime,
    "date": _date,
    "duration": _duration,
    "uuid": _uuid,
    "sid": _sid,
    "json": lambda value: value,
}

COMPARABLE = frozenset({*INTEGER_BOUNDS, "f32", "f64", "decimal", "money", *TIMES})
"""Primitives that `@min` and `@max` fit."""


def parse(primitive: str, value: Any) -> Any:
    """The JSON value as a value of the primitive; of comparable ones it compares. Raises `BadValue`."""
    return _PARSERS[primitive](value)
