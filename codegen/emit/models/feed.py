"""What datamodel-code-generator reads: JSON Schema with the Python types named, and tokens for what it cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from codegen.emit.models.constraints import annotated, needs_code
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Parts
from codegen.emit.python.references import values
from codegen.emit.python.types import RUNTIME_TYPES, python_type, runtime_name, value_text
from codegen.emit.schema.declarations import declaration_schema, description
from codegen.emit.schema.dialect import TEXT_BOUNDED, Dialect, Schema, or_null, primitive_schema
from codegen.emit.schema.types import through_aliases, type_schema
from codegen.model.model import (
    Alias,
    Enum,
    Event,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
)
from codegen.runtime.values.pattern import read_pattern
from codegen.runtime.values.python_names import class_name

Expression = Callable[[Imports], str]
"""Python text, written once the imports of its file are known."""

TOKEN_MODULE = "oschema_tokens"
"""Where datamodel-code-generator believes tokens come from."""

DOC = "OSCHEMA_DOC_"
"""Begins what stands for doc lines."""
_DELICATE = re.compile(r'"""|\\|"$', re.MULTILINE)
"""What a docstring must not hold as it is."""

_TEXTUAL = frozenset({*TEXT_BOUNDED, "bytes", "uuid"})
"""Primitives whose Python value is no JSON value."""


