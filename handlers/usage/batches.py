"""Batches of the older layout: `nodes/<node>/usage_<YYYY-MM-DD-HH>.otoml`, an hour of records that may be merged later.

TOML with a table `[[records]]` for each record, with or without a first line that begins with `O:`. A record has the
fields of a line; times are quoted, numbers may be; a time without an offset is UTC. Older ones have no stream and
number, and no category: then the stream is `otoml`, the number follows from the idempotency key, and the category is
`hero_os_hourly`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from generated.models.onboarding import HaltReason
from handlers.usage.added_lines import Line
from handlers.usage.changes import Grown
from handlers.usage.halt import Halt
from handlers.usage_format.record import SCHEMA

STREAM = "otoml"
CATEGORY = "hero_os_hourly"
_WHOLE_NUMBERS = {"amount_cents", "interval_seconds", "local_seq", "schema"}
_DECIMALS = {"cost", "quantity"}
_MOST_DIGITS = 100
"""Before or behind the point: a short number can stand for more digits than there is memory for."""


def batch_lines(grown: Grown) -> Iterator[Line]:
    """The records of a whole file as the lines that they would be, numbered as they stand. Raises `Halt`."""
    text = grown.blob.data.decode("utf-8", "replace")
    if text.startswith("O:"):
        text = text.partition("\n")[2]
    try:
        read = tomllib.loads(text, parse_float=Decimal)
        records = read["records"]
        if read.keys() != {"records"} or not isinstance(records, list):
            raise KeyError("records")
        lines = [_line(record) for record in records]
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        detail = f"no batch of [[records]]: {type(error).__name__}: {error}"
        raise Halt(HaltReason.PARSE_ERROR, detail, path=grown.path) from None
    for number, data in enumerate(lines, 1):
        yield Line(grown.path, number, data)


def _line(record: Mapping[str, Any]) -> bytes:
    """A record in the canonical form of a line; what is wrong with its fields is found where lines are read."""
    fields = {name: _value(name, value) for name, value in record.items()}
    fields.setdefault("schema", SCHEMA)
    fields.setdefault("applies_to", CATEGORY)
    fields.setdefault("quantity", "0" if "amount_cents" in fields else "1")
    if "stream_id" not in fields or "local_seq" not in fields:
        digest = sha256(str(fields["idempotency_key"]).encode()).hexdigest()
        fields |= {"stream_id": STREAM, "local_seq": int(digest[:15], 16) + 1}
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _value(name: str, value: Any) -> Any:
    if name in _WHOLE_NUMBERS:
        return _whole(value)
    if name in _DECIMALS:
        return format(_short(value), "f")
    if isinstance(value, datetime) or name == "occurred_at":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if moment.tzinfo is None:  # nobody knows where the node stood; all times of usage are UTC
            moment = moment.replace(tzinfo=UTC)
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value


def _whole(value: Any) -> int:
    """Nothing is cut off: half a cent is refused."""
    number = _short(value)
    if number != number.to_integral_value():
        raise ValueError(f"{number} is no whole number")
    return int(number)


def _short(value: Any) -> Decimal:
    """A number. Raises `ValueError`, `ArithmeticError` for what is none, or has too many digits."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"{value!r:.40} is no number")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(abs(exponent), abs(number.adjusted())) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits, or is none")
    return number
