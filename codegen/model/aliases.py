"""Enums, aliases, unions and error groups: what `Name = a | b` makes."""

from __future__ import annotations

import json
from collections.abc import Iterable

from codegen.model.casing import is_snake, snake, to_snake
from codegen.model.constraints import read_constraints
from codegen.model.graph import order
from codegen.model.model import (
    Alias,
    Enum,
    EnumValue,
    ErrorGroup,
    ListOf,
    MapOf,
    Named,
    Nullable,
    QName,
    Type,
    Union,
)
from codegen.model.names import ERROR_KINDS, FOREIGN, Scope, Symbol, a, is_value
from codegen.model.notes import common, read_notes
from codegen.model.primitives import PRIMITIVES
from codegen.model.types import MAX_DEPTH, Base, Space, check_map_keys, named_in, outer, resolve_type
from codegen.source.catalog_names import (
    ALIAS_CHAIN,
    ALIAS_CYCLE,
    BAD_CASE,
    DUPLICATE_MEMBER,
    MIXED_ALTERNATIVES,
    NAMES_MEET,
    NOT_AN_ERROR,
    OPEN_UNION,
    TAG_CLASH,
    TAG_FIELD,
    TOO_DEEP,
    UNION_MEMBER,
    UNKNOWN_TYPE,
)
from codegen.source.diagnostics import Related
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree


def _body(symbol: Symbol) -> tuple[tree.TypeDef, tree.Alternatives]:
    assert isinstance(symbol.node, tree.TypeDef) and isinstance(symbol.node.body, tree.Alternatives)
    return symbol.node, symbol.node.body


def _closed(space: Space, body: tree.Alternatives) -> None:
    if body.open_span is not None:
        space.report.add(OPEN_UNION, body.open_span)


# --- enums ------------------------------------------------------------------------------------------------------


def build_enum(space: Space, symbol: Symbol) -> Enum:
    node, body = _body(symbol)
    notes = read_notes(space.report, node.brackets, "enum")
    values: dict[str, EnumValue] = {}
    for item in body.items:
        name = _enum_value(space, body, item)
        if name is None:
            continue
        own = read_notes(space.report, item.notes, "enum value")
        if name in values:
            space.report.add(
                DUPLICATE_MEMBER, item.span, name=name, related=[Related(values[name].span, "the first one")]
            )
        else:
            values[name] = EnumValue(name=name, span=item.span, constant=own.text("constant"), **common(own, item.docs))
    _check_constants(space, values.values(), apart=body.open_span is None)
    return Enum(
        name=symbol.name,
        module=symbol.scope.module.name,
        span=symbol.span,
        values=tuple(values.values()),
        open=body.open_span is not None,
        **common(notes, node.docs),
    )


def _check_constants(space: Space, values: Iterable[EnumValue], *, apart: bool) -> None:
    """Report names of constants that are none, and where they are to be `apart` values that would be one in Python."""
    seen: dict[str, EnumValue] = {}
    for value in values:
        if value.constant is not None and not is_snake(value.constant):
            near = to_snake(value.constant)
            space.report.add(
                BAD_CASE, value.span, what="the constant", name=value.constant, style="snake_case", near=near
            )
        first = seen.setdefault(value.constant_name, value)
        if first is not value and apart:
            space.report.add(
                NAMES_MEET,
                value.span,
                name=value.name,
                other=first.name,
                meet=value.constant_name,
                related=[Related(first.span, "the first one")],
            )


def _enum_value(space: Space, body: tree.Alternatives, item: tree.Alternative) -> str | None:
    if isinstance(item.value, tree.StringValue):
        return item.value.value
    if is_value(item.value):
        assert isinstance(item.value, tree.NamedType)
        return item.value.path.text
    bare = isinstance(item.value, tree.NamedType) and item.value.argument is None
    space.report.add(
        MIXED_ALTERNATIVES,
        item.span,
        what=_what(item),
        others="values of an enum",
        near=f'write "{_what(item)}"' if bare else None,
    )
    return None


def _what(item: tree.Alternative) -> str:
    match item.value:
        case tree.StringValue(text):
            return json.dumps(text, ensure_ascii=False)
        case tree.NamedType(path):
            return path.text
        case tree.RefType(path):
            return f"&{path.text}"
        case tree.ListType():
            return "a list"
        case tree.MapType():
            return "a map"
        case tree.OptionalType():
            return "an optional type"


# --- aliases ----------------------------------------------------------------------------------------------------


