"""Who relies on a type: those who send it, those who read it, and the rows that hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.model import Alias, Program, QName, Struct, Type, TypeDecl, Union, named_in

WRITES = frozenset({"new", "set", "patch"})
SHOWS = frozenset({"new", "set", "patch", "get", "list_full", "find"})


@dataclass(frozen=True, slots=True)
class Reach:
    """The types and errors that callers send, that callers read, and that stand in rows.

    A type that nothing uses is a document (a file that programs write and read): it counts as sent and read.
    """

    sent: frozenset[QName]
    read: frozenset[QName]
    stored: frozenset[QName]

    @classmethod
    def of(cls, program: Program) -> Reach:
        """Who relies on the types of a model."""
        sent = closure(program, _sent(program))
        read = closure(program, _read(program))
        stored = closure(program, (struct.qname for struct in program.rootobjects))
        plugins = closure(program, _plugins(program))
        documents = closure(program, program.types.keys() - sent - read - stored - plugins)
        errors = {error.qname for error in program.errors.values()}
        events = {event.qname for module in program.modules for event in module.events}
        return cls(frozenset(sent | documents), frozenset(read | documents | errors | events), frozenset(stored))


def _sent(program: Program) -> Iterator[QName]:
    for struct in program.rootobjects:
        if not WRITES.isdisjoint(struct.crud):
            yield struct.qname
    for service in program.services:
        for method in service.methods:
            yield from _named(param.type for param in method.params)


def _read(program: Program) -> Iterator[QName]:
    for struct in program.rootobjects:
        if not SHOWS.isdisjoint(struct.crud):
            yield struct.qname
    for service in program.services:
        yield from _named(method.result for method in service.methods)
    for module in program.modules:
        yield from _named(webhook.result for webhook in module.webhooks)
        for error in module.errors:
            yield from _named(field.type for field in error.fields)
        for event in module.events:
            yield from _named(field.type for field in event.fields)


def _plugins(program: Program) -> Iterator[QName]:
    for module in program.modules:
        for interface in module.interfaces:
            for method in interface.methods:
                yield from _named((*(param.type for param in method.params), method.result))


def _named(types: Iterable[Type | None]) -> Iterator[QName]:
    for type_ in types:
        if type_ is not None:
            yield from named_in(type_)


def closure(program: Program, names: Iterable[QName]) -> set[QName]:
    """The names and all that their types are made of."""
    found: set[QName] = set()
    waiting = list(names)
    while waiting:
        qname = waiting.pop()
        if qname not in found and qname in program.types:
            found.add(qname)
            waiting += _parts(program.types[qname])
    return found


def _parts(decl: TypeDecl) -> Iterator[QName]:
    match decl:
        case Struct():
            yield from _named(field.type for field in decl.fields)
        case Union():
            yield from decl.members
        case Alias():
            yield from named_in(decl.type)
        case _:
            pass
