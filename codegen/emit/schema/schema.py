"""JSON Schema 2020-12 of every type and event (`schema.json`), and the same in draft-07 for OpenRPC.

A definition is named by its qualified name (`shop.User`) and describes an object as it is read: fields that the
server fills are there. Beyond the standard: `x-ref` (the root object a sid refers to), `x-currency`, `x-enum-open`
(known values of an open enum), `x-minimum` and `x-maximum` (bounds of values that travel as text), `x-sensitive`,
`x-immutable`, and each `x_*` note with dashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

import codegen.runtime.values.types as values
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.model.model import (
    INTEGER_BOUNDS,
    Alias,
    Constraints,
    Enum,
    ErrorGroup,
    Event,
    Field,
    ListOf,
    MapOf,
    Member,
    Named,
    Nullable,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
    Union,
)
from codegen.runtime.values.pattern import read_pattern
from codegen.runtime.values.types import BASE64_PATTERN, DECIMAL_PATTERN, MONEY_PATTERN, OTIME_PATTERN, SID_PATTERN

Schema = dict[str, Any]
Bound = int | float | str

_F32_MAX = 3.4028234663852886e38
_INTEGER_KEY = r"^(0|-?[1-9][0-9]*)$"

_PRIMITIVES: Mapping[str, Schema] = {
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN},
    "f32": {"type": "number", "minimum": -_F32_MAX, "maximum": _F32_MAX},
    "f64": {"type": "number"},
    "decimal": {"type": "string", "format": "decimal", "pattern": DECIMAL_PATTERN},
    "money": {"type": "string", "format": "money", "pattern": MONEY_PATTERN},
    "otime": {"type": "string", "format": "date-time", "pattern": OTIME_PATTERN},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "duration": {"type": "string", "format": "duration"},
    "uuid": {"type": "string", "format": "uuid"},
    "sid": {"type": "string", "pattern": SID_PATTERN},
    "json": {},
    **{name: {"type": "integer", "minimum": low, "maximum": high} for name, (low, high) in INTEGER_BOUNDS.items()},
}

TEXT_BOUNDED: Mapping[str, TypeAdapter[Any]] = {
    "decimal": TypeAdapter(values.Decimal),
    "money": TypeAdapter(values.Money),
    "otime": TypeAdapter(values.OTime),
    "datetime": TypeAdapter(values.DateTime),
    "date": TypeAdapter(values.Date),
    "duration": TypeAdapter(values.Duration),
}
"""Primitives with bounds that travel as text, and what reads them."""


def primitive_schema(type_: Primitive | Ref) -> Schema:
    """The schema of one value that is not made of others."""
    if isinstance(type_, Ref):
        return {"type": "string", "pattern": SID_PATTERN, "x-ref": type_.target}
    schema = dict(_PRIMITIVES[type_.name])
    if type_.currency:
        schema["x-currency"] = type_.currency
    return schema


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if not schema or isinstance(schema.get("type"), list):
        return schema
    if isinstance(schema.get("type"), str) and "enum" not in schema and "const" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where references point, and how much of JSON Schema the reader knows."""

    refs: str = "#/$defs/"
    siblings: bool = True
    """Keywords beside a `$ref` count (2020-12); in draft-07 they are ignored, and the reference moves into `allOf`."""
    leaf: Callable[[Primitive | Ref], Schema] = primitive_schema
    null: Callable[[Schema], Schema] = or_null
    rename: Callable[[QName], str] = str
    """The key of a type's definition."""

    def ref(self, target: QName) -> str:
        return self.refs + self.rename(target)


JSON_SCHEMA = Dialect()
OPENRPC = Dialect(refs="#/components/schemas/", siblings=False)


# --- types ------------------------------------------------------------------------------------------------------


def type_schema(
    program: Program,
    type_: Type,
    dialect: Dialect = JSON_SCHEMA,
    *,
    nullable: bool = False,
    constraints: Iterable[Constraints] = (),
) -> Schema:
    """The schema of a value of `type_`; `constraints` hold beside those of its aliases."""
    own = [c for c in constraints if c]
    if own and any(program.aliases_of(type_)):
        own += [alias.constraints for alias in program.aliases_of(type_)]
        nullable = nullable or any(alias.nullable for alias in program.aliases_of(type_))
        type_ = program.base(type_)
    schema = constrained(program, type_, _bare(program, type_, dialect), own)
    return dialect.null(schema) if nullable else schema


