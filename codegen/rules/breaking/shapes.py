"""Types without their aliases, compared: the same, wider, or something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from codegen.model import (
    INTEGER_BOUNDS,
    Alias,
    Default,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Ref,
    Type,
)

Relation = Literal["same", "wider", "other"]


def unfolded(program: Program, type_: Type, renamed: Mapping[QName, QName] | None = None) -> Type:
    """The type with all aliases replaced by what they stand for, in new names where `renamed` has them."""
    match type_:
        case Named(target):
            decl = program.types[target]
            if not isinstance(decl, Alias):
                return Named((renamed or {}).get(target, target))
            inner = unfolded(program, decl.type, renamed)
            return Nullable(inner) if decl.nullable and not isinstance(inner, Nullable) else inner
        case Ref(target):
            return Ref((renamed or {}).get(target, target))
        case ListOf(item):
            return ListOf(unfolded(program, item, renamed))
        case MapOf(key, value):
            return MapOf(unfolded(program, key, renamed), unfolded(program, value, renamed))
        case Nullable(inner):
            deeper = unfolded(program, inner, renamed)
            return deeper if isinstance(deeper, Nullable) else Nullable(deeper)
        case _:
            return type_


def plain(type_: Type) -> Type:
    """The type without its outermost `?`."""
    return type_.inner if isinstance(type_, Nullable) else type_


def relation(old: Type, new: Type) -> Relation:
    """`wider`: only integers differ, and each new one holds every value of the old one."""
    match old, new:
        case Primitive(before), Primitive(after) if before in INTEGER_BOUNDS and after in INTEGER_BOUNDS:
            if before == after:
                return "same"
            (low, high), (lower, higher) = INTEGER_BOUNDS[before], INTEGER_BOUNDS[after]
            return "wider" if lower <= low and high <= higher else "other"
        case ListOf(before_item), ListOf(after_item):
            return relation(before_item, after_item)
        case Nullable(before_inner), Nullable(after_inner):
            return relation(before_inner, after_inner)
        case MapOf(before_key, before_value), MapOf(after_key, after_value):
            parts = {relation(before_key, after_key), relation(before_value, after_value)}
            return "other" if "other" in parts else "wider" if "wider" in parts else "same"
        case _:
            return "same" if old == new else "other"


def shown(type_: Type) -> str:
    """A type as it is written in schemas, with the short names of types."""
    match type_:
        case Primitive(name, currency):
            return f"{name}<{currency}>" if currency else name
        case Ref(target):
            return f"&{target.rpartition('.')[2]}"
        case Named(target):
            return target.rpartition(".")[2]
        case ListOf(item):
            return f"[{shown(item)}]"
        case MapOf(key, value):
            return f"map<{shown(key)}, {shown(value)}>"
        case Nullable(inner):
            return f"{shown(inner)}?"


def default_shown(default: Default | None) -> str:
    """A default as findings name it; without one null is meant."""
    if default is None:
        return "null"
    return "now" if default.now else repr(default.value)
