"""What generated code declares of a root object, so that one store and one CRUD serve all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

import peewee

from codegen.runtime.context import Scope
from codegen.runtime.start import CannotStart
from codegen.runtime.values.columns import Kind
from codegen.runtime.values.struct import Struct

M = TypeVar("M", bound=Struct)
New = TypeVar("New")
Patch = TypeVar("Patch")
Filter = TypeVar("Filter")

Row = tuple[Any, ...]
Values = dict[str, Any]
"""All stored fields of an object by name, as Python values."""
Default = Callable[[datetime], Any]
"""The present time → a value of its own each time."""


@dataclass(frozen=True, slots=True)
class StoredField:
    """One stored field. `required` on input; `reference` is the table of the object it refers to.

    `type` is the class of a closed enum, or the Python type of what stands in a JSON column (None: any JSON). `default`
    gives the value of a new object that was given none.
    """

    name: str
    kind: Kind
    type: Any = None
    default: Default | None = None
    nullable: bool = False
    required: bool = False
    server: bool = False
    immutable: bool = False
    set_once: bool = False
    sensitive: bool = False
    reference: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredType(Generic[M, New, Patch, Filter]):
    """One root object: its table, its model, its inputs (`TypedDict`s) and its stored fields, all of it generated.

    `unique` are the unique keys; `indexed` the fields `find` may ask for; `alias` the prefix of the CRUD methods' other
    names (`usage_record_`); `old_names` the present name of each that a field had before; `wide` the fields of indexes
    whose values may be too long for one.
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
    unique: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    old_names: Mapping[str, str] = field(default_factory=dict)
    crud: tuple[str, ...] = ()
    auth: Scope = "admin"
    owner: str | None = None
    append_only: bool = False
    wide: tuple[tuple[str, ...], ...] = ()
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
        """The function for `@computed` fields. Raises `NotComputed` when they exist and nobody said how."""
        if self.computed and not self._compute:
            constant = self.alias.upper()
            raise NotComputed(f"{self.name}.{self.computed[0]} is @computed: say how with @{constant}.computes")
        return self._compute[0] if self.computed else None


class NotComputed(CannotStart):
    """A type has `@computed` fields and no function that fills them."""


def this_second(now: datetime) -> datetime:
    """Default of an `otime`."""
    return now.replace(microsecond=0)


def this_moment(now: datetime) -> datetime:
    """Default of a `datetime`."""
    return now


def today(now: datetime) -> date:
    """Default of a `date`."""
    return now.date()


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
