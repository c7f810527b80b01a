"""Which types a declaration is written with."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.model.model import Alias, Event, QName, Struct, TypeDecl, Union
from codegen.model.types import named_in


def targets(declared: TypeDecl | Event) -> Iterator[QName]:
    """The types a declaration is written with."""
    match declared:
        case Struct() | Event():
            for field in declared.fields:
                yield from named_in(field.type)
        case Union():
            yield from declared.members
        case Alias():
            yield from named_in(declared.type)
