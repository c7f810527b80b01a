"""Enums and unions: values and members that come and go, opening and closing, the tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Declared, Enum, EnumValue, QName, Union
from codegen.rules.breaking.comparison import Comparison, Pairs, pair_members
from codegen.rules.breaking.register import Place, Rows, came, change, turned, went
from codegen.source import catalog_change_types as catalog


def _values(compared: Comparison) -> Iterator[tuple[Enum, Enum, Pairs[EnumValue]]]:
    for before, after in compared.of_kind(Enum):
        yield before, after, pair_members(before.values, after.values)


def _of(place: Place, before: Declared, rows: tuple[Rows, ...] = ()) -> Place:
    return replace(place, type=before.qname, rows=rows)


@change(catalog.ENUM_VALUE_ADD)
def enum_value_add(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _values(compared):
        if not before.open:
            yield from (_of(came(value, before, owner=after.name), before) for value in pairs.added)


@change(catalog.OPEN_ENUM_VALUE_ADD)
def open_enum_value_add(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _values(compared):
        if before.open:
            yield from (_of(came(value, before, owner=after.name), before) for value in pairs.added)


@change(catalog.ENUM_VALUE_DELETE)
def enum_value_delete(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _values(compared):
        for value in pairs.deleted:
            yield _of(went(value, after), before, (Rows(before.qname, "value", values=(value.name,)),))


@change(catalog.ENUM_CONSTANT_CHANGE)
def enum_constant_change(compared: Comparison) -> Iterator[Place]:
    for _, after, pairs in _values(compared):
        for old, new in pairs.both:
            if old.constant_name != new.constant_name:
                values = {"old": old.constant_name, "new": new.constant_name, "back": old.constant_name.lower()}
                yield turned(old, new, after, **values)


@change(catalog.ENUM_CLOSE)
def enum_close(compared: Comparison) -> Iterator[Place]:
    for before, after, _ in _values(compared):
        if before.open and not after.open:
            names = tuple(value.name for value in after.values)
            yield _of(turned(before, after), before, (Rows(before.qname, "other_values", values=names),))


@change(catalog.ENUM_OPEN)
def enum_open(compared: Comparison) -> Iterator[Place]:
    for before, after, _ in _values(compared):
        if after.open and not before.open:
            yield _of(turned(before, after), before)


# --- unions -----------------------------------------------------------------------------------------------------


@change(catalog.UNION_MEMBER_ADD)
def union_member_add(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Union):
        known = {compared.renamed.get(member, member) for member in before.members}
        for member in after.members:
            if member not in known:
                yield _member(member, before, after)


@change(catalog.UNION_MEMBER_DELETE)
def union_member_delete(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Union):
        for member in before.members:
            if compared.renamed.get(member, member) not in after.members:
                yield _member(member, before, after)


def _member(member: QName, before: Union, after: Union) -> Place:
    name = member.rpartition(".")[2]
    values = {"name": name, "owner": after.name}
    return Place(after.span, before.span, f"{after.name}.{name}", values, type=before.qname)


@change(catalog.UNION_TAG_CHANGE)
def union_tag_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Union):
        if before.tag != after.tag:
            yield _of(turned(before, after, old=before.tag, new=after.tag), before)
