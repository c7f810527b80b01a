"""How values of each kind become what a database keeps, and values or JSON again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, get_args

from pydantic_core import from_json, to_json

from codegen.runtime.values import columns
from codegen.runtime.values.columns import Dialect, Kind
from codegen.runtime.values.types import Money, base64_text, decimal_text, duration_text, money_text

Codec = Callable[[Any], Any]
Codecs = Mapping[Kind, Codec]


def _text(value: str) -> str:
    if "\0" in value:  # PostgreSQL's text cannot hold it; both databases refuse it alike
        raise ValueError("text must not contain the character NUL")
    return value


def _duration(value: timedelta) -> int:
    stored = columns.encode_duration(value)
    if not -(2**63) <= stored < 2**63:
        raise ValueError("a duration that is kept has at most 106751991 days")
    return stored


def _json(value: Any) -> str:
    return to_json(value).decode()


def _duration_json(stored: int) -> str:
    return duration_text(columns.decode_duration(stored))


def as_it_is(value: Any) -> Any:
    """The codec of a kind whose stored value is the value itself."""
    return value


_PYTHON: Mapping[Kind, Codec] = {"money": Money, "json": from_json}
_DECIMAL_JSON: Mapping[Dialect, Codec] = {
    "sqlite": lambda stored: decimal_text(columns.decode_decimal(stored)),
    "postgresql": decimal_text,
}

_KINDS: tuple[Kind, ...] = get_args(Kind)


def row_codecs(dialect: Dialect) -> Codecs:
    """Python value → stored value of each kind."""
    checked: Mapping[Kind, Codec] = {
        "text": _text,
        "enum_open": _text,
        "enum_closed": str,
        "duration": _duration,
        "json": _json,
    }
    return {kind: checked.get(kind) or columns.ENCODERS[dialect].get(kind, as_it_is) for kind in _KINDS}


def value_codecs(dialect: Dialect) -> Codecs:
    """Stored value → Python value of each kind; closed enums and typed JSON have their own."""
    return {kind: _PYTHON.get(kind) or columns.DECODERS[dialect].get(kind, as_it_is) for kind in _KINDS}


def json_codecs(dialect: Dialect) -> Codecs:
    """Stored value → a value that `pydantic_core.to_json` writes just as the model would."""
    wire: Mapping[Kind, Codec] = {
        "money": money_text,
        "decimal": _DECIMAL_JSON[dialect],
        "blob": base64_text,
        "duration": _duration_json,
        "json": from_json,
    }
    return {kind: wire.get(kind) or columns.DECODERS[dialect].get(kind, as_it_is) for kind in _KINDS}
