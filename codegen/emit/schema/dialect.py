"""What JSON Schema is written like: the schema of each primitive, and what its reader knows of the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

import codegen.runtime.values.types as values
from codegen.model.model import (
    INTEGER_BOUNDS,
    Primitive,
    QName,
    Ref,
)
from codegen.runtime.values.types import BASE64_PATTERN, DECIMAL_PATTERN, MONEY_PATTERN, OTIME_PATTERN, SID_PATTERN

Schema = dict[str, Any]

_F32_MAX = 3.4028234663852886e38

_PRIMITIVES: dict[str, Schema] = {
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
for _name, _format in (("i64", "int64"), ("u64", "uint64")):  # told apart also where a field has bounds of its own
    _PRIMITIVES[_name]["format"] = _format

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
    storage: bool = True
    """Fields say how they are kept: `x-index`, `x-unique`, `x-set-once`, `x-computed`, and `x-default` for the time."""
    named: bool = False
    """`leaf` refers to definitions of primitives; one with constraints of its own is written out all the same."""

    def ref(self, target: QName) -> str:
        return self.refs + self.rename(target)


JSON_SCHEMA = Dialect()
OPENRPC = Dialect(refs="#/components/schemas/", siblings=False, storage=False)
