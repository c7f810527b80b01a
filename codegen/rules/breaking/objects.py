"""Stored objects: whether they are stored, their indexes, what CRUD offers, owners and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Struct
from codegen.rules.breaking.comparison import Comparison, pair_members
from codegen.rules.breaking.register import Place, Rows, change, turned
from codegen.source import catalog_change_objects as catalog
from codegen.source.span import NOWHERE

Keys = dict[tuple[str, ...], bool]
"""The fields of each index, and whether it is unique."""


def _stored(compared: Comparison) -> Iterator[tuple[Struct, Struct]]:
    for before, after in compared.of_kind(Struct):
        if before.rootobject and after.rootobject:
            yield before, after


@change(catalog.ROOTOBJECT_ADD)
def rootobject_add(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Struct):
        if after.rootobject and not before.rootobject:
            yield turned(before, after)


@change(catalog.ROOTOBJECT_DELETE)
def rootobject_delete(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Struct):
        if before.rootobject and not after.rootobject:
            yield replace(turned(before, after), rows=(Rows(before.qname, "any"),))


@change(catalog.APPEND_ONLY_ADD)
def append_only_add(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        if after.append_only and not before.append_only:
            yield turned(before, after)


@change(catalog.APPEND_ONLY_DELETE)
def append_only_delete(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        if before.append_only and not after.append_only:
            yield turned(before, after)


# --- indexes ----------------------------------------------------------------------------------------------------


def _keys(compared: Comparison) -> Iterator[tuple[Struct, Struct, Keys, Keys]]:
    """The indexes of both, in new names; of two over the same fields the unique one counts."""
    for before, after in _stored(compared):
        names = {old.name: new.name for old, new in pair_members(before.fields, after.fields).both}
        yield before, after, _indexes(before, names), _indexes(after, {})


def _indexes(struct: Struct, names: dict[str, str]) -> Keys:
    found: Keys = {}
    for index in struct.indexes:
        fields = tuple(names.get(field, field) for field in index.fields)
        found[fields] = found.get(fields, False) or index.unique
    return found


def _index_place(before: Struct, after: Struct, fields: tuple[str, ...], rows: tuple[Rows, ...] = ()) -> Place:
    span = next((index.span for index in after.indexes if index.fields == fields), after.span)
    values = {"name": ", ".join(fields), "owner": after.name}
    return Place(span, before.span, f"{after.name}.{'+'.join(fields)}", values, type=before.qname, rows=rows)


@change(catalog.INDEX_ADD)
def index_add(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _keys(compared):
        yield from (_index_place(before, after, key) for key, unique in new.items() if key not in old and not unique)


@change(catalog.INDEX_DELETE)
def index_delete(compared: Comparison) -> Iterator[Place]:
    """A filter of `find` is one field, so an index over several only counts by its migration."""
    for before, after, old, new in _keys(compared):
        filters = {field for key in new for field in key}
        for key in old:
            if key not in new and (fields := {field.name for field in after.fields}) and fields.issuperset(key):
                place = _index_place(before, after, key)
                offered = "find" in before.crud and not filters.issuperset(key)
                yield place if offered else replace(place, verdicts={"W": "ok"})


@change(catalog.UNIQUE_ADD)
def unique_add(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _keys(compared):
        names = {field.name: earlier.name for earlier, field in pair_members(before.fields, after.fields).both}
        for key, unique in new.items():
            if unique and not old.get(key, False):
                held = tuple(names[name] for name in key if name in names)
                rows = (Rows(before.qname, "duplicate", held),) if len(held) == len(key) else ()
                yield _index_place(before, after, key, rows)


@change(catalog.UNIQUE_DELETE)
def unique_delete(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _keys(compared):
        yield from (_index_place(before, after, key) for key, unique in old.items() if unique and new.get(key) is False)


# --- what is offered, and to whom -------------------------------------------------------------------------------

_LOST_BY_APPEND_ONLY = frozenset({"set", "patch", "delete"})


@change(catalog.CRUD_NARROW)
def crud_narrow(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        explained = _LOST_BY_APPEND_ONLY if after.append_only and not before.append_only else frozenset()
        for verb in before.crud:
            if verb not in after.crud and verb not in explained:
                yield _verb(before, after, verb)


@change(catalog.CRUD_WIDEN)
def crud_widen(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        yield from (_verb(before, after, verb) for verb in after.crud if verb not in before.crud)


def _verb(before: Struct, after: Struct, verb: str) -> Place:
    return replace(turned(before, after, name=f"{after.wire}.{verb}"), subject=f"{after.name}.{verb}")


@change(catalog.WIRE_RENAME)
def wire_rename(compared: Comparison) -> Iterator[Place]:
    """Only `[wire]`: with the name of its type, the renaming of the type tells it."""
    for before, after in _stored(compared):
        if before.wire != after.wire and before.name == after.name and before.crud:
            yield turned(before, after, old=before.wire, name=after.wire)
    for service, renamed in compared.services.both:
        if service.wire != renamed.wire and service.name == renamed.name:
            yield turned(service, renamed, old=service.wire, name=renamed.wire)


@change(catalog.TABLE_RENAME)
def table_rename(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        if before.table != after.table and before.name == after.name:
            yield turned(before, after, old=before.table, name=after.table)


@change(catalog.OWNER_CHANGE)
def owner_change(compared: Comparison) -> Iterator[Place]:
    for before, after in _stored(compared):
        names = {old.name: new.name for old, new in pair_members(before.fields, after.fields).both}
        if before.principal or after.principal:
            continue  # its owner is itself
        if before.owner is not None and names.get(before.owner, before.owner) != after.owner:
            yield turned(before, after, old=before.owner, name=after.owner or "nobody")


@change(catalog.PRINCIPAL_CHANGE)
def principal_change(compared: Comparison) -> Iterator[Place]:
    old, new = compared.old.principal, compared.new.principal
    if old is None or (new is not None and compared.renamed.get(old.qname) == new.qname):
        return
    seen = new or next((after for before, after in compared.types.both if before is old), None)
    yield Place(
        seen.span if seen is not None else NOWHERE,
        old.span,
        old.name,
        {"old": old.name, "name": new.name if new is not None else "nobody"},
    )
