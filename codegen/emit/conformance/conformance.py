"""Turn interfaces into conformance kits: a pytest class each, which a plugin's author subclasses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.emit.conformance.roundtrip import emit_roundtrip
from codegen.emit.errors.errors import error_name
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.plugins.plugins import default_text
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import parts_of
from codegen.emit.python.types import python_type
from codegen.emit.render import environment
from codegen.emit.strategies.strategies import Arguments
from codegen.model.laws import echo_path
from codegen.model.model import Interface, Method, Module, Named, Param, Program, Struct
from codegen.runtime.values.python_names import argument_name, attribute_name, class_name, method_name, quoted


@dataclass(frozen=True, slots=True)
class Contract:
    """`lines` are the arguments of `MethodContract` after the name; `checks` how its tests check and are called."""

    name: str
    lines: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kit:
    name: str
    interface: str
    doc: str
    contracts: tuple[Contract, ...]


def emit(program: Program) -> Iterable[Output]:
    parts = parts_of(program)
    names: dict[str, list[str]] = {}
    for part in parts:
        if part.module.interfaces:
            names[part.name] = [f"{class_name(interface.name)}Conformance" for interface in part.module.interfaces]
            path = part.path("conformance")
            yield Output(path, _file(program, part.module, Imports(path, [*names[part.name], "st"])))
    yield from parts.doors("conformance", "Conformance kits for the plugins", names)
    yield from emit_roundtrip(program)


def _file(program: Program, module: Module, imports: Imports) -> str:
    imports.name("collections.abc", "Mapping")
    imports.name("typing", "ClassVar")
    for name in ("Conformance", "MethodContract", "case"):
        imports.name("codegen.runtime.testing.conformance", name)
    arguments = Arguments(program, imports)
    written = [_kit(program, interface, imports, arguments) for interface in module.interfaces]
    return (
        environment("conformance")
        .get_template("module.py.j2")
        .render(
            header=header(module.files), module=module.name, imports=imports.text(), kits=written, docstring=docstring
        )
    )


def _kit(program: Program, interface: Interface, imports: Imports, arguments: Arguments) -> Kit:
    name = class_name(interface.name)
    return Kit(
        f"{name}Conformance",
        imports.name(f"~.plugins.{interface.module}", name),
        f"What every `{interface.name}` must hold to. Subclass it, set `provider`, and give `calls` that succeed.",
        tuple(_contract(program, method, imports, arguments) for method in interface.methods),
    )


def _contract(program: Program, method: Method, imports: Imports, arguments: Arguments) -> Contract:
    def strategies(params: list[Param]) -> list[str]:
        return [
            f"{quoted(argument_name(param.name))}: {arguments.text(param.type, nullable=param.nullable)}"
            for param in params
        ]

    lines = []
    for word, left_out in (("required", False), ("optional", True)):
        entries = strategies([p for p in method.params if (default_text(program, p) is not None) == left_out])
        if entries:
            lines.append(f"{word}={{{', '.join(entries)}}}")
    if method.result is not None:
        lines.append(f"result={python_type(program, method.result, imports, nullable=method.result_nullable)}")
    if method.errors:
        errors = [error_name(program, name, imports) for name in method.errors]
        lines.append(f"errors=({', '.join(errors)},)")
    if method.safe:
        lines.append("safe=True")
    if method.idempotent:
        lines.append("idempotent=True")
    if method.same:
        given = [(param.name, _struct(program, param)) for param in method.params]
        paths = {name: path for name in method.same if (path := echo_path(given, name)) is not None}
        entries = [f"{quoted(attribute_name(name))}: {_path(path)}" for name, path in paths.items()]
        lines.append(f"same={{{', '.join(entries)}}}")
    if method.deadline is not None:
        lines.append(f"deadline={method.deadline}")
    if method.offline:
        lines.append("offline=True")
    if method.paged:
        lines.append("paged=True")
    return Contract(method_name(method.name), tuple(lines), tuple(_checks(method)))


def _checks(method: Method) -> Iterator[tuple[str, str]]:
    """Those that apply to a method, with how their tests go on after the method's name."""
    yield "signature", "can_be_called_as_declared"
    yield "calls", "answers_what_is_declared"
    yield "arbitrary", "raises_only_what_is_declared"
    yield "invalid", "refuses_wrong_values"
    if method.idempotent is not None:
        yield "repeat", "done_twice_has_one_outcome"
    if method.safe:
        yield "safe", "changes_nothing"
    if method.same:
        yield "same", "answers_what_was_asked_for"
    if method.deadline is not None:
        yield "deadline", "comes_back_in_time"
    if method.offline:
        yield "offline", "uses_no_network"
    if method.paged:
        yield "paged", "has_pages_that_end"


def _struct(program: Program, param: Param) -> Struct | None:
    base = program.base(param.type)
    found = program.types.get(base.target) if isinstance(base, Named) else None
    return found if isinstance(found, Struct) else None


def _path(path: tuple[str, ...]) -> str:
    """A place in the arguments: the parameter, and the field of it."""
    param, *fields = path
    return f"({', '.join([quoted(argument_name(param)), *(quoted(attribute_name(each)) for each in fields)])},)"
