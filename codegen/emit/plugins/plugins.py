"""Turn interfaces into what plugin authors implement: an abstract class each, typed, with the errors it may raise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import parts_of
from codegen.emit.python.types import python_type
from codegen.emit.render import environment
from codegen.model.model import Interface, Method, Module, Param, Primitive, Program
from codegen.runtime.values.python_names import argument_name, class_name, method_name, quoted


@dataclass(frozen=True, slots=True)
class AbstractMethod:
    """`signature` is all of it from `def` to the colon; `doc` ends with what it raises."""

    signature: str
    doc: str


@dataclass(frozen=True, slots=True)
class AbstractClass:
    name: str
    doc: str
    methods: tuple[AbstractMethod, ...]


def emit(program: Program) -> Iterable[Output]:
    parts = parts_of(program)
    names: dict[str, list[str]] = {}
    for part in parts:
        if declared := [class_name(interface.name) for interface in part.module.interfaces]:
            names[part.name] = declared
            path = part.path("plugins")
            yield Output(path, _file(program, part.module, Imports(path, declared)))
    yield from parts.doors("plugins", "Interfaces of the plugins", names)


def _file(program: Program, module: Module, imports: Imports) -> str:
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
            AbstractMethod(_def(signature(program, method, imports)), _method_doc(program, method))
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


def _def(parts: Signature) -> str:
    return f"    def {parts.name}({', '.join(parts.arguments)}) -> {parts.result}:"