def build_aliases(space: Space) -> None:
    """All aliases, each after those it leads to; needs the enums."""
    found: dict[QName, tuple[Symbol, Type, bool]] = {}
    for symbol in space.names.symbols("alias"):
        _, body = _body(symbol)
        _closed(space, body)
        value = body.items[0].value
        assert not isinstance(value, tree.StringValue)
        expr, nullable = outer(value)
        word = _lone_word(symbol.scope, value)
        if word is not None:
            space.report.add(UNKNOWN_TYPE, expr.span, name=word, fix=f'a value is written in quotes: "{word}"')
            continue
        type_ = resolve_type(space.names, symbol.scope, expr)
        if type_ is not None:
            found[symbol.qname] = (symbol, type_, nullable)
    edges = {qname: [target for target in named_in(type_) if target in found] for qname, (_, type_, _) in found.items()}
    done, cycles = order(edges)
    broken: set[QName] = set()
    for cycle in cycles:
        first = found[cycle[0]][0]
        broken.update(cycle)
        space.report.add(
            ALIAS_CYCLE,
            first.span,
            name=first.name,
            cycle=" → ".join(found[qname][0].name for qname in [*cycle, cycle[0]]),
        )
    depths: dict[QName, int] = {}
    links: dict[QName, int] = {}
    for qname in done:
        if not broken.isdisjoint([qname, *edges[qname]]):
            broken.add(qname)
            space.types[qname] = _alias(space, *found[qname], base_known=False)
            continue
        depths[qname] = _depth(found[qname][1], depths)
        if depths[qname] > MAX_DEPTH:
            space.report.add(TOO_DEEP, found[qname][0].span, limit=MAX_DEPTH)
            depths[qname] = 1
        links[qname] = 1 + max((links[target] for target in edges[qname]), default=0)
        if links[qname] > MAX_DEPTH:
            space.report.add(ALIAS_CHAIN, found[qname][0].span, name=found[qname][0].name, limit=MAX_DEPTH)
            links[qname] = 1
        space.types[qname] = _alias(space, *found[qname], base_known=True)


def _lone_word(scope: Scope, value: tree.TypeExpr) -> str | None:
    """A lower-case word that names no type, nor nearly one: somebody meant an enum of one value."""
    if not isinstance(value, tree.NamedType) or not is_value(value) or scope.find(value.path) is not None:
        return None
    word = value.path.text
    return None if word.lower() in FOREIGN or nearest(word, PRIMITIVES) is not None else word


def _alias(space: Space, symbol: Symbol, type_: Type, nullable: bool, *, base_known: bool) -> Alias:
    node, body = _body(symbol)
    notes = read_notes(space.report, [*node.brackets, *body.items[0].notes], "alias")
    constraints, base = read_constraints(space, notes, type_)
    if base is not None and base_known:
        space.bases[symbol.qname] = Base(base.type, base.nullable or nullable, base.constraints)
    check_map_keys(space, type_, body.items[0].span)
    return Alias(
        name=symbol.name,
        module=symbol.scope.module.name,
        span=symbol.span,
        type=type_,
        nullable=nullable,
        constraints=constraints,
        **common(notes, (*node.docs, *body.items[0].docs)),
    )


def _depth(type_: Type, depths: dict[QName, int]) -> int:
    match type_:
        case Named(target):
            return depths.get(target, 1)
        case ListOf(inner):
            return 1 + _depth(inner, depths)
        case Nullable(inner):
            return _depth(inner, depths)
        case MapOf(key, value):
            return 1 + max(_depth(key, depths), _depth(value, depths))
        case _:
            return 1


def check_depth(space: Space, type_: Type, span: Span) -> None:
    """Report a type that nests too deep, aliases looked through."""
    level = [type_]
    for _ in range(MAX_DEPTH):
        inner: list[Type] = []
        for one in level:
            base = space.base(one)
            match base.type if base else one:
                case ListOf(item):
                    inner.append(item)
                case MapOf(key, value):
                    inner += [key, value]
                case _:
                    pass
        level = [one.inner if isinstance(one, Nullable) else one for one in inner]
        if not level:
            return
    space.report.add(TOO_DEEP, span, limit=MAX_DEPTH)


# --- unions and error groups ------------------------------------------------------------------------------------


