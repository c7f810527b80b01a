"""Constants of open enums: their models are any text, so the values that are known get a class of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from codegen.model.model import Enum, EnumValue, Module, Program, TypeDecl


def with_known_values(program: Program) -> Program:
    """The program with a closed enum `KnownProvider` behind each open one `Provider`."""
    return replace(program, modules=tuple(_module(program, module) for module in program.modules))


def known_values(program: Program, enum: Enum) -> Enum:
    """The closed enum of the values that an open one knows."""
    name = f"Known{enum.name}"
    taken = {each.name for module in program.modules for each in (*module.types, *module.events)}
    while name in taken:
        name += "_"
    doc = f"The known values of `{enum.name}`; there may be others."
    return replace(enum, name=name, open=False, doc=doc, values=tuple(_apart(enum.values)))


def _apart(values: Iterable[EnumValue]) -> Iterator[EnumValue]:
    """The values, of which one that would be the same constant as an earlier one has a `_` behind its name."""
    taken: set[str] = set()
    for value in values:
        while value.constant_name in taken:
            value = replace(value, constant=f"{value.constant_name.lower()}_")
        taken.add(value.constant_name)
        yield value


def _module(program: Program, module: Module) -> Module:
    types: list[TypeDecl] = []
    for declared in module.types:
        types.append(declared)
        if isinstance(declared, Enum) and declared.open:
            types.append(known_values(program, declared))
    return replace(module, types=tuple(types))