def _bare(program: Program, type_: Type, dialect: Dialect) -> Schema:
    match type_:
        case Named(target=target):
            return {"$ref": dialect.ref(target)}
        case ListOf(item=item):
            return {"type": "array", "items": type_schema(program, item, dialect)}
        case MapOf(key=key, value=value):
            return {
                "type": "object",
                "additionalProperties": type_schema(program, value, dialect),
                **_key_schema(program, key, dialect),
            }
        case Nullable(inner=inner):
            return dialect.null(type_schema(program, inner, dialect))
        case _:
            return dialect.leaf(type_)


def _key_schema(program: Program, key: Type, dialect: Dialect) -> Schema:
    """Keys are strings in JSON: integers are written in decimal."""
    if key == Primitive("str"):
        return {}
    base = program.base(key)
    if isinstance(base, Primitive) and base.name in INTEGER_BOUNDS:
        return {"propertyNames": {"pattern": _INTEGER_KEY}}
    return {"propertyNames": type_schema(program, key, dialect)}


# --- constraints ------------------------------------------------------------------------------------------------


def constrained(program: Program, type_: Type, schema: Schema, constraints: Iterable[Constraints]) -> Schema:
    """Add constraints to the schema of a type; of several bounds the tightest counts, all patterns hold."""
    textual = isinstance(type_, Primitive) and type_.name in TEXT_BOUNDED
    low, high, patterns = None, None, []
    lengths: dict[str, int] = {}
    for each in constraints:
        low = _tighter(type_, low, each.minimum, max)
        high = _tighter(type_, high, each.maximum, min)
        if each.min_length is not None:
            lengths["min"] = max(each.min_length, lengths.get("min", 0))
        if each.max_length is not None:
            lengths["max"] = min(each.max_length, lengths.get("max", each.max_length))
        if each.regex is not None and (pattern := read_pattern(each.regex).portable) not in patterns:
            patterns.append(pattern)
    result = dict(schema)
    if low is not None:
        result["x-minimum" if textual else "minimum"] = low
    if high is not None:
        result["x-maximum" if textual else "maximum"] = high
    noun = "Items" if isinstance(type_, ListOf) else "Properties" if isinstance(type_, MapOf) else "Length"
    for side, length in lengths.items():
        # Base64 writes three bytes as four characters.
        result[side + noun] = -(-length // 3) * 4 if schema.get("contentEncoding") == "base64" else length
    if patterns:
        result["pattern"] = patterns[0]
    if len(patterns) > 1:
        result["allOf"] = [{"pattern": pattern} for pattern in patterns[1:]]
    return result


def _tighter(type_: Type, bound: Bound | None, other: Bound | None, choose: Callable[..., Bound]) -> Bound | None:
    if bound is None or other is None:
        return other if bound is None else bound
    reader = TEXT_BOUNDED.get(type_.name) if isinstance(type_, Primitive) else None
    return choose(bound, other, key=lambda value: reader.validate_python(str(value)) if reader else value)


def description(member: Member) -> str:
    """The doc lines, and what a reader should use instead where it is deprecated."""
    parts = [member.doc] if member.doc else []
    if member.deprecated:
        since = f" since {member.deprecated.since}" if member.deprecated.since else ""
        parts.append(f"Deprecated{since}: {member.deprecated.reason}")
    return "\n\n".join(parts)


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
    schema = type_schema(program, field.type, dialect, nullable=field.nullable, constraints=[field.constraints])
    return annotated(schema, field, dialect, **more)


def object_schema(
    program: Program, fields: Iterable[Field | Param], required: Iterable[str], dialect: Dialect = JSON_SCHEMA
) -> Schema:
    """An object that has these fields and no others."""
    schema: Schema = {"type": "object", "properties": {f.name: field_schema(program, f, dialect) for f in fields}}
    if names := list(required):
        schema["required"] = names
    schema["additionalProperties"] = False
    return schema


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
        case Event():
            schema = object_schema(program, declared.fields, always_present(declared.fields), dialect)
        case Enum(open=True):
            schema = {"type": "string", "x-enum-open": [value.name for value in declared.values]}
        case Enum():
            schema = {"type": "string", "enum": [value.name for value in declared.values]}
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
    return annotated(schema, declared, dialect)


def definitions(program: Program, dialect: Dialect = JSON_SCHEMA) -> dict[QName, Schema]:
    """All types and events by qualified name, in source order."""
    return {
        dialect.rename(declared.qname): declaration_schema(program, declared, dialect)
        for module in program.modules
        for declared in (*module.types, *module.events)
        if not isinstance(declared, ErrorGroup)
    }


def emit(program: Program) -> Iterable[Output]:
    sources = [file for module in program.modules for file in module.files]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": header(sources, "").strip(),
        "$defs": definitions(program),
    }
    yield Output("schema.json", json.dumps(document, ensure_ascii=False, indent=2) + "\n")
