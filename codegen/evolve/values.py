"""The JSON that the store writes inside JSON columns for a value that a schema gives, a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

import codegen.runtime.values.types as types
from codegen.model.model import Json, ListOf, MapOf, Named, Nullable, Primitive, Program, Struct, Type

_WRITTEN: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter(type_)
    for name, type_ in {
        "f32": float,
        "f64": float,
        "decimal": types.Decimal,
        "money": types.Money,
        "bytes": types.Bytes,
        "otime": types.OTime,
        "datetime": types.DateTime,
        "date": types.Date,
        "duration": types.Duration,
        "uuid": UUID,
    }.items()
}


def stored(program: Program, type_: Type, value: Json) -> Json:
    """`value`, as schemas may spell it, in the one spelling of stored JSON (`3` for a decimal is `"3"` there)."""
    if value is None:
        return None
    base = program.base(type_)
    if isinstance(base, Nullable):
        return stored(program, base.inner, value)
    if isinstance(base, Primitive) and base.name in _WRITTEN:
        adapter = _WRITTEN[base.name]
        written: Json = adapter.dump_python(adapter.validate_python(value), mode="json")
        return written
    if isinstance(base, ListOf) and isinstance(value, list):
        return [stored(program, base.item, item) for item in value]
    if isinstance(value, dict):
        if isinstance(base, MapOf):
            return {key: stored(program, base.value, item) for key, item in value.items()}
        target = program.types[base.target] if isinstance(base, Named) else None
        if isinstance(target, Struct):
            held = {field.name: field.type for field in target.fields}
            return {name: stored(program, held[name], item) for name, item in value.items() if name in held}
    return value
