"""Types: from written form to resolved type, and what an alias comes down to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from codegen.model.model import (
    INTEGER_BOUNDS,
    Alias,
    Constraints,
    Enum,
    Error,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    PrimitiveName,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
)
from codegen.model.names import TYPE_KINDS, Names, Scope, a
from codegen.model.primitives import PRIMITIVES
from codegen.source.catalog_names import (
    CURRENCY,
    MAP_KEY,
    NOT_A_ROOTOBJECT,
    NOT_A_TYPE,
    TYPE_ARGUMENT,
)
from codegen.source.diagnostics import Report
from codegen.source.span import Span
from codegen.syntax import tree

MAX_DEPTH = 64
_CURRENCY = re.compile(r"[A-Z]{3}")
_KEYS = frozenset({"str", "sid", "uuid", *INTEGER_BOUNDS})


@dataclass(frozen=True, slots=True)
class Base:
    """What a type comes down to when aliases are looked through: a type that is none, and all that holds for it."""

    type: Type
    nullable: bool = False
    constraints: Constraints = field(default_factory=Constraints)
    """Of all aliases together: the strictest of each bound; the regex of the outermost that has one."""


@dataclass(slots=True)
class Space:
    """Everything resolved so far, by qualified name; each stage adds its kind."""

    names: Names
    types: dict[QName, TypeDecl] = field(default_factory=dict)
    errors: dict[QName, Error] = field(default_factory=dict)
    bases: dict[QName, Base] = field(default_factory=dict)
    """Of each alias that stands for something."""
    union_tags: dict[QName, tuple[str, str]] = field(default_factory=dict)
    principal: QName | None = None

    @property
    def report(self) -> Report:
        return self.names.report

    def base(self, type_: Type) -> Base | None:
        """None where an alias in it is itself wrong."""
        if isinstance(type_, Named) and (type_.target in self.bases or isinstance(self._decl(type_), Alias)):
            return self.bases.get(type_.target)
        return Base(type_)

    def _decl(self, type_: Named) -> TypeDecl | None:
        return self.types.get(type_.target)

    def enum(self, type_: Type) -> Enum | None:
        decl = self.types.get(type_.target) if isinstance(type_, Named) else None
        return decl if isinstance(decl, Enum) else None

    def struct(self, type_: Type) -> Struct | None:
        decl = self.types.get(type_.target) if isinstance(type_, Named) else None
        return decl if isinstance(decl, Struct) else None


def show(type_: Type) -> str:
    """A type as it would be written, without the module."""
    match type_:
        case Primitive(name, currency):
            return f"{name}<{currency}>" if currency else name
        case Ref(target):
            return f"&{target.rpartition('.')[2]}"
        case Named(target):
            return target.rpartition(".")[2]
        case ListOf(item):
            return f"[{show(item)}]"
        case MapOf(key, value):
            return f"map<{show(key)}, {show(value)}>"
        case Nullable(inner):
            return f"{show(inner)}?"


def outer(expr: tree.TypeExpr) -> tuple[tree.TypeExpr, bool]:
    """A type without its outermost `?`, and whether that stood."""
    return (expr.inner, True) if isinstance(expr, tree.OptionalType) else (expr, False)


def resolve_type(names: Names, scope: Scope, expr: tree.TypeExpr) -> Type | None:
    """The meaning of a written type; None, with findings, where it has none."""
    match expr:
        case tree.NamedType():
            return _named(names, scope, expr)
        case tree.RefType(path):
            symbol = names.root_symbol(scope, path)
            if symbol is not None and symbol.kind != "root object":
                names.report.add(NOT_A_ROOTOBJECT, expr.span, name=path.text, kind=a(symbol.kind))
                return None
            return Ref(symbol.qname) if symbol else None
        case tree.ListType(item_expr):
            item = resolve_type(names, scope, item_expr)
            return ListOf(item) if item else None
        case tree.MapType(key_expr, value_expr):
            key = resolve_type(names, scope, key_expr)
            value = resolve_type(names, scope, value_expr)
            return MapOf(key, value) if key and value else None
        case tree.OptionalType(inner_expr):
            inner = resolve_type(names, scope, inner_expr)
            return Nullable(inner) if inner else None


def _named(names: Names, scope: Scope, expr: tree.NamedType) -> Type | None:
    text = expr.path.text
    if text == "money":
        currency = expr.argument.text if expr.argument else ""
        if not _CURRENCY.fullmatch(currency):
            upper = currency.upper()
            near = f"money<{upper if _CURRENCY.fullmatch(upper) else 'USD'}>"
            names.report.add(CURRENCY, expr.span, near=near)
            return None
        return Primitive("money", currency)
    if text in PRIMITIVES:
        if not _argument_free(names, expr):
            return None
        return Primitive(cast(PrimitiveName, "json" if text == "any" else text))
    symbol = names.type_symbol(scope, expr.path) if _argument_free(names, expr) else None
    if symbol is not None and symbol.kind not in TYPE_KINDS:
        names.report.add(NOT_A_TYPE, expr.span, name=text, kind=a(symbol.kind))
        return None
    return Named(symbol.qname) if symbol else None


def _argument_free(names: Names, expr: tree.NamedType) -> bool:
    if expr.argument is None:
        return True
    wish = {"list": "[{}]", "array": "[{}]", "set": "[{}]", "optional": "{}?", "option": "{}?", "ref": "&{}"}
    form = wish.get(expr.path.text.lower())
    names.report.add(
        TYPE_ARGUMENT, expr.span, name=expr.path.text, near=f"write {form.format(expr.argument.text)}" if form else None
    )
    return False


def named_in(type_: Type) -> Iterator[QName]:
    """The types a value of a type may hold, lists and maps looked into."""
    match type_:
        case Named(target):
            yield target
        case ListOf(inner) | Nullable(inner):
            yield from named_in(inner)
        case MapOf(key, value):
            yield from named_in(key)
            yield from named_in(value)
        case _:
            pass


def check_map_keys(space: Space, type_: Type, span: Span) -> None:
    """Report keys that have no one written form; aliases must be known already."""
    match type_:
        case ListOf(inner) | Nullable(inner):
            check_map_keys(space, inner, span)
        case MapOf(key, value):
            base = space.base(key)
            if base is not None:
                plain = isinstance(base.type, Primitive) and base.type.name in _KEYS
                if base.nullable or not (plain or space.enum(base.type)):
                    space.report.add(MAP_KEY, span, name=show(key))
            check_map_keys(space, value, span)
        case _:
            pass