def build_union(space: Space, symbol: Symbol) -> Union:
    """A tagged union; its members' fields are looked at in their written form, so it needs no structs."""
    node, body = _body(symbol)
    report = space.report
    notes = read_notes(report, node.brackets, "union")
    tag = notes.text("tag") or "type"
    if not is_snake(tag):
        report.add(BAD_CASE, notes.span("tag"), what="the tag", name=tag, style="snake_case", near=to_snake(tag))
    _closed(space, body)
    members: dict[QName, Span] = {}
    tags: dict[str, QName] = {}
    for item in body.items:
        read_notes(report, item.notes, "union member")
        member = _union_member(space, symbol, item)
        if member is None:
            continue
        qname, value = member.qname, snake(member.name)
        if qname in members:
            report.add(
                DUPLICATE_MEMBER, item.span, name=member.name, related=[Related(members[qname], "the first one")]
            )
            continue
        members[qname] = item.span
        if value in tags:
            report.add(
                TAG_CLASH,
                item.span,
                member=member.name,
                wanted=f"{tag}: {value!r}",
                taken=f"{tags[value]!r} does",
                near="rename one of the structs",
            )
        tags[value] = qname
        _tag_member(space, item, member, (tag, value))
    return Union(
        name=symbol.name,
        module=symbol.scope.module.name,
        span=symbol.span,
        members=tuple(members),
        tag=tag,
        tags=tuple(snake(qname.rpartition(".")[2]) for qname in members),
        **common(notes, node.docs),
    )


def _union_member(space: Space, symbol: Symbol, item: tree.Alternative) -> Symbol | None:
    value = item.value
    if (
        not isinstance(value, tree.NamedType)
        or value.argument is not None
        or (len(value.path.parts) == 1 and value.path.text[:1].islower())
    ):
        space.report.add(
            MIXED_ALTERNATIVES,
            item.span,
            what=_what(item),
            others="members of a union",
            near="wrap it in a struct" if not isinstance(value, tree.StringValue) else None,
        )
        return None
    member = space.names.type_symbol(symbol.scope, value.path)
    if member is not None and member.kind != "struct":
        space.report.add(UNION_MEMBER, item.span, name=member.name, kind=a(member.kind))
        return None
    return member


def _tag_member(space: Space, item: tree.Alternative, member: Symbol, tag: tuple[str, str]) -> None:
    assert isinstance(member.node, tree.TypeDef) and isinstance(member.node.body, tree.Struct)
    taken = next((f for f in member.node.body.fields if f.name.text == tag[0]), None)
    if taken is not None:
        space.report.add(
            TAG_FIELD, item.span, member=member.name, tag=tag[0], related=[Related(taken.name.span, "the field")]
        )
    other = space.union_tags.setdefault(member.qname, tag)
    if other != tag:
        space.report.add(
            TAG_CLASH,
            item.span,
            member=member.name,
            wanted=f"the tag {tag[0]!r}",
            taken=f"in another union it carries {other[0]!r}",
            near=f'write [tag("{other[0]}")]',
        )


def build_groups(space: Space) -> dict[QName, ErrorGroup]:
    """All error groups, flat; needs no errors, only their names."""
    direct: dict[QName, list[QName]] = {}
    symbols: dict[QName, Symbol] = {}
    for symbol in space.names.symbols("error group"):
        _, body = _body(symbol)
        _closed(space, body)
        symbols[symbol.qname] = symbol
        direct[symbol.qname] = _group_members(space, symbol, body)
    done, cycles = order(direct)
    for cycle in cycles:
        first = symbols[cycle[0]]
        space.report.add(
            ALIAS_CYCLE,
            first.span,
            name=first.name,
            cycle=" → ".join(symbols[qname].name for qname in [*cycle, cycle[0]]),
        )
    groups: dict[QName, ErrorGroup] = {}
    for qname in done:
        flat: dict[QName, None] = {}
        for member in direct[qname]:
            if member in groups:
                flat.update(dict.fromkeys(groups[member].errors))
            elif member not in direct:
                flat[member] = None
        symbol = symbols[qname]
        node, _ = _body(symbol)
        notes = read_notes(space.report, node.brackets, "error group")
        groups[qname] = ErrorGroup(
            name=symbol.name,
            module=symbol.scope.module.name,
            span=symbol.span,
            errors=tuple(flat),
            **common(notes, node.docs),
        )
    return groups


def _group_members(space: Space, symbol: Symbol, body: tree.Alternatives) -> list[QName]:
    found: dict[QName, Span] = {}
    for item in body.items:
        read_notes(space.report, item.notes, "union member")
        if not isinstance(item.value, tree.NamedType):
            space.report.add(MIXED_ALTERNATIVES, item.span, what=_what(item), others="errors of a group", near=None)
            continue
        member = space.names.error_symbol(symbol.scope, item.value.path)
        if isinstance(member, Symbol) and member.kind not in ERROR_KINDS:
            space.report.add(NOT_AN_ERROR, item.span, name=member.name, kind=a(member.kind))
        elif member is not None and member.qname in found:
            space.report.add(
                DUPLICATE_MEMBER, item.span, name=member.name, related=[Related(found[member.qname], "the first one")]
            )
        elif member is not None:
            found[member.qname] = item.span
    return list(found)
