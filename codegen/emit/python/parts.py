"""The Python files of a kind: one for each schema file, behind a package (the door) where a module has several.

`from generated.models.shop import Item` works either way: `models/shop.py` holds everything where `shop` is one schema
file, else `models/shop/__init__.py` passes on what `models/shop/items.py` and the others hold.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath
from typing import TypeVar

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import from_lines, module_key
from codegen.model.graph import circles
from codegen.model.model import Declared, Module, Program
from codegen.model.once import made_once

D = TypeVar("D", bound=Declared)


@dataclass(frozen=True, slots=True)
class Part:
    """What one schema file declares. `name` is that of its file in each kind's folder, with dots: `shop.items`."""

    module: Module
    """The module, with the declarations of this file only."""
    name: str

    def path(self, kind: str) -> str:
        return f"{kind}/{self.name.replace('.', '/')}.py"

    def dotted(self, kind: str) -> str:
        """As `Imports` takes it."""
        return f"~.{kind}.{self.name}"


class Parts:
    """All schema files of a program."""

    def __init__(self, program: Program) -> None:
        self._by_file: dict[tuple[str, str], Part] = {}
        for module in program.modules:
            names, divided = _names(module), _by_file(module)
            for file in module.files:
                name = module.name if len(module.files) == 1 else f"{module.name}.{names[file]}"
                self._by_file[module.name, _base(file)] = Part(divided[file], name)
        self._modules = program.modules

    def __iter__(self) -> Iterator[Part]:
        return iter(self._by_file.values())

    def of(self, declared: Declared) -> Part:
        """The schema file that has a declaration."""
        return self._by_file[declared.module, _base(declared.span.path)]

    def circles(self, kind: str, edges: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
        """Of files that lead to each other (by the names of parts): the name of each → the others, as imported."""
        by_name = {part.name: part for part in self}
        return {
            name: frozenset(by_name[other].dotted(kind) for other in group if other != name)
            for group in circles(edges)
            for name in group
        }

    def doors(
        self, kind: str, what: str, names: Mapping[str, Iterable[str]], after: Mapping[str, str] | None = None
    ) -> Iterator[Output]:
        """The packages of modules with several files. `names` are what each part defines; `after` is code that follows
        the imports, by module."""
        of_module: dict[str, list[Part]] = {}
        for part in self:
            if part.name in names:
                of_module.setdefault(part.module.name, []).append(part)
        for module in self._modules:
            parts = of_module.get(module.name, [])
            if len(module.files) < 2 or not parts:
                continue
            lines: list[str] = []
            for part in sorted(parts, key=lambda part: module_key(part.name)):
                own = part.name.removeprefix(f"{module.name}.")
                lines += from_lines(f".{own}", [(name, name) for name in names[part.name]], explicit=True)
            body = "\n".join(lines)
            more = f"\n{after[module.name]}" if after and module.name in after else ""
            yield Output(
                f"{kind}/{module.name}/__init__.py",
                f'{header(module.files)}\n"""{what} of the module `{module.name}`."""\n\n{body}\n{more}',
            )


@made_once
def parts_of(program: Program) -> Parts:
    """The parts of a program, which all emitters share."""
    return Parts(program)


@cache
def _base(path: str) -> str:
    return PurePosixPath(path).name


def _by_file(module: Module) -> dict[str, Module]:
    """Each schema file of a module → the module with the declarations of that file only."""
    types, errors, services = _divided(module.types), _divided(module.errors), _divided(module.services)
    interfaces, events = _divided(module.interfaces), _divided(module.events)
    webhooks = _divided(module.webhooks)
    return {
        file: replace(
            module,
            files=(file,),
            types=tuple(types.get(_base(file), ())),
            errors=tuple(errors.get(_base(file), ())),
            services=tuple(services.get(_base(file), ())),
            interfaces=tuple(interfaces.get(_base(file), ())),
            events=tuple(events.get(_base(file), ())),
            webhooks=tuple(webhooks.get(_base(file), ())),
        )
        for file in module.files
    }


def _divided(declared: Iterable[D]) -> dict[str, list[D]]:
    """Declarations by the last part of their file's path."""
    found: dict[str, list[D]] = {}
    for each in declared:
        found.setdefault(_base(each.span.path), []).append(each)
    return found


def _names(module: Module) -> dict[str, str]:
    """Schema file → the name of its Python file: `20_line-items.oschema` gives `line_items`."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for file in module.files:
        stem = re.sub(r"\W+", "_", PurePosixPath(file).stem.lower(), flags=re.ASCII)
        name = stem.lstrip("0123456789_").rstrip("_") or f"part_{stem.strip('_')}".rstrip("_")
        if keyword.iskeyword(name):
            name += "_"
        while name in taken:
            name += "_"
        taken.add(name)
        found[file] = name
    return found
