"""The JSON Schema of declarations: structs with their fields, enums, unions, aliases, events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from codegen.emit.schema.dialect import JSON_SCHEMA, Dialect, Schema
from codegen.emit.schema.types import type_schema
from codegen.model.model import (
    Alias,
    Enum,
    ErrorGroup,
    Event,
    Field,
    Member,
    Param,
    Program,
    QName,
    Struct,
    TypeDecl,
    Union,
)


def description(member: Member) -> str:
    """The doc lines, what a reader should use instead where it is deprecated, and an old name that is still read."""
    parts = [member.doc] if member.doc else []
    if old := old_name(member):
        parts.append(old)
    if member.deprecated:
        since = f" since {member.deprecated.since}" if member.deprecated.since else ""
        parts.append(f"Deprecated{since}: {member.deprecated.reason}")
    return "\n\n".join(parts)


def old_name(member: Member) -> str:
    """What to say of a field or parameter that had another name."""
    if member.was is None or not isinstance(member, Field | Param):
        return ""
    return f"Was `{member.was}`: that name is still read, but deprecated."


def annotated(schema: Schema, member: Member, dialect: Dialect = JSON_SCHEMA, **more: Any) -> Schema:
    """The schema with what is said about its member: doc, deprecation, `x_*` notes, and `more`."""
    notes: Schema = {}
    if text := description(member):
        notes["description"] = text
    if member.deprecated:
        notes["deprecated"] = True
    notes.update(more)
    for name, value in member.extensions.items():
        notes[name.replace("_", "-")] = value
    if notes and "$ref" in schema and not dialect.siblings:
        schema = {"allOf": [schema]}
    return {**schema, **notes}


def field_schema(program: Program, field: Field | Param, dialect: Dialect = JSON_SCHEMA) -> Schema:
    """The schema of a field or a parameter, with its doc and default."""
    more: Schema = {}
    if field.default is not None and not field.default.now:
        more["default"] = field.default.value
    if isinstance(field, Param):
        return annotated(type_schema(program, field.type, dialect, nullable=field.nullable), field, dialect, **more)
    if field.server or field.computed:
        more["readOnly"] = True
    if field.immutable:
        more["x-immutable"] = True
    if field.sensitive:
        more["x-sensitive"] = True
    if dialect.storage:
        more |= _storage(field)
    schema = type_schema(program, field.type, dialect, nullable=field.nullable, constraints=[field.constraints])
    return annotated(schema, field, dialect, **more)


def _storage(field: Field) -> Schema:
    """How a field is kept, as far as JSON Schema has no word for it."""
    flags = {
        "x-index": field.index and not field.unique,
        "x-unique": field.unique,
        "x-set-once": field.set_once,
        "x-computed": field.computed,
    }
    notes: Schema = {name: True for name, is_set in flags.items() if is_set}
    if field.default is not None and field.default.now:
        notes["x-default"] = "now"
    return notes


def object_schema(
    program: Program, fields: Iterable[Field | Param], required: Iterable[str], dialect: Dialect = JSON_SCHEMA
) -> Schema:
    """An object that has these fields and no others."""
    schema: Schema = {"type": "object", "properties": {f.name: field_schema(program, f, dialect) for f in fields}}
    if names := list(required):
        schema["required"] = names
    schema["additionalProperties"] = False
    return schema


def _read_old(schema: Schema, names: Mapping[str, str]) -> None:
    """Let an object have the old names of its fields, never both of one: old name → new one."""
    required: list[str] = schema.get("required", [])
    rules: list[Schema] = []
    for old, new in names.items():
        own = {key: value for key, value in schema["properties"][new].items() if key != "default"}
        schema["properties"][old] = {**own, "description": f"The old name of `{new}`.", "deprecated": True}
        if new in required:
            required.remove(new)
            rules.append({"oneOf": [{"required": [new]}, {"required": [old]}]})
        else:
            rules.append({"not": {"required": [new, old]}})
    if "required" in schema and not required:
        del schema["required"]
    schema["allOf"] = rules


def always_present(fields: Iterable[Field]) -> list[str]:
    """The fields that an object which is read has in any case; what has a default may be left out when it is sent."""
    return [field.name for field in fields if not field.optional and field.default is None]


def declaration_schema(program: Program, declared: TypeDecl | Event, dialect: Dialect = JSON_SCHEMA) -> Schema:
    """The definition of a type or an event (error groups have none)."""
    match declared:
        case Struct(union_tag=tag):
            schema = object_schema(program, declared.fields, always_present(declared.fields), dialect)
            if tag is not None:
                schema["properties"] = {tag[0]: {"const": tag[1]}, **schema["properties"]}
                schema["required"] = [tag[0], *schema.get("required", ())]
            if declared.old_names and not declared.rootobject:
                _read_old(schema, declared.old_names)
            if declared.rootobject and dialect.storage:
                schema["x-root-object"] = "append only" if declared.append_only else True
        case Event():
            schema = object_schema(program, declared.fields, always_present(declared.fields), dialect)
        case Enum():
            key = "x-enum-open" if declared.open else "enum"
            schema = {"type": "string", key: [value.name for value in declared.values]}
            if dialect.storage and (said := {v.name: text for v in declared.values if (text := description(v))}):
                schema["x-values"] = said
        case Union():
            refs = [dialect.ref(member) for member in declared.members]
            schema = {
                "oneOf": [{"$ref": ref} for ref in refs],
                "discriminator": {"propertyName": declared.tag, "mapping": dict(zip(declared.tags, refs, strict=True))},
            }
        case Alias():
            schema = type_schema(
                program, declared.type, dialect, nullable=declared.nullable, constraints=[declared.constraints]
            )
        case ErrorGroup():
            raise TypeError(f"{declared.qname} is a group of errors, which are no values")
    if declared.since and dialect.storage:
        schema["x-since"] = declared.since
    return annotated(schema, declared, dialect)


def definitions(program: Program, dialect: Dialect = JSON_SCHEMA) -> dict[QName, Schema]:
    """All types and events by qualified name, in source order."""
    return {
        dialect.rename(declared.qname): declaration_schema(program, declared, dialect)
        for module in program.modules
        for declared in (*module.types, *module.events)
        if not isinstance(declared, ErrorGroup)
    }
