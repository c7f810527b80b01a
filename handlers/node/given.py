"""Usage as a program gives it to `hero-onboarding node record`: a JSON object on a line."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from json import loads

from handlers.node.usage import NewUsage
from handlers.usage_format.fields import FIELDS
from handlers.usage_format.record import InvalidUsage

_OF_THE_LOG = ("node_id", "stream_id", "local_seq", "schema")
_FIELDS = {field.name: field for field in FIELDS if field.name not in _OF_THE_LOG}
_REQUIRED = ("user_sid", "resource_kind", "quantity")


class Void(str):
    """The key of a record that is to be taken back."""


def read_given(line: bytes) -> NewUsage | Void:
    """The usage on a line, its fields named and written as in the log; `{"void": "KEY"}` alone takes a record back.

    Raises `InvalidUsage`.
    """
    try:
        fields = loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidUsage(f"no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidUsage("no JSON object")
    for name, value in fields.items():
        if name not in _FIELDS:
            raise InvalidUsage(f"there is no field {name!r:.80}; the fields are {', '.join(sorted(_FIELDS))}")
        if fault := _FIELDS[name].fault(value):
            raise InvalidUsage(f"`{name}` {fault}")
    if fields.keys() == {"void"}:
        return Void(fields["void"])
    for name in _REQUIRED:
        if name not in fields:
            raise InvalidUsage(f"`{name}` is missing")
    for name in ("quantity", "cost"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    if "occurred_at" in fields:
        fields["occurred_at"] = datetime.fromisoformat(fields["occurred_at"])
    return NewUsage(key=fields.pop("idempotency_key", None), **fields)
