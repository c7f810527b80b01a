"""Pydantic models of every module, written by datamodel-code-generator from JSON Schema.

It is given the schemas of `codegen.emit.schema` with the Python types named, all modules in one run. What JSON Schema
cannot say (bounds of money and times, typed defaults, maps with integer keys) goes in as a token, and the token is
replaced in the text that comes out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.python.names import attribute_name, class_name, quoted
from codegen.emit.python.patterns import pattern_notes
from codegen.emit.python.types import RUNTIME_TYPES, python_type, runtime_name, value_text
from codegen.emit.schema.schema import (
    TEXT_BOUNDED,
    Dialect,
    Schema,
    declaration_schema,
    description,
    or_null,
    primitive_schema,
    type_schema,
)
from codegen.model.model import (
    Alias,
    Enum,
    ErrorGroup,
    Event,
    Field,
    ListOf,
    MapOf,
    Module,
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

Expression = Callable[[Imports], str]
"""Python text, written once the imports of its file are known."""

_TOKEN_MODULE = "oschema_tokens"
_TOKEN = re.compile(r"['\"](OSCHEMA_\w+)['\"]|\b(OSCHEMA_\w+)\b")


def emit(program: Program) -> Iterable[Output]:
    feed = _Feed(program)
    texts = _generate(feed.definitions(), _renamed(program))
    for module in program.modules:
        if text := texts.get(module.name):
            yield Output(f"models/{module.name}.py", _finish(module, text, feed.tokens))


def _generate(definitions: dict[str, Schema], aliases: dict[str, str]) -> dict[str, str]:
    """Module name → text, as datamodel-code-generator writes it."""
    from datamodel_code_generator import Formatter, InputFileType, PythonVersion, generate
    from datamodel_code_generator.enums import DataModelType

    if not definitions:
        return {}
    modules = generate(
        {"$defs": definitions},
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        formatters=[Formatter.BUILTIN],
        builtin_format_line_length=120,
        disable_timestamp=True,
        base_class=f"{_TOKEN_MODULE}.OSCHEMA_Struct",
        aliases=aliases,
        treat_dot_as_module=True,
        use_exact_imports=True,
        use_annotated=True,
        field_constraints=True,
        use_type_alias=True,
        strict_nullable=True,
        use_standard_collections=True,
        use_union_operator=True,
        use_double_quotes=True,
        use_specialized_enum=True,
        capitalise_enum_members=True,
        set_default_enum_member=True,
        use_one_literal_as_default=True,
        use_schema_description=True,
        use_field_description=True,
        use_single_line_docstring=True,
        custom_class_name_generator=str,
        field_extra_keys={"x-sensitive"},
    )
    assert isinstance(modules, dict)
    return {path[0].removesuffix(".py"): text for path, text in modules.items()}


def _renamed(program: Program) -> dict[str, str]:
    """Fields whose attribute has another name."""
    names = (name for module in program.modules for name in _field_names(module))
    return {name: attribute for name in names if (attribute := attribute_name(name)) != name}


def _field_names(module: Module) -> Iterable[str]:
    owners: tuple[Struct | Event, ...] = (*module.structs, *module.events)
    return (field.name for owner in owners for field in owner.fields)


# --- what goes in -----------------------------------------------------------------------------------------------


class _Feed:
    """The definitions datamodel-code-generator reads, and the tokens in them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tokens: dict[str, Expression] = {
            "OSCHEMA_Struct": lambda imports: imports.name("codegen.runtime.values.struct", "Struct")
        }
        self.dialect = Dialect(leaf=self._leaf, null=_or_null, rename=_class_path)

    def definitions(self) -> dict[str, Schema]:
        return {
            _class_path(declared.qname): self._declaration(declared)
            for module in self.program.modules
            for declared in (*module.types, *module.events)
            if not isinstance(declared, ErrorGroup)
        }

    def _declaration(self, declared: TypeDecl | Event) -> Schema:
        match declared:
            case Struct() | Event():
                schema = self._object(declared)
            case Alias():
                schema = self._type(declared.type, declared.nullable, declared, declared.module)
            case Enum(open=True):
                schema = {"type": "string"}
            case _:
                schema = declaration_schema(self.program, declared, self.dialect)
        if text := description(declared):
            schema["description"] = text
        if isinstance(declared, Enum) and declared.open:
            known = "Known values: " + ", ".join(f"`{value.name}`" for value in declared.values) + "."
            schema["description"] = f"{text}\n\n{known}" if text else known
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
        schema = dict(self._type(field.type, field.nullable, field, owner.module))
        if text := description(field):
            schema["description"] = text
        if field.sensitive:
            schema["x-sensitive"] = True
        if field.optional or field.default is not None:
            schema["default"] = self._default(field, owner.module)
        return schema

    def _type(self, type_: Type, nullable: bool, constrained: Field | Alias, here: str) -> Schema:
        schema = type_schema(self.program, type_, self.dialect, constraints=[constrained.constraints])
        if not (self._beyond(type_) or _needs_code(schema)):
            if "pattern" in schema:
                schema["pattern"] = read_pattern(schema["pattern"]).plain
            return self.dialect.null(schema) if nullable else schema
        bare = self.program.base(type_) if constrained.constraints else type_

        def expression(imports: Imports) -> str:
            text = python_type(self.program, bare, imports, models="", here=here)
            text = _annotated(text, schema, imports)
            return f"{text} | None" if nullable else text

        return {"type": "string", "x-python-type": f"{_TOKEN_MODULE}.{self._token(expression)}"}

    def _leaf(self, type_: Primitive | Ref) -> Schema:
        if type_ == Primitive("str"):
            return primitive_schema(type_)
        module, name = ("typing", "Any") if type_ == Primitive("json") else (RUNTIME_TYPES, runtime_name(type_))
        token = f"OSCHEMA_{name}"  # a token too, so that a type of the schema may have that name
        self.tokens[token] = lambda imports: imports.name(module, name)
        return {"type": primitive_schema(type_).get("type", "string"), "x-python-type": f"{_TOKEN_MODULE}.{token}"}

    def _beyond(self, type_: Type) -> bool:
        """Whether a type has a map whose keys are no plain strings."""
        match type_:
            case MapOf(key=key, value=value):
                return key != Primitive("str") or self._beyond(value)
            case ListOf(item=inner) | Nullable(inner=inner):
                return self._beyond(inner)
            case _:
                return False

    def _token(self, expression: Expression) -> str:
        token = f"OSCHEMA_{len(self.tokens) + 1}"
        self.tokens[token] = expression
        return token

    def _default(self, field: Field, here: str) -> Any:
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
                lambda imports: _factory(
                    imports, f"lambda: {value_text(self.program, base, value, imports, models='', here=here)}"
                )
            )
        if isinstance(base, Named) or (isinstance(base, Primitive) and base.name not in _TEXTUAL):
            return value
        return self._token(lambda imports: value_text(self.program, base, value, imports, models="", here=here))


