"""Turn declared errors into typed exceptions: what handlers raise, and what the Python client raises again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports, Origin
from codegen.emit.python.parts import Part, Parts, parts_of
from codegen.emit.python.references import Origins
from codegen.emit.python.types import python_type, value_text
from codegen.emit.render import environment
from codegen.model.model import Error, ErrorGroup, Field, Module, Program, QName, old_names
from codegen.runtime.values.python_names import argument_name, quoted

RUNTIME_ERRORS = "codegen.runtime.errors"

_EXCEPTION_NAMES = frozenset(
    {"args", "add_note", "code", "data", "message", "old_names", "slug", "status", "with_traceback"}
)
"""What every error class has already: a field of such a name gets a `_` behind it in Python."""


def emit(program: Program) -> Iterable[Output]:
    parts = parts_of(program)
    late = parts.circles("errors", {part.name: list(_leads_to(program, parts, part)) for part in parts})
    names: dict[str, list[str]] = {}
    for part in parts:
        declared = [each.name for each in (*part.module.errors, *_groups(part.module))]
        if declared:
            names[part.name] = declared
            path = part.path("errors")
            imports = Imports(path, declared, late.get(part.name, ()))
            yield Output(path, _file(program, part, imports, Origins(parts, "errors", part)))
    yield from parts.doors("errors", "Errors", names)


def error_name(program: Program, target: QName, imports: Imports, origin: Origin | None = None) -> str:
    """Import an error class, declared or predeclared, and say how to write it; `origin` says from where in the files of
    the errors themselves."""
    error = program.errors[target]
    if error.module == "runtime":
        return imports.name(RUNTIME_ERRORS, error.name)
    module = origin(error) if origin else f"~.errors.{error.module}"
    return error.name if module is None else imports.name(module, error.name)


def _leads_to(program: Program, parts: Parts, part: Part) -> Iterator[str]:
    """The parts whose errors stand in a group of this one."""
    for group in _groups(part.module):
        for name in group.errors:
            if (error := program.errors[name]).module != "runtime":
                yield parts.of(error).name


def _groups(module: Module) -> tuple[ErrorGroup, ...]:
    return tuple(declared for declared in module.types if isinstance(declared, ErrorGroup))


def _file(program: Program, part: Part, imports: Imports, origin: Origin) -> str:
    module, groups = part.module, _groups(part.module)
    imports.name("__future__", "annotations")
    base = imports.name(RUNTIME_ERRORS, "DeclaredError")
    any_type = ""
    if any(error.fields for error in module.errors):
        any_type = imports.name("typing", "Any")
        imports.name(RUNTIME_ERRORS, "dumped")
    classes = [_error(program, error, imports) for error in module.errors]
    unions = [
        {
            "name": group.name,
            "doc": docstring(group.doc or "Any of these errors, as `except` takes them.", ""),
            "members": [error_name(program, name, imports, origin) for name in group.errors],
        }
        for group in groups
    ]
    return (
        environment("errors")
        .get_template("module.py.j2")
        .render(
            header=header(module.files),
            module=module.name,
            imports=imports.text(),
            base=base,
            Any=any_type,
            errors=classes,
            groups=unions,
            late=imports.late_text(),
        )
    )


def _error(program: Program, error: Error, imports: Imports) -> dict[str, object]:
    fields = []
    for field in error.fields:
        name = argument_name(field.name)
        name += "_" if name in _EXCEPTION_NAMES else ""
        type_ = python_type(program, field.type, imports, nullable=field.nullable)
        if name != field.name:
            type_ = (
                f"{imports.name('typing', 'Annotated')}[{type_}, "
                f"{imports.name('pydantic', 'Field')}(alias={quoted(field.name)})]"
            )
        fields.append({"name": name, "argument": f"{name}: {type_}{_default(program, field)}"})
    docs = [
        part
        for part in (
            error.doc or f"{error.message[:1].upper()}{error.message[1:]}.",
            *(f"`{field.name}`: {field.doc}" for field in error.fields if field.doc),
        )
        if part
    ]
    signature = ", ".join(
        [
            "self",
            "message: str | None = None",
            *(["*"] if fields else []),
            *(str(field["argument"]) for field in fields),
        ]
    )
    return {
        "name": error.name,
        "doc": docstring("\n\n".join(docs), "    "),
        "code": error.code,
        "slug": error.slug,
        "status": error.status,
        "message": quoted(error.message),
        "fields": fields,
        "old_names": json.dumps(names) if (names := old_names(error.fields)) else "",
        "signature": signature,
    }


def _default(program: Program, field: Field) -> str:
    """A plain literal; any other default is given by whoever raises the error."""
    if field.optional:
        return " = None"
    if field.default is None or field.default.now or isinstance(field.default.value, list | dict):
        return ""
    value = value_text(program, field.type, field.default.value, Imports(""))
    return "" if "(" in value else f" = {value}"
