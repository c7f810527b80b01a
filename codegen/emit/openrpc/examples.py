"""Example values that keep every constraint, for the types of a program."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.emit.openrpc.scalars import NoExample, lengths, scalar, sid
from codegen.model.casing import snake
from codegen.model.model import (
    Alias,
    Constraints,
    Enum,
    Field,
    Json,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    Union,
)

_DEPTH = 3
"""Structs nested deeper show only what they must have."""
_DEEPEST = 24
"""Structs nested deeper have no example at all."""
_LARGEST = 20_000
"""About so many characters of JSON; a larger example explains nothing."""


class Examples:
    """Values for the types of a program, in their JSON form.

    PERF: a struct is built once for each depth, and building stops where the value grows too large, so that structs
    which hold others of one type twice, ten levels deep, take no longer than their declarations. What met a struct that
    is being built further out is not kept: elsewhere it would come out differently.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._open: list[QName] = []
        self._kept: dict[tuple[QName, int], tuple[Json, int] | None] = {}
        self._size = 0
        self._outermost = 0
        """The place in `_open` of the outermost struct that was met again."""

    def params(self, params: Sequence[Param]) -> dict[str, Json]:
        """All parameters by name, without those optional ones for which no value is found. Raises `NoExample`."""
        self._size = 0
        values: dict[str, Json] = {}
        for param in params:
            size = self._size
            try:
                values[param.name] = self._param(param)
            except NoExample:
                if param.required:
                    raise
                self._size = size
        return values

    def _param(self, param: Param) -> Json:
        if param.default is not None and not param.default.now:
            return param.default.value
        return self._value(param.type, param.name)

    def result(self, type_: Type | None, nullable: bool = False) -> Json:
        """Null for no result. Raises `NoExample`."""
        self._size = 0
        try:
            return None if type_ is None else self._value(type_)
        except NoExample:
            if nullable:
                return None
            raise

    def _value(self, type_: Type, *names: str, constraints: tuple[Constraints, ...] = ()) -> Json:
        """A value of `type_` under `constraints`; `names` say what it is about, the nearest first."""
        match type_:
            case Nullable(inner):
                return self._value(inner, *names, constraints=constraints)
            case Ref(target):
                return self._counted(sid(snake(self._program.types[target].name)))
            case ListOf(item):
                low, high = lengths(constraints)
                if low == 0 and (high == 0 or len(self._open) > _DEPTH):
                    return []
                try:
                    return [self._value(item, *names) for _ in range(max(low, 1))]
                except NoExample:
                    if low:
                        raise
                    return []
            case MapOf(key, item):
                return self._map(key, item, names, constraints)
            case Primitive():
                return self._counted(scalar(type_, names, constraints))
            case Named(target):
                declared = self._program.types[target]
                if isinstance(declared, Alias):
                    return self._value(
                        declared.type, *names, snake(declared.name), constraints=(*constraints, declared.constraints)
                    )
                if isinstance(declared, Enum):
                    return self._counted(declared.values[0].name)
                if isinstance(declared, Union):
                    return self._union(declared)
                assert isinstance(declared, Struct), target  # error groups are no values
                return self._struct(declared)

    def _counted(self, value: Json) -> Json:
        self._size += len(str(value)) + 4
        if self._size > _LARGEST:
            raise NoExample
        return value

    def _map(self, key: Type, item: Type, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
        low, high = lengths(constraints)
        if low > 1:
            raise NoExample  # keys must differ, and one type has one example
        if high == 0 or (low == 0 and len(self._open) > _DEPTH):
            return {}
        try:
            return {str(self._value(key, "key")): self._value(item, *names)}
        except NoExample:
            if low:
                raise
            return {}

    def _union(self, union: Union) -> Json:
        for member in union.members:
            size = self._size
            try:
                return self._struct(self._program.struct(member))
            except NoExample:
                self._size = size
        raise NoExample

    def _struct(self, struct: Struct) -> Json:
        if struct.qname in self._open:
            self._outermost = min(self._outermost, self._open.index(struct.qname))
            raise NoExample  # an optional field, a list or a map on the way ends the circle
        place = len(self._open)
        if place == _DEEPEST:
            raise NoExample
        key = (struct.qname, min(place, _DEPTH))
        if key not in self._kept:
            return self._built(struct, place, key)
        kept = self._kept[key]
        if kept is None or self._size + kept[1] > _LARGEST:
            raise NoExample
        self._size += kept[1]
        return kept[0]

    def _built(self, struct: Struct, place: int, key: tuple[QName, int]) -> Json:
        size, outermost = self._size, self._outermost
        self._outermost = place
        self._open.append(struct.qname)
        kept: tuple[Json, int] | None = None
        try:
            tag: dict[str, Json] = {struct.union_tag[0]: struct.union_tag[1]} if struct.union_tag else {}
            fields = struct.fields
            if len(fields) > 2 and all(field.optional for field in fields):
                fields = fields[:2]
            value: Json = {**tag, **self._fields(fields, own=snake(struct.name))}
            kept = value, self._size - size
            return value
        finally:
            self._open.pop()
            if self._outermost >= place and (kept is not None or size == 0):
                self._kept[key] = kept
            self._outermost = min(outermost, self._outermost)

    def _fields(self, fields: Sequence[Field], own: str = "") -> dict[str, Json]:
        values: dict[str, Json] = {}
        for field in fields:
            if field.optional and (len(self._open) >= _DEPTH or field.deprecated):
                continue
            size = self._size
            try:
                values[field.name] = self._field(field, own)
                self._size += len(field.name) + 4
            except NoExample:
                self._size = size
                if not field.optional:
                    if not field.nullable:
                        raise
                    values[field.name] = None
        return values

    def _field(self, field: Field, own: str) -> Json:
        if field.default is not None and not field.default.now:
            return field.default.value
        if field.name == "sid" and field.type == Primitive("sid"):
            return sid(own)
        constraints = (field.constraints,) if field.constraints else ()
        return self._value(field.type, field.name, own, constraints=constraints)
