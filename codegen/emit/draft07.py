"""Types of the model as JSON Schema draft-07, the dialect that OpenRPC 1.3 speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from codegen.model.model import (
    INTEGER_BOUNDS,
    Alias,
    Constraints,
    Enum,
    ErrorGroup,
    Field,
    ListOf,
    MapOf,
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
from codegen.runtime import types as runtime

Schema = dict[str, Any]

_F32 = 3.4028234663852886e38
_TEXT_FORMS: Mapping[str, Schema] = {
    "decimal": {"pattern": runtime.DECIMAL_PATTERN},
    "money": {"pattern": runtime.MONEY_PATTERN},
    "otime": {"format": "date-time", "pattern": runtime.OTIME_PATTERN},
    "datetime": {"format": "date-time", "pattern": runtime.DATETIME_PATTERN},
    "date": {"format": "date", "pattern": runtime.DATE_PATTERN},
    "duration": {"format": "duration", "pattern": runtime.DURATION_PATTERN},
    "uuid": {"format": "uuid"},
    "sid": {"pattern": runtime.SID_PATTERN},
    "bytes": {"contentEncoding": "base64", "pattern": runtime.BASE64_PATTERN},
    "str": {}}


class Draft07:
    """Writes schemas that refer to each other under `#/components/schemas/`; `names` gives each type's key there."""

    def __init__(self, program: Program, names: Mapping[QName, str]) -> None:
        self._program, self._names = program, names

    def components(self) -> dict[str, Schema]:
        """All types of the program by name; error groups have no values and no schema."""
        return {self._names[declared.qname]: self._declared(declared)
                for declared in self._program.types.values() if not isinstance(declared, ErrorGroup)}

    def value(self, type_: Type, *, nullable: bool = False) -> Schema:
        schema = self._value(type_)
        return {"anyOf": [schema, {"type": "null"}]} if nullable and not isinstance(type_, Nullable) else schema

    def param(self, param: Param) -> Schema:
        """The schema of a parameter, without its description, which the content descriptor has."""
        schema = self.value(param.type, nullable=param.nullable)
        if param.default is not None and not param.default.now:
            return _extended(schema, {"default": param.default.value})
        return schema

    def object(self, fields: Iterable[Field], *, output: bool = False, extra: Schema | None = None) -> Schema:
        """A closed object. `output`: the fields that the server fills in are required too."""
        fields = tuple(fields)
        properties = {**(extra or {}), **{field.name: self.field(field) for field in fields}}
        required = [*(extra or {}), *(f.name for f in fields if (not f.optional if output else f.required))]
        schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        return schema

    def field(self, field: Field) -> Schema:
        schema = self._constrained(self.value(field.type), field.type, field.constraints)
        if field.nullable and not isinstance(field.type, Nullable):
            schema = {"anyOf": [schema, {"type": "null"}]}
        more: Schema = {}
        if field.doc:
            more["description"] = field.doc
        if field.default is not None and not field.default.now:
            more["default"] = field.default.value
        if field.server or field.computed:
            more["readOnly"] = True
        for name in ("immutable", "sensitive"):
            if getattr(field, name):
                more[f"x-{name}"] = True
        if field.deprecated:
            more["deprecated"] = True
        return _extended(schema, {**more, **extensions(field.extensions)})

    def _declared(self, declared: TypeDecl) -> Schema:
        head: Schema = {"title": self._names[declared.qname]}
        if declared.doc:
            head["description"] = declared.doc
        if declared.deprecated:
            head["deprecated"] = True
        return {**head, **self._body(declared), **extensions(declared.extensions)}

    def _body(self, declared: TypeDecl) -> Schema:
        match declared:
            case Struct():
                tag = {declared.union_tag[0]: {"const": declared.union_tag[1]}} if declared.union_tag else {}
                return self.object(declared.fields, output=declared.rootobject, extra=tag)
            case Enum():
                values: Schema = {"type": "string", "enum": [value.name for value in declared.values]}
                return {"anyOf": [values, {"type": "string"}]} if declared.open else values
            case Union():
                members = [self._ref(member) for member in declared.members]
                return {"oneOf": members, "x-discriminator": {
                    "propertyName": declared.tag,
                    "mapping": {tag: member["$ref"] for tag, member in zip(declared.tags, members, strict=True)}}}
            case Alias():
                schema = self._constrained(self.value(declared.type), declared.type, declared.constraints)
                return {"anyOf": [schema, {"type": "null"}]} if declared.nullable else schema
            case ErrorGroup():
                raise AssertionError(declared.qname)

    def _ref(self, target: QName) -> Schema:
        return {"$ref": f"#/components/schemas/{self._names[target]}"}

    def _value(self, type_: Type) -> Schema:
        match type_:
            case Primitive(name="json"):
                return {}
            case Primitive(name="bool"):
                return {"type": "boolean"}
            case Primitive(name="f64"):
                return {"type": "number"}
            case Primitive(name="f32"):
                return {"type": "number", "minimum": -_F32, "maximum": _F32}
            case Primitive(name=name, currency=currency):
                if name in INTEGER_BOUNDS:
                    low, high = INTEGER_BOUNDS[name]
                    return {"type": "integer", "minimum": low, "maximum": high}
                schema = {"type": "string", **_TEXT_FORMS[name]}
                return {**schema, "x-currency": currency} if currency else schema
            case Ref(target=target):
                return {"type": "string", "pattern": runtime.SID_PATTERN, "x-ref": self._names[target]}
            case Named(target=target):
                return self._ref(target)
            case ListOf(item=item):
                return {"type": "array", "items": self._value(item)}
            case MapOf(key=key, value=value):
                schema = {"type": "object", "additionalProperties": self._value(value)}
                names = self._key(key)
                return {**schema, "propertyNames": names} if names else schema
            case Nullable(inner=inner):
                return {"anyOf": [self._value(inner), {"type": "null"}]}

    def _key(self, type_: Type) -> Schema:
        """What a map's keys look like: integers are written as text there."""
        base = self._program.base(type_)
        if isinstance(base, Primitive) and base.name in INTEGER_BOUNDS:
            return {"pattern": "^-?[0-9]+$"}
        return {} if type_ == Primitive("str") else self._value(type_)

    def _constrained(self, schema: Schema, type_: Type, constraints: Constraints) -> Schema:
        if not constraints:
            return schema
        return _extended(schema, bounds(self._program.base(type_), constraints))


