"""Which types a declaration is written with, and which schema files lead to each other by that."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.emit.python.parts import Part, Parts
from codegen.model.mentions import targets
from codegen.model.model import (
    Declared,
    ErrorGroup,
    Event,
    Program,
    TypeDecl,
)


def late_imports(program: Program, parts: Parts, kind: str) -> dict[str, frozenset[str]]:
    """Name of a part → the files of `kind` whose types lead back to it (`Imports` takes them as `late`)."""
    edges: dict[str, dict[str, None]] = {part.name: {} for part in parts}
    for part in parts:
        for declared in values(part.module.types, part.module.events):
            for target in targets(declared):
                edges[part.name][parts.of(program.types[target]).name] = None
    return parts.circles(kind, edges)


def values(types: tuple[TypeDecl, ...], events: tuple[Event, ...] = ()) -> list[TypeDecl | Event]:
    """Those declarations that have values: everything but groups of errors."""
    return [declared for declared in (*types, *events) if not isinstance(declared, ErrorGroup)]


@dataclass(frozen=True, slots=True)
class Origins:
    """The module from which a file imports what another file of the same kind defines; None for the file itself.

    `here` is the part that the file belongs to. What another module of the schemas declares comes from its door.
    """

    parts: Parts
    kind: str
    here: Part

    def __call__(self, declared: Declared) -> str | None:
        part = self.parts.of(declared)
        if part == self.here:
            return None
        same_module = part.module.name == self.here.module.name
        return part.dotted(self.kind) if same_module else f"~.{self.kind}.{declared.module}"
