"""What becomes of the values that a JSON column holds by the old schemas: what is rewritten, and what cannot be read.

Structs inside structs, lists, maps and unions are paired by name, their fields by name and `@was`. Going back, the
pairs are those of the way forward.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.evolve.lock import same_meaning
from codegen.evolve.values import stored
from codegen.model.mentions import targets
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
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
    Union,
)

Holds = str | dict[str, Any]
"""The name of a type that is rewritten, or `{"each": Holds}`; see `codegen.runtime.storage.rewrites`."""


@dataclass(slots=True)
class Embedded:
    """What is to be said of one column: `problems`, sentences about what the new schemas cannot read however it is
    rewritten; `steps`, what rewriting does, in words; `holds` and `types`, how. `lost` and `again` are the fields that
    went without `reserved`, or came back in spite of it, each with the struct that has lost or got them."""

    problems: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    holds: Holds | None = None
    types: dict[str, Any] = field(default_factory=dict)
    lost: list[tuple[Struct, str]] = field(default_factory=list)
    again: list[tuple[Struct, str]] = field(default_factory=list)


def unchanged(old: Program, new: Program) -> frozenset[QName]:
    """The types that are the same in both programs, with all that they lead to: their values stay as they are.

    PERF: in most programs that is nearly all of them, and each is compared once, not once for each column.
    """
    same = {name for name, each in new.types.items() if name in old.types and same_meaning(old.types[name], each)}
    users: dict[QName, list[QName]] = {}
    for name, each in new.types.items():
        for target in targets(each):
            users.setdefault(target, []).append(name)
    pending = [name for name in new.types if name not in same]
    while pending:
        for user in users.get(pending.pop(), ()):
            if user in same:
                same.remove(user)
                pending.append(user)
    return frozenset(same)


def compare(
    old_program: Program,
    old: Type,
    new_program: Program,
    new: Type,
    *,
    back: bool = False,
    same: Container[QName] = (),
) -> Embedded:
    """From values of the type `old` to those of `new`; `back` where `new_program` is the earlier one, `same` are types
    that are `unchanged`."""
    comparison = _Comparison(old_program, new_program, back, same)
    found = comparison.found
    holds = comparison.types(old, new)
    comparison.finish()
    found.problems, found.steps = list(dict.fromkeys(found.problems)), list(dict.fromkeys(found.steps))
    found.types = _changed(found.types)
    found.holds = _within(holds, found.types)
    return found


class _Comparison:
    def __init__(self, old: Program, new: Program, back: bool, same: Container[QName]) -> None:
        self.old, self.new, self.back, self.same = old, new, back, same
        self.found = Embedded()
        self._pending: list[tuple[TypeDecl, TypeDecl, dict[str, Any]]] = []
        """Declarations that are still to be compared: types may lead to others in chains of any length."""

    def finish(self) -> None:
        while self._pending:
            before, after, entry = self._pending.pop(0)
            if isinstance(before, Union) and isinstance(after, Union):
                entry.update(self._union(before, after))
            elif isinstance(before, Struct) and isinstance(after, Struct):
                self._fields(before, after, entry)

    def types(self, old: Type, new: Type) -> Holds | None:
        """What a place of these types holds that may have to be rewritten."""
        if isinstance(old, Nullable) and not isinstance(new, Nullable):
            self._problem("null is no longer allowed inside")
        before, after = self.old.base(old), self.new.base(new)
        while isinstance(before, Nullable):
            before = self.old.base(before.inner)
        while isinstance(after, Nullable):
            after = self.new.base(after.inner)
        self._constraints(old, new)
        match before, after:
            case (_, Primitive("json")):
                return None
            case (Primitive(), Primitive()) | (Ref(), Ref()):
                if not self._same_value(before, after):
                    self._problem(f"{_name(before)} became {_name(after)}")
                return None
            case (ListOf(a), ListOf(b)):
                return _each(self.types(a, b))
            case (MapOf(a_key, a_value), MapOf(b_key, b_value)):
                self.types(a_key, b_key)
                return _each(self.types(a_value, b_value))
            case (Named(a), Named(b)):
                return self._declared(a, b)
            case _:
                self._problem(f"{_name(before)} became {_name(after)}")
                return None

    def _declared(self, old: str, new: str) -> Holds | None:
        before, after = self.old.types[old], self.new.types[new]
        if old == new and new in self.same:
            return None
        name = old if old == new else f"{old} to {new}"
        if name in self.found.types:
            return name
        entry: dict[str, Any] = {}
        self.found.types[name] = entry
        if isinstance(before, Enum) and isinstance(after, Enum):
            gone = {value.name for value in before.values} - {value.name for value in after.values}
            if gone and not after.open:
                self._problem(f"{after.name} lost {', '.join(sorted(gone))}")
            elif before.open and not after.open:
                self._problem(f"{after.name} was closed")
        elif type(before) is type(after):
            self._pending.append((before, after, entry))
        else:
            self._problem(f"{after.name} became another kind of type")
        return name

    def _union(self, before: Union, after: Union) -> dict[str, Any]:
        if before.tag != after.tag:
            self._problem(f"the tag of {after.name} became {after.tag}")
        members = dict(zip(after.tags, after.members, strict=True))
        held = {}
        for tag, member in zip(before.tags, before.members, strict=True):
            if tag not in members:
                self._problem(f"{after.name} lost {tag}")
            else:
                held[tag] = self.types(Named(member), Named(members[tag]))
        return {"tag": before.tag, "members": held}

    def _fields(self, old: Struct, new: Struct, entry: dict[str, Any]) -> None:
        holds = {}
        for before, after in self._pairs(old, new):
            if after is None:
                assert before is not None
                self._gone(old, new, before, entry)
            elif before is None:
                self._came(old, new, after, entry)
            else:
                if before.name != after.name:
                    self._step(f"rename {new.name}.{before.name} to {after.name}")
                    entry.setdefault("rename", {})[before.name] = after.name
                if _may_be_null(self.old, before) and not _may_be_null(self.new, after):
                    self._fill(new, after, entry, "require a value in")
                elif before.optional and after.required:  # it may be missing, and must stand there as null
                    self._fill(new, after, entry, "require")
                elif _may_be_null(self.new, after) and not _may_be_null(self.old, before):
                    self._step(f"let {new.name}.{after.name} be empty")
                if after.constraints and before.constraints != after.constraints:
                    self._problem(f"the constraints of {new.name}.{after.name} changed")
                holds[after.name] = self.types(before.type, after.type)
        entry["holds"] = holds

    def _pairs(self, old: Struct, new: Struct) -> Iterator[tuple[Field | None, Field | None]]:
        """The fields before and after; None where one comes or goes."""
        earlier, later = (new, old) if self.back else (old, new)
        rest = {each.name: each for each in earlier.fields}
        for each in later.fields:
            name = each.was if each.name not in rest and each.was in rest else each.name
            found = rest.pop(name or "", None)
            yield (each, found) if self.back else (found, each)
        for each in rest.values():
            yield (None, each) if self.back else (each, None)

    def _gone(self, old: Struct, new: Struct, before: Field, entry: dict[str, Any]) -> None:
        self._step(f"drop {old.name}.{before.name}")
        if self.back:
            default = before.default
            harmless = None if default is None or default.now else stored(self.old, before.type, default.value)
            entry.setdefault("clear", {})[before.name] = harmless
            return
        entry.setdefault("remove", []).append(before.name)
        if before.name not in new.reserved:
            self.found.lost.append((new, before.name))

    def _came(self, old: Struct, new: Struct, after: Field, entry: dict[str, Any]) -> None:
        if not self.back and after.name in old.reserved:
            self.found.again.append((new, after.name))
        if not after.required and after.default is None:
            self._step(f"add {new.name}.{after.name}, empty in old rows")
        else:
            self._fill(new, after, entry, "add")

    def _fill(self, struct: Struct, after: Field, entry: dict[str, Any], verb: str) -> None:
        """Give a value to what is missing or null, or say that there must be one."""
        name = f"{struct.name}.{after.name}"
        if after.default is not None and after.default.now:
            kind = self.new.base(after.type)
            assert isinstance(kind, Primitive)
            self._step(f"{verb} {name}, filled with the time of the migration")
            entry.setdefault("now", {})[after.name] = kind.name
        elif after.default is not None or _may_be_null(self.new, after):
            value = None if after.default is None else stored(self.new, after.type, after.default.value)
            self._step(f"{verb} {name}, filled with {'null' if value is None else 'its default'}")
            entry.setdefault("fill", {})[after.name] = value
        else:
            self._step(f"{verb} {name}, which must be nowhere without one")
            entry.setdefault("require", []).append(after.name)

    def _constraints(self, old: Type, new: Type) -> None:
        before = {alias.constraints for alias in self.old.aliases_of(old) if alias.constraints}
        for alias in self.new.aliases_of(new):
            if alias.constraints and alias.constraints not in before:
                self._problem(f"the constraints of {alias.name} changed")

    def _same_value(self, old: Type, new: Type) -> bool:
        if isinstance(old, Ref) and isinstance(new, Ref):
            earlier, later = (new, old) if self.back else (old, new)
            was = (self.old if self.back else self.new).struct(later.target).was
            return old.target == new.target or earlier.target.rpartition(".")[2] == was
        if old == new:
            return True
        if isinstance(old, Primitive) and isinstance(new, Primitive):
            low, high = INTEGER_BOUNDS.get(old.name, (0, 0))
            wide_low, wide_high = INTEGER_BOUNDS.get(new.name, (1, -1))
            return old.name in INTEGER_BOUNDS and wide_low <= low and high <= wide_high
        return False

    def _problem(self, sentence: str) -> None:
        self.found.problems.append(sentence)

    def _step(self, sentence: str) -> None:
        self.found.steps.append(sentence)


# --- what has to be rewritten -----------------------------------------------------------------------------------


def _changed(types: Mapping[str, Any]) -> dict[str, Any]:
    """The types whose values change, or hold others that do; empty parts are left out."""
    changing = {name for name, entry in types.items() if entry.keys() - {"holds", "tag", "members"}}
    while more := {
        name
        for name, entry in types.items()
        if name not in changing and any(_inmost(held) in changing for held in _parts(entry).values())
    }:
        changing |= more
    found = {}
    for name in types:
        if name not in changing:
            continue
        entry = dict(types[name])
        key = "members" if "members" in entry else "holds"
        kept = {part: held for part, held in _parts(entry).items() if _inmost(held) in changing}
        found[name] = {**{k: v for k, v in entry.items() if k != key}, **({key: kept} if kept else {})}
    return found


def _parts(entry: Mapping[str, Any]) -> Mapping[str, Holds | None]:
    """What stands in the fields of a struct, or the members of a union."""
    parts: Mapping[str, Holds | None] = entry.get("holds") or entry.get("members") or {}
    return parts


def _within(holds: Holds | None, types: Mapping[str, Any]) -> Holds | None:
    return holds if _inmost(holds) in types else None


def _inmost(holds: Holds | None) -> str:
    while isinstance(holds, dict):
        holds = holds["each"]
    return holds or ""


def _each(holds: Holds | None) -> Holds | None:
    return None if holds is None else {"each": holds}


def _may_be_null(program: Program, field: Field) -> bool:
    return field.nullable or any(alias.nullable for alias in program.aliases_of(field.type))


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