def bounds(base: Type, constraints: Constraints) -> Schema:
    """Constraints as keywords for a value of `base`; bounds of values that travel as text have keywords of ours."""
    low, high = constraints.min_length, constraints.max_length
    name = base.name if isinstance(base, Primitive) else None
    numeric = name in INTEGER_BOUNDS or name in ("f32", "f64")
    words = ("minItems", "maxItems") if isinstance(base, ListOf) else (
        "minProperties", "maxProperties") if isinstance(base, MapOf) else ("minLength", "maxLength")
    if name == "bytes":   # lengths count bytes; base64 has four signs for every three
        low, high = (None if length is None else (length + 2) // 3 * 4 for length in (low, high))
    keywords = {
        words[0]: low, words[1]: high,
        "minimum" if numeric else "x-minimum": constraints.minimum,
        "maximum" if numeric else "x-maximum": constraints.maximum,
        "pattern": None if constraints.regex is None else anchored(constraints.regex)}
    return {keyword: value for keyword, value in keywords.items() if value is not None}


def anchored(regex: str) -> str:
    """The pattern as JSON Schema needs it: oschema's is matched whole, a schema's anywhere."""
    if regex.startswith("^") and regex.endswith("$") and not regex.endswith("\\$") and "|" not in regex:
        return regex
    return f"^(?:{regex})$"


def extensions(notes: Mapping[str, Any]) -> Schema:
    """`x_rate_limit` is `x-rate-limit` in a document, where OpenRPC asks for the dash."""
    return {name.replace("_", "-"): value for name, value in notes.items()}


def _extended(schema: Schema, more: Schema) -> Schema:
    """`schema` with keywords beside it. A draft-07 `$ref` hides what stands beside it, so it moves into `allOf`;
    so does a schema that has one of the keywords already, since both hold."""
    if not more:
        return schema
    return {"allOf": [schema], **more} if "$ref" in schema or schema.keys() & more.keys() else {**schema, **more}
