"""The SQL of a root object's store: each statement compiled by Peewee once, on first use, and kept as text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import peewee

from codegen.runtime.storage.database import Database, Slot
from codegen.runtime.storage.stored_type import StoredType


class Statements:
    """Statements on the table of `type`, in the words and parameter style of `database`.

    `…_own` ones also take the owner's sid. Rows have the declared fields, in order.
    """

    def __init__(self, type: StoredType[Any, Any, Any, Any], database: Database) -> None:
        self.type = type
        self.database = database
        self.names = type.names
        self._found: dict[tuple[tuple[tuple[str, bool], ...], bool], str] = {}
        self._latest: dict[tuple[tuple[str, bool], ...], str] = {}
        self._once: dict[tuple[tuple[str, ...], bool], str] = {}

    @cached_property
    def _columns(self) -> list[peewee.Field]:
        """In the order of the declared fields."""
        by_name = {column.column_name: column for column in self.type.table._meta.sorted_fields}
        return [by_name[name] for name in self.names]

    @property
    def _sid(self) -> Any:
        return self._columns[0]

    def _select(self, *columns: peewee.Field) -> Any:
        return self.type.table.select(*(columns or self._columns))

    @property
    def _owner(self) -> Any:
        assert self.type.owner is not None
        return self._columns[self.names.index(self.type.owner)]

    @cached_property
    def select(self) -> str:
        return self.database.compile(self._select().where(self._sid == Slot("sid")), "sid")

    @cached_property
    def select_own(self) -> str:
        query = self._select().where(self._sid == Slot("sid"), self._owner == Slot("owner"))
        return self.database.compile(query, "sid", "owner")

    @cached_property
    def select_many(self) -> str:
        if self.database.dialect == "postgresql":
            matches = self._sid == peewee.fn.ANY(Slot("sids"))
        else:
            listed = (peewee.SQL("(SELECT value FROM json_each("), Slot("sids"), peewee.SQL("))"))
            matches = self._sid.in_(peewee.NodeList(listed, glue=""))
        return self.database.compile(self._select().where(matches), "sids")

    @cached_property
    def exists(self) -> str:
        return self.database.compile(self._select(self._sid).where(self._sid == Slot("sid")), "sid")

    @cached_property
    def exists_own(self) -> str:
        query = self._select(self._sid).where(self._sid == Slot("sid"), self._owner == Slot("owner"))
        return self.database.compile(query, "sid", "owner")

    @cached_property
    def lock(self) -> str:
        query = self._select().where(self._sid == Slot("sid"))
        return self.database.compile(query.for_update() if self.database.dialect == "postgresql" else query, "sid")

    @cached_property
    def page_sids(self) -> str:
        return self._page_text(self._select(self._sid))

    @cached_property
    def page_sids_own(self) -> str:
        return self._page_text(self._select(self._sid).where(self._owner == Slot("owner")), "owner")

    @cached_property
    def page(self) -> str:
        return self._page_text(self._select())

    @cached_property
    def page_own(self) -> str:
        return self._page_text(self._select().where(self._owner == Slot("owner")), "owner")

    def find(self, shape: tuple[tuple[str, bool], ...], own: bool) -> str:
        """Of the objects whose fields equal given values; `shape` is each field, and whether it is asked to be null."""
        text = self._found.get((shape, own))
        if text is None:
            text = self._found[shape, own] = self._find_text(shape, own)
        return text

    def latest(self, shape: tuple[tuple[str, bool], ...]) -> str:
        """Of the objects whose fields equal given values (`shape` as for `find`), those with the highest sids."""
        text = self._latest.get(shape)
        if text is None:
            query, slots = self._matching(shape)
            newest = query.order_by(self._sid.desc()).limit(Slot("limit"))
            text = self._latest[shape] = self.database.compile(newest, *slots, "limit")
        return text

    def _find_text(self, shape: Iterable[tuple[str, bool]], own: bool) -> str:
        query, slots = self._matching(shape)
        if own:
            query = query.where(self._owner == Slot("owner"))
            slots.append("owner")
        return self._page_text(query, *slots)

    def _matching(self, shape: Iterable[tuple[str, bool]]) -> tuple[Any, list[str]]:
        """The query for objects of this shape, and its slots."""
        query, slots = self._select(), []
        for name, null in shape:
            column: Any = self._columns[self.names.index(name)]
            query = query.where(column.is_null() if null else column == Slot(name))
            if not null:
                slots.append(name)
        return query, slots

    def _page_text(self, query: Any, *slots: str) -> str:
        page = query.where(self._sid > Slot("after")).order_by(self._sid).limit(Slot("limit"))
        return self.database.compile(page, *slots, "after", "limit")

    @cached_property
    def insert(self) -> str:
        return self._insert_text(self._insert_query())

    def insert_once(self, key: tuple[str, ...], returning: bool = True) -> str:
        """With `ON CONFLICT (key) DO NOTHING`, which hides no other violation. Raises `ValueError` for another key."""
        if (key, returning) not in self._once:
            if key not in self.type.unique:
                raise ValueError(f"{self.type.name} has no unique key {key}: it has {self.type.unique}")
            target = [self._columns[self.names.index(name)] for name in key]
            query = self._insert_query().on_conflict(action="NOTHING", conflict_target=target)
            self._once[key, returning] = self._insert_text(query, self._sid if returning else None)
        return self._once[key, returning]

    def _insert_query(self) -> Any:
        return self.type.table.insert_many([tuple(map(Slot, self.names))], fields=self._columns)

    def _insert_text(self, query: Any, returning: Any = None) -> str:
        # Peewee would add RETURNING for the primary key on PostgreSQL by itself; the sid is known.
        query._returning = (returning,) if returning is not None else None
        return self.database.compile(query, *self.names)

    @cached_property
    def update(self) -> str:
        changed = self.names[1:]
        values = dict(zip(self._columns[1:], map(Slot, changed), strict=True))
        return self.database.compile(self.type.table.update(values).where(self._sid == Slot("sid")), *changed, "sid")

    @cached_property
    def delete(self) -> str:
        return self.database.compile(self.type.table.delete().where(self._sid == Slot("sid")), "sid")

    @cached_property
    def references(self) -> list[tuple[str, str]]:
        """Each reference, with the question whether its object exists."""
        sid, one = peewee.Entity("sid"), peewee.SQL("1")
        return [
            (
                f.name,
                self.database.compile(
                    peewee.Select([peewee.Table(f.reference)], [one]).where(sid == Slot("sid")), "sid"
                ),
            )
            for f in self.type.fields
            if f.reference is not None
        ]