class Feed:
    """The definitions of all types, and the Python text of each token in them.

    `late` are the files of a part whose names its defaults cannot use before the file is whole (`late_imports`).
    """

    def __init__(self, program: Program, parts: Parts, late: Mapping[str, frozenset[str]]) -> None:
        self.program, self.parts, self.late = program, parts, late
        self.tokens: dict[str, Expression] = {
            "OSCHEMA_Struct": lambda imports: imports.name("codegen.runtime.values.struct", "Struct")
        }
        self.docs: list[str] = []
        self.dialect = Dialect(leaf=self._leaf, null=_or_null, rename=class_path, storage=False)

    def definitions(self) -> dict[str, Schema]:
        return {
            class_path(declared.qname): self._declaration(declared)
            for module in self.program.modules
            for declared in values(module.types, module.events)
        }

    def _declaration(self, declared: TypeDecl | Event) -> Schema:
        match declared:
            case Struct() | Event():
                schema = self._object(declared)
            case Alias():
                schema = self._type(declared.type, declared.nullable, declared)
            case Enum(open=True):
                schema = {"type": "string"}
            case _:
                schema = declaration_schema(self.program, declared, self.dialect)
                if isinstance(declared, Enum) and any(value.constant for value in declared.values):
                    schema["x-enum-varnames"] = [value.constant or value.name for value in declared.values]
        if text := description(declared):
            schema["description"] = self._doc(text)
        if isinstance(declared, Enum) and declared.open:
            known = "Known values: " + ", ".join(f"`{value.name}`" for value in declared.values) + "."
            schema["description"] = self._doc(f"{text}\n\n{known}" if text else known)
        return schema

    def _object(self, declared: Struct | Event) -> Schema:
        properties: dict[str, Schema] = {}
        required = [field.name for field in declared.fields if not field.optional and field.default is None]
        if isinstance(declared, Struct) and declared.union_tag:
            tag, value = declared.union_tag
            properties[tag] = {"const": value}
            required.insert(0, tag)
        for field in declared.fields:
            properties[field.name] = self._field(field, declared)
        return {"type": "object", "properties": properties, "required": required}

    def _field(self, field: Field, owner: Struct | Event) -> Schema:
        schema = dict(self._type(field.type, field.nullable, field))
        if text := description(field):
            schema["description"] = self._doc(text)
        if field.sensitive:
            schema["x-sensitive"] = True
        if field.optional or field.default is not None:
            schema["default"] = self._default(field, owner)
        return schema

    def _type(self, type_: Type, nullable: bool, constrained: Field | Alias) -> Schema:
        type_, nullable, own = through_aliases(self.program, type_, nullable, [constrained.constraints])
        schema = type_schema(self.program, type_, self.dialect, constraints=own)
        if not (self._beyond(type_) or needs_code(schema)):
            if "pattern" in schema:
                schema["pattern"] = read_pattern(schema["pattern"]).plain
            return self.dialect.null(schema) if nullable else schema

        def expression(imports: Imports) -> str:
            text = annotated(python_type(self.program, type_, imports), schema, imports)
            return f"{text} | None" if nullable else text

        return {"type": "string", "x-python-type": f"{TOKEN_MODULE}.{self._token(expression)}"}

    def _leaf(self, type_: Primitive | Ref) -> Schema:
        if type_ == Primitive("str"):
            return primitive_schema(type_)
        module, name = ("typing", "Any") if type_ == Primitive("json") else (RUNTIME_TYPES, runtime_name(type_))
        token = f"OSCHEMA_{name}"  # a token too, so that a type of the schema may have that name
        self.tokens[token] = lambda imports: imports.name(module, name)
        return {"type": primitive_schema(type_).get("type", "string"), "x-python-type": f"{TOKEN_MODULE}.{token}"}

    def _beyond(self, type_: Type) -> bool:
        """Whether a type has a map whose keys are no plain strings."""
        match type_:
            case MapOf(key=key, value=value):
                return key != Primitive("str") or self._beyond(value)
            case ListOf(item=inner) | Nullable(inner=inner):
                return self._beyond(inner)
            case _:
                return False

    def _doc(self, text: str) -> str:
        """The doc lines, or where datamodel-code-generator would not escape them what stands for them."""
        if not _DELICATE.search(text):
            return text
        self.docs.append(text)
        return f"{DOC}{len(self.docs) - 1}"

    def _token(self, expression: Expression) -> str:
        token = f"OSCHEMA_{len(self.tokens) + 1}"
        self.tokens[token] = expression
        return token

    def _default(self, field: Field, owner: Struct | Event) -> Any:
        """The default as JSON, or the token of a Python expression where JSON would have another type."""
        default = field.default
        if default is None or (default.value is None and not default.now):
            return None
        base = self.program.base(field.type)
        if default.now:
            assert isinstance(base, Primitive)
            now = f"{base.name}_now"
            return self._token(lambda imports: _factory(imports, imports.name(RUNTIME_TYPES, now)))
        value = default.value
        if isinstance(base, ListOf | MapOf):
            if not value:
                empty = "list" if isinstance(base, ListOf) else "dict"
                return self._token(lambda imports: _factory(imports, empty))
            return self._token(
                lambda imports: _factory(imports, f"lambda: {value_text(self.program, base, value, imports)}")
            )
        if isinstance(base, Named) and self._is_late(base, owner):
            return self._token(
                lambda imports: _factory(imports, f"lambda: {value_text(self.program, base, value, imports)}")
            )
        if isinstance(base, Named) or (isinstance(base, Primitive) and base.name not in _TEXTUAL):
            return value
        return self._token(lambda imports: value_text(self.program, base, value, imports))

    def _is_late(self, base: Named, owner: Struct | Event) -> bool:
        """Whether a closed enum is imported at the end of the file only: its default is looked up when it is needed."""
        declared = self.program.types[base.target]
        if not isinstance(declared, Enum) or declared.open:
            return False
        return self.parts.of(declared).dotted("models") in self.late.get(self.parts.of(owner).name, ())


def class_path(name: QName) -> str:
    """Where datamodel-code-generator puts a type: a file for each module."""
    module, _, declared = name.rpartition(".")
    return f"{module}.{class_name(declared)}"


def _or_null(schema: Schema) -> Schema:
    if schema.get("type") == "object":  # in a list of types datamodel-code-generator forgets what the values are
        return {"anyOf": [schema, {"type": "null"}]}
    null = or_null(schema)
    return {**null, "x-python-type": f"{schema['x-python-type']} | None"} if "x-python-type" in schema else null


def _factory(imports: Imports, factory: str) -> str:
    return f"{imports.name('pydantic', 'Field')}(default_factory={factory})"
