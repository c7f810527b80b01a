"""Types as wholes: added, deleted, renamed, moved, made something else; error groups, aliases, deprecations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Alias, Declared, Enum, ErrorGroup, Interface, Member, Service, Struct, TypeDecl, Union
from codegen.rules.breaking.comparison import Comparison, pair_members, written_fields
from codegen.rules.breaking.register import Place, Rows, came, change, turned, went
from codegen.source import catalog_change_types as catalog

_KINDS = {Struct: "struct", Enum: "enum", Union: "union", Alias: "alias", ErrorGroup: "error group"}


def _what(decl: TypeDecl) -> str:
    return "root object" if isinstance(decl, Struct) and decl.rootobject else _KINDS[type(decl)]


@change(catalog.TYPE_ADD)
def type_add(compared: Comparison) -> Iterator[Place]:
    for decl in compared.types.added:
        stored = isinstance(decl, Struct) and decl.rootobject
        yield replace(came(decl, what=_what(decl)), verdicts={} if stored else {"S": "ok"})


@change(catalog.TYPE_DELETE)
def type_delete(compared: Comparison) -> Iterator[Place]:
    for decl in compared.types.deleted:
        if not isinstance(decl, Alias | ErrorGroup):
            rows = (Rows(decl.qname, "any"),) if isinstance(decl, Struct) and decl.rootobject else ()
            yield replace(went(decl, what=_what(decl)), type=decl.qname, rows=rows)


@change(catalog.ALIAS_DELETE)
def alias_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(decl) for decl in compared.types.deleted if isinstance(decl, Alias))


@change(catalog.ERROR_GROUP_DELETE)
def error_group_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(decl) for decl in compared.types.deleted if isinstance(decl, ErrorGroup))


@change(catalog.TYPE_RENAME)
def type_rename(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.types.both:
        if before.name != after.name:
            place = replace(turned(before, after, what=_what(after)), type=before.qname)
            only_named = isinstance(before, Alias | ErrorGroup)
            yield replace(place, verdicts={"W": "ok", "S": "ok"}) if only_named else place


@change(catalog.TYPE_MOVE)
def type_move(compared: Comparison) -> Iterator[Place]:
    declared: list[tuple[Declared, Declared, str]] = [
        *((*pair, _what(pair[1])) for pair in compared.types.both),
        *((*pair, "error") for pair in compared.errors.both),
        *((*pair, "event") for pair in compared.events.both),
        *((*pair, "interface") for pair in compared.interfaces.both),
        *((*pair, "service") for pair in compared.services.both),
    ]
    for before, after, what in declared:
        if before.module != after.module:
            yield turned(before, after, what=what, old=before.module, new=after.module)


@change(catalog.TYPE_KIND_CHANGE)
def type_kind_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.types.both:
        if type(before) is not type(after):
            place = turned(before, after, old=_with_article(_what(before)), new=_with_article(_what(after)))
            yield replace(place, type=before.qname)


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


@change(catalog.DEPRECATE)
def deprecate(compared: Comparison) -> Iterator[Place]:
    for before, after, path in _members(compared):
        if after.deprecated is not None and before.deprecated is None:
            place = turned(before, after, why=after.deprecated.reason or "no reason is given")
            yield replace(place, subject=f"{path}{after.name}", values={**place.values, "name": f"{path}{after.name}"})


def _members(compared: Comparison) -> Iterator[tuple[Member, Member, str]]:
    """Everything that can be deprecated and is in both models, with what stands before its name."""
    for before, after in compared.types.both:
        yield before, after, ""
        if isinstance(before, Enum) and isinstance(after, Enum):
            yield from ((*pair, f"{after.name}.") for pair in pair_members(before.values, after.values).both)
    for old_holder, new_holder in compared.holders:
        fields = pair_members(written_fields(old_holder), written_fields(new_holder))
        yield from ((*pair, f"{new_holder.name}.") for pair in fields.both)
    owners: list[tuple[Service | Interface, Service | Interface]] = [
        *compared.services.both,
        *compared.interfaces.both,
    ]
    for old_owner, new_owner in owners:
        yield old_owner, new_owner, ""
        yield from ((*pair, f"{new_owner.name}.") for pair in pair_members(old_owner.methods, new_owner.methods).both)
