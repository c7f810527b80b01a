"""Turn interfaces into what plugin authors implement: an abstract class each, typed, with the errors it may raise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.names import argument_name, class_name, method_name, quoted
from codegen.emit.python.types import python_type
from codegen.emit.render import environment
from codegen.model.model import Interface, Method, Module, Param, Primitive, Program

_WIDTH = 120


@dataclass(frozen=True, slots=True)
class AbstractMethod:
    """`signature` is all of it from `def` to the colon, wrapped; `doc` ends with what it raises."""

    signature: str
    doc: str


@dataclass(frozen=True, slots=True)
class AbstractClass:
    name: str
    doc: str
    methods: tuple[AbstractMethod, ...]


def emit(program: Program) -> Iterable[Output]:
    for module in program.modules:
        if module.interfaces:
            yield Output(f"plugins/{module.name}.py", _file(program, module))


def _file(program: Program, module: Module) -> str:
    imports = Imports([class_name(interface.name) for interface in module.interfaces])
    imports.name("abc", "abstractmethod")
    bases = {
        name: imports.name(module, name)
        for module, name in (("abc", "ABC"), ("typing", "ClassVar"), ("codegen.runtime.plugins.registry", "Metadata"))
    }
    classes = [_class(program, interface, imports) for interface in module.interfaces]
    return (
        environment("plugins")
        .get_template("module.py.j2")
        .render(
            header=header(module.files),
            module=module.name,
            imports=imports.text(),
            classes=classes,
            docstring=docstring,
            **bases,
        )
    )


def _class(program: Program, interface: Interface, imports: Imports) -> AbstractClass:
    return AbstractClass(
        class_name(interface.name),
        interface.doc or f"What a `{interface.name}` can do.",
        tuple(
            AbstractMethod(_wrapped(signature(program, method, imports)), _method_doc(program, method))
            for method in interface.methods
        ),
    )


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    arguments: tuple[str, ...]
    result: str


def signature(program: Program, method: Method, imports: Imports) -> Signature:
    """What must be given stands first, in declared order; what may be left out is given by name."""
    required = [param for param in method.params if default_text(program, param) is None]
    optional = [param for param in method.params if default_text(program, param) is not None]
    result = (
        "None"
        if method.result is None
        else python_type(program, method.result, imports, nullable=method.result_nullable)
    )
    return Signature(
        method_name(method.name),
        (
            "self",
            *(f"{argument_name(p.name)}: {_annotation(program, p, imports)}" for p in required),
            *(["*"] if optional else []),
            *(
                f"{argument_name(p.name)}: {_annotation(program, p, imports)} = {default_text(program, p)}"
                for p in optional
            ),
        ),
        result,
    )


def default_text(program: Program, param: Param) -> str | None:
    """The default in Python; None where the argument must be given, as where its default is no plain constant."""
    if param.default is None or param.default.now:
        return "None" if param.optional else None
    value, base = param.default.value, program.base(param.type)
    if value is None:
        return "None"
    if isinstance(base, Primitive) and base.name == "str" and isinstance(value, str):
        return quoted(value)
    return repr(value) if isinstance(value, bool | int | float) else None


def _annotation(program: Program, param: Param, imports: Imports) -> str:
    return python_type(program, param.type, imports, nullable=param.nullable)


def _method_doc(program: Program, method: Method) -> str:
    parts = [method.doc] if method.doc else [f"`{method.name}`."]
    params = [f"{argument_name(param.name)}: {param.doc}" for param in method.params if param.doc]
    if params:
        parts.append("\n".join(params))
    if method.deprecated:
        parts.append(f"Deprecated: {method.deprecated.reason}")
    raises = [program.errors[name] for name in method.errors]
    parts.append(
        "Raises nothing that is declared."
        if not raises
        else "Raises " + ", ".join(f"`{error.name}`" for error in raises) + "."
    )
    return "\n\n".join(parts)


def _wrapped(parts: Signature) -> str:
    line = f"    def {parts.name}({', '.join(parts.arguments)}) -> {parts.result}:"
    if len(line) <= _WIDTH:
        return line
    indent = " " * (len(parts.name) + 9)
    lines = [f"    def {parts.name}("]
    for at, argument in enumerate(parts.arguments):
        last = at == len(parts.arguments) - 1
        piece = f"{argument}) -> {parts.result}:" if last else f"{argument},"
        if lines[-1].endswith("("):
            lines[-1] += piece
        elif len(lines[-1]) + 1 + len(piece) <= _WIDTH:
            lines[-1] += f" {piece}"
        else:
            lines.append(indent + piece)
    return "\n".join(lines)
