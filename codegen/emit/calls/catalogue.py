"""Every call of a program as documents describe it: services and CRUD alike, with all errors that can be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from codegen.emit.calls.crud import PAGING, Crud
from codegen.emit.calls.groups import Group, groups
from codegen.emit.calls.operation import Operation, operation_of
from codegen.model.model import Program, QName
from codegen.model.once import made_once


@dataclass(frozen=True, slots=True)
class Section:
    """The operations behind one prefix."""

    group: Group
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Catalogue:
    """All operations, and a program that also holds the types of CRUD (`UserInput`, `UserPatch`, `UserPage`, …)."""

    program: Program
    sections: tuple[Section, ...]
    derived: Mapping[QName, QName]
    """Type of CRUD → the root object whose fields it has."""

    @cached_property
    def names(self) -> Mapping[QName, str]:
        """One name for each type, event and error: its own, with the module's in front where two would meet."""
        return {
            **_unique((d.module, d.name) for module in self.program.modules for d in (*module.types, *module.events)),
            **_unique((error.module, error.name) for error in self.program.errors.values()),
        }


@made_once
def catalogue(program: Program) -> Catalogue:
    crud = Crud(program)
    sections = tuple(
        Section(
            group,
            (
                *(crud.operation(group.root, verb) for verb in group.verbs if group.root is not None),
                *(operation_of(program, method) for method in group.methods),
            ),
        )
        for group in groups(program)
    )
    modules = [
        replace(m, types=(*m.types, *crud.added[m.name])) if m.name in crud.added else m for m in program.modules
    ]
    paging = (PAGING,) if crud.added else ()
    return Catalogue(Program(modules=(*paging, *modules)), sections, crud.derived)


def _unique(names: Iterator[tuple[str, str]]) -> dict[QName, str]:
    pairs = list(names)
    count: dict[str, int] = {}
    for _, name in pairs:
        count[name] = count.get(name, 0) + 1
    return {f"{module}.{name}": name if count[name] == 1 else f"{module}_{name}" for module, name in pairs}
