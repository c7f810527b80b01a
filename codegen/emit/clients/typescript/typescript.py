"""Turn the checked model into a TypeScript client without dependencies, and the same as plain ES modules.

Each file is written twice, as `.ts` and as `.js`: `client` has the class `Client` and passes everything on, `runtime`
what every client has, `modules/` a file for each schema file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from codegen.emit.calls.groups import Group, groups
from codegen.emit.clients.typescript.calls import CallGroup, call_group
from codegen.emit.clients.typescript.declarations import (
    Constants,
    Declaration,
    DeclaredError,
    constants,
    declaration,
    declared_error,
    inputs,
)
from codegen.emit.clients.typescript.names import RUNTIME, Names, Types, path_of
from codegen.emit.clients.typescript.shapes import Shapes
from codegen.emit.header import header
from codegen.emit.json_text import json_text
from codegen.emit.output import Integers, Output
from codegen.emit.python.parts import Part, Parts, parts_of
from codegen.emit.render import environment
from codegen.model.model import RUNTIME_ERRORS, Enum, Program

_FOLDER = "clients/typescript"


@dataclass(frozen=True, slots=True)
class Content:
    """What the file of one schema file holds. `name` is an identifier for what only `Client` needs of it."""

    path: str
    name: str
    source: str
    imports: tuple[tuple[str, list[str]], ...]
    declarations: tuple[Declaration, ...]
    constants: tuple[Constants, ...]
    errors: tuple[DeclaredError, ...]
    shapes: tuple[tuple[str, str], ...]
    groups: tuple[CallGroup, ...]

    def __bool__(self) -> bool:
        return bool(self.declarations or self.errors or self.groups)

    @property
    def internal(self) -> bool:
        """Whether a client needs more of it than its calls."""
        return bool(self.errors or self.shapes)

    @property
    def runtime(self) -> str:
        return _relative(self.path, RUNTIME)


def emit(program: Program, integers: Integers) -> Iterable[Output]:
    names, parts = Names(program, integers), parts_of(program)
    shapes = Shapes(program, names)
    by_part: dict[str, list[Group]] = {}
    for group in groups(program):
        by_part.setdefault(parts.of(group.root or group.services[0]).name, []).append(group)
    contents = [_content(part, by_part.get(part.name, []), program, (names, parts, shapes)) for part in parts]
    contents = [content for content in contents if content]
    own = Types(program, names, parts, RUNTIME)
    sources = [file for module in program.modules for file in module.files]
    first = next(
        (f"{group.name}.{call.name}(…)" for each in contents for group in each.groups for call in group.calls), "…"
    )
    for content in contents:
        yield from _pair("module", content.path, content.source, each=content)
    yield from _pair(
        "runtime",
        RUNTIME,
        header(sources, "//"),
        errors=[declared_error(error, own, shapes) for error in RUNTIME_ERRORS],
        busy=names["runtime.Busy"],
        strings=integers == "string",
    )
    yield from _pair("client", "client", header(sources, "//"), contents=contents, example=first)
    yield Output(f"{_FOLDER}/package.json", json_text(_package(program, header(sources, ""))))


def _pair(template: str, path: str, first_line: str, **given: object) -> Iterator[Output]:
    """A file with types, and without."""
    made = environment("clients.typescript").get_template(f"{template}.ts.j2")
    for ending, typed in (("ts", True), ("js", False)):
        yield Output(f"{_FOLDER}/{path}.{ending}", made.render(header=first_line, typed=typed, **given))


def _content(part: Part, call_groups: Iterable[Group], program: Program, names: tuple[Names, Parts, Shapes]) -> Content:
    spelled, parts, shapes = names
    types = Types(program, spelled, parts, part.name)
    module = part.module
    roots = {group.root.qname: group.root for group in call_groups if group.root is not None}
    declared = [each for known in module.types for each in declaration(known, types)]
    declared += [each for root in roots.values() for each in inputs(root, types)]
    errors = tuple(declared_error(error, types, shapes) for error in module.errors)
    calls = tuple(call_group(group, types, shapes) for group in call_groups)
    of_types = ((spelled[known.qname], shapes.of_declared(known)) for known in module.types)
    path = path_of(part.name)
    imported = ((RUNTIME if other == RUNTIME else path_of(other), used) for other, used in types.imports())
    return Content(
        path,
        part.name.replace(".", "_") + "_part",
        header(module.files, "//"),
        tuple((_relative(path, other), used) for other, used in imported),
        tuple(declared),
        tuple(constants(enum, spelled) for enum in module.types if isinstance(enum, Enum)),
        errors,
        tuple((name, shape) for name, shape in of_types if shape),
        calls,
    )


def _relative(path: str, target: str) -> str:
    """How a file names another one in its imports."""
    found = PurePosixPath(os.path.relpath(target, PurePosixPath(path).parent)).as_posix()
    return f"{found if found.startswith('.') else f'./{found}'}.js"


def _package(program: Program, first_line: str) -> dict[str, object]:
    """What node and bundlers need to know of the folder."""
    modules = "-".join(module.name.replace("_", "-") for module in program.modules) or "empty"
    return {
        "name": f"{modules[:200]}-client",
        "description": first_line.strip(),
        "private": True,
        "type": "module",
        "exports": {".": {"types": "./client.ts", "default": "./client.js"}},
    }
