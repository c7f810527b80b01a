"""Write names and values as SQL text of either database."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from codegen.model.model import Json
from codegen.runtime.values.columns import ENCODERS, Dialect, Kind

NANO = Decimal(10**9)


def name(identifier: str) -> str:
    """An identifier in quotes, so that no keyword of either database is in the way."""
    return f'"{identifier}"'


def names(identifiers: tuple[str, ...]) -> str:
    return ", ".join(name(identifier) for identifier in identifiers)


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def rows(table: str, where: str = "", columns: tuple[str, ...] = ("sid",)) -> str:
    """A query for rows: their sids, or other columns."""
    return f"SELECT {names(columns)} FROM {name(table)} {where}".strip()  # noqa: S608 - text for a file, made of quoted names


def count(table: str, where: str = "") -> str:
    """A query for the number of rows."""
    return f"SELECT count(*) FROM {name(table)} {where}".strip()  # noqa: S608 - made of quoted names


def distinct(table: str, column: str) -> str:
    """A query for the values of a column that are not NULL, each once."""
    return f"SELECT DISTINCT {name(column)} FROM {name(table)} WHERE {name(column)} IS NOT NULL"  # noqa: S608 - as above


def fill(table: str, column: str, value: str) -> str:
    """Give a value to the rows that have none."""
    return f"UPDATE {name(table)} SET {name(column)} = {value} WHERE {name(column)} IS NULL"  # noqa: S608


def literal(kind: Kind, value: Json, dialect: Dialect) -> str:
    """The stored form of a default or a bound, given as the schema's JSON form of it."""
    if value is None:
        return "NULL"
    python = _PARSERS.get(kind, _as_is)(value)
    stored = ENCODERS[dialect].get(kind, _as_is)(python)
    if isinstance(stored, bool):
        return str(stored).upper() if dialect == "postgresql" else str(int(stored))
    if isinstance(stored, bytes):
        return f"X'{stored.hex()}'" if dialect == "sqlite" else f"'\\x{stored.hex()}'"
    if isinstance(stored, Decimal):
        return f"{stored:f}"
    if isinstance(stored, int | float):
        return repr(stored)
    return text(str(stored))


def now(kind: Kind, dialect: Dialect) -> str:
    """The expression for the time at which a migration runs, as this kind of time keeps it."""
    return _NOW[dialect, kind]


_NOW: Mapping[tuple[Dialect, Kind], str] = {
    ("sqlite", "otime"): "CAST(strftime('%s', 'now') AS INTEGER)",
    ("sqlite", "datetime"): "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
    ("sqlite", "date"): "date('now')",
    ("postgresql", "otime"): "floor(extract(epoch FROM now()))::bigint",
    ("postgresql", "datetime"): "floor(extract(epoch FROM now()) * 1000000)::bigint",
    ("postgresql", "date"): "(now() AT TIME ZONE 'UTC')::date",
}


def _as_is(value: Any) -> Any:
    return value


def _moment(value: Any) -> datetime:
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    moment: datetime = TypeAdapter(datetime).validate_python(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_PARSERS: Mapping[Kind, Callable[[Any], Any]] = {
    "decimal": lambda value: Decimal(str(value)),
    "money": lambda value: int(Decimal(str(value)) * NANO),
    "double": float,
    "blob": base64.b64decode,
    "otime": _moment,
    "datetime": _moment,
    "date": TypeAdapter(date).validate_python,
    "duration": TypeAdapter(timedelta).validate_python,
    "uuid": lambda value: UUID(str(value)),
    "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
}
