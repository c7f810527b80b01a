"""What generated code declares of a root object, so that one store and one CRUD serve all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, get_args

import peewee
from pydantic_core import from_json, to_json

from codegen.runtime.context import Scope
from codegen.runtime.values import columns
from codegen.runtime.values.columns import Dialect, Kind
from codegen.runtime.values.struct import Struct
from codegen.runtime.values.types import Money, base64_text, decimal_text, duration_text, money_text

M = TypeVar("M", bound=Struct)
New = TypeVar("New")
Patch = TypeVar("Patch")
Filter = TypeVar("Filter")

Row = tuple[Any, ...]
Values = dict[str, Any]
"""All stored fields of an object by name, as Python values."""
Codec = Callable[[Any], Any]
Codecs = Mapping[Kind, Codec]


@dataclass(frozen=True, slots=True)
class StoredField:
    """One stored field. `required` on input; `reference` is the table of the object it refers to."""

    name: str
    kind: Kind
    nullable: bool = False
    required: bool = False
    server: bool = False
    immutable: bool = False
    set_once: bool = False
    sensitive: bool = False
    reference: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredType(Generic[M, New, Patch, Filter]):
    """One root object: its table, its model, its inputs (`TypedDict`s) and its rows' mapping, all of it generated.

    `row`, `values` and `json` are given a database's codecs and return the mapping itself: values → row, row → values,
    row → what its JSON is written from. `fill` puts defaults where a field is missing. `unique` are the unique keys;
    `indexed` the fields `find` may ask for; `alias` the prefix of the CRUD methods' other names (`usage_record_`).
    """

    name: str
    qname: str
    wire: str
    alias: str
    table: type[peewee.Model]
    model: type[M]
    new: type[New]
    patch: type[Patch]
    filter: type[Filter]
    fields: tuple[StoredField, ...]
    row: Callable[[Codecs], Callable[[Values], Row]]
    values: Callable[[Codecs], Callable[[Row], Values]]
    json: Callable[[Codecs], Callable[[Row], dict[str, Any]]]
    fill: Callable[[Values, datetime], None]
    unique: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    crud: tuple[str, ...] = ()
    auth: Scope = "admin"
    owner: str | None = None
    append_only: bool = False
    _compute: list[Callable[[M], Mapping[str, Any]]] = field(default_factory=list, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The stored fields, in the order of a row."""
        return tuple(stored.name for stored in self.fields)

    def values_of(self, model: M) -> Values:
        """The stored values of a model; those it was made without are missing."""
        attributes = {info.alias or name: name for name, info in self.model.model_fields.items()}
        return {name: getattr(model, attributes[name]) for name in self.names if hasattr(model, attributes[name])}

    def computes(self, function: Callable[[M], Mapping[str, Any]]) -> Callable[[M], Mapping[str, Any]]:
        """Say how `@computed` fields follow from the stored ones; a decorator, once per type, before it is stored.

        The function is given the object without those fields and returns a value for each of them.
        """
        self._compute[:] = [function]
        return function

    @property
    def compute(self) -> Callable[[M], Mapping[str, Any]] | None:
        """The function for `@computed` fields. Raises `LookupError` when they exist and nobody said how."""
        if self.computed and not self._compute:
            raise LookupError(f"{self.name}.{self.computed[0]} is @computed: say how with @{self.name}.computes")
        return self._compute[0] if self.computed else None


def statement(text: str, **parts: StoredType[Any, Any, Any, Any] | str) -> str:
    """Hand-written SQL, each `{name}` in it filled by the part of this name.

    A stored type stands for all its columns in the order of a row, from its table under its own name; a text for
    itself.
    """

    def filling(part: StoredType[Any, Any, Any, Any] | str) -> str:
        if isinstance(part, str):
            return part
        table = part.table._meta.table_name
        return ", ".join(f'"{table}"."{name}"' for name in part.names)

    return text.format(**{name: filling(part) for name, part in parts.items()})


# --- codecs -----------------------------------------------------------------------------------------------------


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


def _same(value: Any) -> Any:
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
    return {kind: checked.get(kind) or columns.ENCODERS[dialect].get(kind, _same) for kind in _KINDS}


def value_codecs(dialect: Dialect) -> Codecs:
    """Stored value → Python value of each kind; closed enums and typed JSON have their own."""
    return {kind: _PYTHON.get(kind) or columns.DECODERS[dialect].get(kind, _same) for kind in _KINDS}


def json_codecs(dialect: Dialect) -> Codecs:
    """Stored value → a value that `pydantic_core.to_json` writes just as the model would."""
    wire: Mapping[Kind, Codec] = {
        "money": money_text,
        "decimal": _DECIMAL_JSON[dialect],
        "blob": base64_text,
        "duration": _duration_json,
        "json": from_json,
    }
    return {kind: wire.get(kind) or columns.DECODERS[dialect].get(kind, _same) for kind in _KINDS}
