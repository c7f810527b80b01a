"""Which values that a JSON column holds by the old schemas can be read by the new ones."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.model.model import (
    INTEGER_BOUNDS,
    Enum,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    Ref,
    Struct,
    Type,
    Union,
)


def unreadable(old_program: Program, old: Type, new_program: Program, new: Type) -> tuple[str, ...]:
    """What stands in the way of reading old values, as sentences; empty where every old value can be read."""
    return tuple(dict.fromkeys(_Comparison(old_program, new_program).types(old, new)))


class _Comparison:
    def __init__(self, old: Program, new: Program) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str]] = set()

    def types(self, old: Type, new: Type) -> Iterator[str]:
        if self._null(old) and not self._null(new):
            yield "null is no longer allowed inside"
        before, after = self.old.base(old), self.new.base(new)
        while isinstance(before, Nullable):
            before = self.old.base(before.inner)
        while isinstance(after, Nullable):
            after = self.new.base(after.inner)
        yield from self._constraints(old, new)
        match before, after:
            case (_, Primitive("json")):
                return
            case (Primitive(), Primitive()) | (Ref(), Ref()):
                if not self._same_value(before, after):
                    yield f"{_name(before)} became {_name(after)}"
            case (ListOf(a), ListOf(b)):
                yield from self.types(a, b)
            case (MapOf(a_key, a_value), MapOf(b_key, b_value)):
                yield from self.types(a_key, b_key)
                yield from self.types(a_value, b_value)
            case (Named(a), Named(b)):
                if (a, b) not in self.seen:
                    self.seen.add((a, b))
                    yield from self._declared(a, b)
            case _:
                yield f"{_name(before)} became {_name(after)}"

    def _declared(self, old: str, new: str) -> Iterator[str]:
        before, after = self.old.types[old], self.new.types[new]
        if isinstance(before, Enum) and isinstance(after, Enum):
            gone = {value.name for value in before.values} - {value.name for value in after.values}
            if gone and not after.open:
                yield f"{after.name} lost {', '.join(sorted(gone))}"
            elif before.open and not after.open:
                yield f"{after.name} was closed"
        elif isinstance(before, Union) and isinstance(after, Union):
            if before.tag != after.tag:
                yield f"the tag of {after.name} became {after.tag}"
            members = dict(zip(after.tags, after.members, strict=True))
            for tag, member in zip(before.tags, before.members, strict=True):
                if tag not in members:
                    yield f"{after.name} lost {tag}"
                else:
                    yield from self.types(Named(member), Named(members[tag]))
        elif isinstance(before, Struct) and isinstance(after, Struct):
            yield from self._fields(before, after)
        else:
            yield f"{after.name} became another kind of type"

    def _fields(self, old: Struct, new: Struct) -> Iterator[str]:
        rest = {field.name: field for field in old.fields}
        for field in new.fields:
            name = field.name
            before = rest.pop(name, None)
            if before is None and field.was in rest:
                rest.pop(field.was or "")
                yield f"{new.name}.{field.was} became {name}"
            elif before is None:
                if field.required:
                    yield f"{new.name}.{name} is new and required"
            else:
                if before.nullable and not field.nullable:
                    yield f"{new.name}.{name} became required"
                if _tighter(before, field):
                    yield f"the constraints of {new.name}.{name} changed"
                yield from self.types(before.type, field.type)
        for name in rest:
            yield f"{new.name}.{name} was deleted"

    def _constraints(self, old: Type, new: Type) -> Iterator[str]:
        before = {alias.constraints for alias in self.old.aliases_of(old) if alias.constraints}
        for alias in self.new.aliases_of(new):
            if alias.constraints and alias.constraints not in before:
                yield f"the constraints of {alias.name} changed"

    def _null(self, type_: Type) -> bool:
        return isinstance(type_, Nullable)

    def _same_value(self, old: Type, new: Type) -> bool:
        if isinstance(old, Ref) and isinstance(new, Ref):
            was = self.new.struct(new.target).was
            return old.target == new.target or old.target.rpartition(".")[2] == was
        if old == new:
            return True
        if isinstance(old, Primitive) and isinstance(new, Primitive):
            low, high = INTEGER_BOUNDS.get(old.name, (0, 0))
            wide_low, wide_high = INTEGER_BOUNDS.get(new.name, (1, -1))
            return old.name in INTEGER_BOUNDS and wide_low <= low and high <= wide_high
        return False


def _tighter(old: Field, new: Field) -> bool:
    return bool(new.constraints) and old.constraints != new.constraints


def _name(type_: Type) -> str:
    match type_:
        case Primitive(name, currency):
            return f"{name}<{currency}>" if currency else name
        case Ref(target):
            return f"&{target.rpartition('.')[2]}"
        case Named(target):
            return target.rpartition(".")[2]
        case ListOf():
            return "a list"
        case MapOf():
            return "a map"
        case Nullable(inner):
            return f"{_name(inner)}?"
