"""Two models side by side: what became what, by name and by `was`, and who relies on each type of the old one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from codegen.model import (
    Declared,
    Error,
    Event,
    Field,
    Interface,
    Member,
    Module,
    Program,
    QName,
    Service,
    Struct,
    TypeDecl,
    Webhook,
)
from codegen.rules.breaking.reach import Reach

M = TypeVar("M", bound=Member)
D = TypeVar("D", bound=Declared)
K = TypeVar("K")
Holder = Struct | Error | Event
"""What has fields."""


@dataclass(frozen=True, slots=True)
class Pairs(Generic[M]):
    """Members of two models: those of both, those that came, those that went; in the order of the schemas."""

    both: tuple[tuple[M, M], ...]
    added: tuple[M, ...]
    deleted: tuple[M, ...]


def pair_members(old: Sequence[M], new: Sequence[M]) -> Pairs[M]:
    """Fields, values, methods or parameters: by name; where the name is new, by `was`."""
    return _pair({member.name: member for member in old}, {member.name: member for member in new}, lambda _, was: was)


def _pair(old: Mapping[str, M], new: Mapping[str, M], earlier: Callable[[str, str], str]) -> Pairs[M]:
    """`earlier(key, was)` is the key that a member with this `was` had."""
    rest = dict(old)
    both, added = [], []
    for key, member in new.items():
        was = earlier(key, member.was) if member.was is not None else key
        before = rest.pop(key if key in rest or was in new else was, None)
        if before is None:
            added.append(member)
        else:
            both.append((before, member))
    return Pairs(tuple(both), tuple(added), tuple(rest.values()))


@dataclass(frozen=True)
class Comparison:
    """What the rules look at."""

    old: Program
    new: Program

    @cached_property
    def types(self) -> Pairs[TypeDecl]:
        return _with_moved(_pair(self.old.types, self.new.types, _sibling))

    @cached_property
    def errors(self) -> Pairs[Error]:
        return self._declared(lambda module: module.errors)

    @cached_property
    def events(self) -> Pairs[Event]:
        return self._declared(lambda module: module.events)

    @cached_property
    def interfaces(self) -> Pairs[Interface]:
        return self._declared(lambda module: module.interfaces)

    @cached_property
    def webhooks(self) -> Pairs[Webhook]:
        return self._declared(lambda module: module.webhooks)

    @cached_property
    def services(self) -> Pairs[Service]:
        """A service of another major version is another service."""

        def by_version(program: Program) -> dict[str, Service]:
            return {f"{service.qname} {service.major}": service for service in program.services}

        def earlier(key: str, was: str) -> str:
            qname, _, major = key.partition(" ")
            return f"{_sibling(qname, was)} {major}"

        return _with_moved(_pair(by_version(self.old), by_version(self.new), earlier))

    @cached_property
    def renamed(self) -> Mapping[QName, QName]:
        """The new name of each type and error that is in both models."""
        return {before.qname: after.qname for before, after in (*self.types.both, *self.errors.both)}

    def of_kind(self, kind: type[K]) -> Iterator[tuple[K, K]]:
        """The types of both models that were and are of this kind."""
        for before, after in self.types.both:
            if isinstance(before, kind) and isinstance(after, kind):
                yield before, after

    @cached_property
    def holders(self) -> tuple[tuple[Holder, Holder], ...]:
        """Everything with fields that is in both models."""
        return (*self.of_kind(Struct), *self.errors.both, *self.events.both)

    @cached_property
    def reach(self) -> Reach:
        return Reach.of(self.old)

    def _declared(self, section: Callable[[Module], Iterable[D]]) -> Pairs[D]:
        def by_qname(program: Program) -> dict[str, D]:
            return {decl.qname: decl for module in program.modules for decl in section(module)}

        return _with_moved(_pair(by_qname(self.old), by_qname(self.new), _sibling))


def _with_moved(pairs: Pairs[D]) -> Pairs[D]:
    """What moved to another module and kept its name on the wire is the same; names on the wire are global."""
    gone = {_wire_name(decl): decl for decl in pairs.deleted}
    moved = [(gone.pop(_wire_name(decl)), decl) for decl in pairs.added if _wire_name(decl) in gone]
    here = {id(after) for _, after in moved}
    added = tuple(decl for decl in pairs.added if id(decl) not in here)
    return Pairs((*pairs.both, *moved), added, tuple(gone.values()))


def _wire_name(decl: Declared) -> str:
    return decl.wire if isinstance(decl, Service) else decl.name


def written_fields(holder: Holder) -> tuple[Field, ...]:
    """The fields that people wrote."""
    return tuple(field for field in holder.fields if not field.implied)


def _sibling(qname: str, name: str) -> str:
    """Another name in the same module."""
    return f"{qname.rpartition('.')[0]}.{name}"
