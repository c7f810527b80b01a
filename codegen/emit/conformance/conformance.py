"""Turn interfaces into conformance kits: a pytest class each, which a plugin's author subclasses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.emit.conformance.roundtrip import emit_roundtrip
from codegen.emit.errors.errors import error_name
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.plugins.plugins import default_text
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Parts
from codegen.emit.python.types import python_type
from codegen.emit.render import environment
from codegen.emit.strategies.strategies import Arguments
from codegen.model.model import Interface, Method, Module, Param, Program
from codegen.runtime.values.python_names import argument_name, class_name, method_name, quoted


@dataclass(frozen=True, slots=True)
class Contract:
    """`lines` are the arguments of `MethodContract` after the name; `checks` the suffixes of its tests."""

    name: str
    lines: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kit:
    name: str
    interface: str
    doc: str
    contracts: tuple[Contract, ...]


def emit(program: Program) -> Iterable[Output]:
    parts = Parts(program)
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
    for name in ("Conformance", "MethodContract"):
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
    checks = (
        "signature",
        "calls",
        "arbitrary",
        "invalid",
        *["repeat"] * bool(method.idempotent),
        *["safe"] * method.safe,
    )
    return Contract(method_name(method.name), tuple(lines), checks)
