"""The JSON Schema of a type, and constraints added to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from codegen.emit.schema.dialect import JSON_SCHEMA, TEXT_BOUNDED, Dialect, Schema, primitive_schema
from codegen.model.model import (
    INTEGER_BOUNDS,
    Constraints,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    Type,
)
from codegen.runtime.values.pattern import read_pattern

Bound = int | float | str

_INTEGER_KEY = r"^(0|-?[1-9][0-9]*)$"


def type_schema(
    program: Program,
    type_: Type,
    dialect: Dialect = JSON_SCHEMA,
    *,
    nullable: bool = False,
    constraints: Iterable[Constraints] = (),
) -> Schema:
    """The schema of a value of `type_`; `constraints` hold beside those of its aliases."""
    type_, nullable, own = through_aliases(program, type_, nullable, constraints)
    plain = replace(dialect, leaf=primitive_schema) if own and dialect.named else dialect
    schema = constrained(program, type_, _bare(program, type_, plain), own)
    return dialect.null(schema) if nullable else schema


def through_aliases(
    program: Program, type_: Type, nullable: bool, constraints: Iterable[Constraints]
) -> tuple[Type, bool, list[Constraints]]:
    """A type, whether it may be null, and its constraints: where it has its own, those of its aliases stand beside them
    and the type is what the aliases stand for."""
    own = [each for each in constraints if each]
    if own:
        for alias in program.aliases_of(type_):
            own.append(alias.constraints)
            nullable = nullable or alias.nullable
        type_ = program.base(type_)
    return type_, nullable, own


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
