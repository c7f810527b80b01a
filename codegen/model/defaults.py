"""Defaults: whether a written value is one of the type, and its JSON form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from codegen.model.model import (
    INTEGER_BOUNDS,
    Constraints,
    Default,
    Json,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Ref,
    Type,
)
from codegen.model.notes import json_of
from codegen.model.types import Base, Space, show
from codegen.model.values import COMPARABLE, TIMES, BadValue, parse
from codegen.runtime.values.pattern import read_pattern
from codegen.source.catalog_notes import (
    DEFAULT_BREAKS_CONSTRAINT,
    DEFAULT_FRACTION,
    DEFAULT_MISFIT,
    DEFAULT_NOT_MEMBER,
    DEFAULT_NOW,
    DEFAULT_NULL,
)
from codegen.source.nearest import nearest
from codegen.syntax import tree

_FOREIGN_WORDS = {"True": "write true", "False": "write false", "None": "write null"}


class _Reported(Exception):
    """The value is wrong, and a finding says so."""


@dataclass(frozen=True, slots=True)
class _Reader:
    space: Space
    name: str
    """Of the field or parameter, for suggestions."""


def read_default(
    space: Space, name: str, value: tree.Value, type_: Type, nullable: bool, base: Base | None
) -> Default | None:
    """The default of a field or parameter; None, with findings, where the value is none of its type.

    `base` is what the type comes down to, with all constraints that hold.
    """
    if base is None:
        return None
    reader = _Reader(space, name)
    try:
        if _word(value) == "now" and not space.enum(base.type):
            if isinstance(base.type, Primitive) and base.type.name in TIMES:
                return Default(now=True)
            space.report.add(DEFAULT_NOW, value.span, type=show(type_))
            return None
        json = _value(reader, value, type_, base, nullable)
    except _Reported:
        return None
    return Default(json)


def _word(value: tree.Value) -> str | None:
    return value.path.text if isinstance(value, tree.PathValue) else None


def _value(reader: _Reader, value: tree.Value, type_: Type, base: Base, nullable: bool) -> Json:
    report = reader.space.report
    if _word(value) == "null" and not _is_json(base.type):
        if nullable or base.nullable:
            return None
        report.add(DEFAULT_NULL, value.span, name=reader.name)
        raise _Reported
    match base.type:
        case Primitive(name):
            json = _primitive(reader, value, name, type_)
        case ListOf(item):
            if not isinstance(value, tree.ListValue):
                raise _misfit(reader, value, type_, "write `[]`")
            json = [_inner(reader, member, item) for member in value.items]
        case MapOf():
            if not isinstance(value, tree.EmptyMapValue):
                raise _misfit(reader, value, type_, "write `{}`")
            json = {}
        case Ref():
            raise _misfit(reader, value, type_, "references have no defaults")
        case _:
            json = _member(reader, value, base.type)
    _constrained(reader, value, base, json)
    return json


def _inner(reader: _Reader, value: tree.Value, type_: Type) -> Json:
    nullable = isinstance(type_, Nullable)
    inner = type_.inner if isinstance(type_, Nullable) else type_
    base = reader.space.base(inner)
    if base is None:
        raise _Reported
    return _value(reader, value, inner, base, nullable)


def _is_json(type_: Type) -> bool:
    return isinstance(type_, Primitive) and type_.name == "json"


def _misfit(reader: _Reader, value: tree.Value, type_: Type, near: str | None) -> _Reported:
    reader.space.report.add(DEFAULT_MISFIT, value.span, value=_shown(value), type=show(type_), near=near)
    return _Reported()


def _shown(value: tree.Value) -> str:
    match value:
        case tree.StringValue(text):
            return json.dumps(text, ensure_ascii=False)
        case tree.NumberValue(text):
            return text
        case tree.PathValue(path):
            return path.text
        case tree.ListValue():
            return "a list"
        case tree.EmptyMapValue():
            return "a map"


def _primitive(reader: _Reader, value: tree.Value, name: str, type_: Type) -> Json:
    word = _bare_word(value)
    if word is not None:
        near = f'write "{_shown(word)}"' if name in ("str", "json") else None
        raise _misfit(reader, word, type_, _FOREIGN_WORDS.get(_shown(word), near))
    json = json_of(value)
    if name in ("decimal", "money") and isinstance(json, float):
        reader.space.report.add(DEFAULT_FRACTION, value.span, value=_shown(value))
        raise _Reported
    try:
        parse(name, json)
    except BadValue as error:
        raise _misfit(reader, value, type_, _unquoted(name, json) or str(error)) from None
    return str(json) if name in ("decimal", "money") else json


def _unquoted(name: str, json: Json) -> str | None:
    """What to write where quotes alone are wrong."""
    if json == "now" and name in TIMES:
        return "write now, without quotes"
    if name == "bool" and json in ("true", "false"):
        return f"write {json}, without quotes"
    if name in INTEGER_BOUNDS and isinstance(json, str) and re.fullmatch(r"-?\d+", json, re.ASCII):
        return f"write {json}, without quotes"
    return None


def _bare_word(value: tree.Value) -> tree.Value | None:
    """The first bare word that is no JSON, in a value or within its lists."""
    if isinstance(value, tree.ListValue):
        return next((word for item in value.items if (word := _bare_word(item)) is not None), None)
    return value if _word(value) not in (None, "true", "false", "null") else None


def _member(reader: _Reader, value: tree.Value, type_: Type) -> Json:
    enum = reader.space.enum(type_)
    if enum is None:
        hint = "structs and unions have no defaults" if isinstance(type_, Named) else None
        raise _misfit(reader, value, type_, hint)
    text = value.value if isinstance(value, tree.StringValue) else _word(value)
    if text is None:
        raise _misfit(reader, value, type_, "write one of its values")
    names = [member.name for member in enum.values]
    if text not in names:
        reader.space.report.add(DEFAULT_NOT_MEMBER, value.span, name=text, enum=enum.name, near=nearest(text, names))
        raise _Reported
    return text


def _constrained(reader: _Reader, value: tree.Value, base: Base, json: Json) -> None:
    broken = _broken(base.constraints, base.type, json)
    if broken is not None:
        reader.space.report.add(DEFAULT_BREAKS_CONSTRAINT, value.span, value=_shown(value), constraint=broken)
        raise _Reported


def _broken(constraints: Constraints, type_: Type, json: Json) -> str | None:
    """The first constraint that a value breaks, as it is written."""
    if not constraints:
        return None
    if isinstance(type_, Primitive) and type_.name in COMPARABLE:
        value = parse(type_.name, json)
        if constraints.minimum is not None and value < parse(type_.name, constraints.minimum):
            return f"@min({constraints.minimum})"
        if constraints.maximum is not None and value > parse(type_.name, constraints.maximum):
            return f"@max({constraints.maximum})"
        return None
    size = (
        len(parse("bytes", json))
        if type_ == Primitive("bytes")
        else len(json)
        if isinstance(json, str | list | dict)
        else None
    )
    if size is not None and not (constraints.min_length or 0) <= size <= (
        size if constraints.max_length is None else constraints.max_length
    ):
        low = constraints.min_length or 0
        return f"@len({low}, {constraints.max_length})" if constraints.max_length is not None else f"@len({low}, …)"
    if constraints.regex and isinstance(json, str) and not read_pattern(constraints.regex).fullmatch(json):
        return f"@regex({constraints.regex!r})"
    return None