_TEXTUAL = frozenset({*TEXT_BOUNDED, "bytes", "uuid"})
"""Primitives whose Python value is no JSON value."""


def _class_path(name: QName) -> str:
    module, _, declared = name.rpartition(".")
    return f"{module}.{class_name(declared)}"


def _or_null(schema: Schema) -> Schema:
    null = or_null(schema)
    return {**null, "x-python-type": f"{schema['x-python-type']} | None"} if "x-python-type" in schema else null


# --- constraints ------------------------------------------------------------------------------------------------


def _needs_code(schema: Schema) -> bool:
    """Whether JSON Schema's keywords do not say it, or datamodel-code-generator would not read them so."""
    return (
        "x-minimum" in schema
        or "x-maximum" in schema
        or "allOf" in schema
        or ("pattern" in schema and bool(read_pattern(schema["pattern"]).begins))
    )


def _annotated(text: str, schema: Schema, imports: Imports) -> str:
    """`Annotated[…]` with the constraints of a schema."""
    notes: list[str] = []
    limits: list[str] = []
    for argument, *keys in (
        ("ge", "minimum"),
        ("le", "maximum"),
        ("min_length", "minLength", "minItems", "minProperties"),
        ("max_length", "maxLength", "maxItems", "maxProperties"),
    ):
        limits.extend(f"{argument}={schema[key]!r}" for key in keys if key in schema)
    patterns = [schema["pattern"]] if "pattern" in schema else []
    patterns += [part["pattern"] for part in schema.get("allOf", ())]
    limit, matches = pattern_notes(patterns, imports)
    limits.extend(limit)
    notes.extend(matches)
    sides = (("at_least", "x-minimum"), ("at_most", "x-maximum"))
    bounds = [f"{argument}={quoted(str(schema[key]))}" for argument, key in sides if key in schema]
    if bounds:
        notes.append(f"{imports.name(RUNTIME_TYPES, 'Bounds')}({', '.join(bounds)})")
    if limits:
        notes.insert(0, f"{imports.name('pydantic', 'Field')}({', '.join(limits)})")
    return f"{imports.name('typing', 'Annotated')}[{text}, {', '.join(notes)}]" if notes else text


def _factory(imports: Imports, factory: str) -> str:
    return f"{imports.name('pydantic', 'Field')}(default_factory={factory})"


# --- what comes out ---------------------------------------------------------------------------------------------


def _finish(module: Module, text: str, tokens: dict[str, Expression]) -> str:
    """The text with tokens replaced, its imports sorted again and the unused ones gone, below our own header."""
    tree = ast.parse(text)
    statements = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    body = "".join(text.splitlines(keepends=True)[statements[-1].end_lineno :]).strip()
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    declared = (each.name for each in (*module.types, *module.events))
    imports = Imports({*declared, *map(attribute_name, _field_names(module))})
    imports.name("__future__", "annotations")
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and statement.module not in ("__future__", _TOKEN_MODULE):
            origin = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                local = alias.asname or alias.name
                if local in used:
                    imports.bind(origin, alias.name, local)
    body = _TOKEN.sub(lambda match: tokens[match[1] or match[2]](imports), body)
    title = f'"""Models of the module `{module.name}`."""'
    gap = "\n\n\n" if body.startswith("class ") else "\n\n"
    return f"{header(module.files)}\n{title}\n\n{imports.text()}{gap}{body}\n"
