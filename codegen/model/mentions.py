"""Which types a type or a declaration is written with."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.model.model import (
    Alias,
    Event,
    ListOf,
    MapOf,
    Named,
    Nullable,
    QName,
    Struct,
    Type,
    TypeDecl,
    Union,
)


def mentioned(type_: Type) -> Iterator[QName]:
    """The types a type is written with."""
    match type_:
        case Named(target=target):
            yield target
        case ListOf(item=inner) | Nullable(inner=inner):
            yield from mentioned(inner)
        case MapOf(key=key, value=value):
            yield from mentioned(key)
            yield from mentioned(value)


def targets(declared: TypeDecl | Event) -> Iterator[QName]:
    """The types a declaration is written with."""
    match declared:
        case Struct() | Event():
            for field in declared.fields:
                yield from mentioned(field.type)
        case Union():
            yield from declared.members
        case Alias():
            yield from mentioned(declared.type)
