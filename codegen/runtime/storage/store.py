"""Keep the objects of one root object type: statements and mappings of rows are prepared once."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, cast

from pydantic_core import to_json

from codegen.runtime.errors import Conflict, InvalidParams, NotFound
from codegen.runtime.storage.codecs import row_codecs
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import UnknownReference
from codegen.runtime.storage.mapping import decoder, encoder, json_decoder
from codegen.runtime.storage.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from codegen.runtime.storage.statements import Statements
from codegen.runtime.storage.stored_type import Filter, M, New, Patch, Row, StoredType, Values
from codegen.runtime.values.columns import INDEX_BYTES
from codegen.runtime.values.sid import new_sid

_SIZED = (str, bytes)


class Store(Generic[M, New, Patch, Filter]):
    """The objects of `type` in `database`. One for each pair, shared by all threads: `Store.of(USER, database)`.

    Objects come in and go out as typed values; SQL text and mappings are made once. A method is one statement, or one
    transaction. What handlers do here runs no hooks and may write `@server` fields; `@immutable` and `@set_once` hold.

    Raises `NotFound`; `Conflict` (`Duplicate` for a taken key, `UnknownReference`, a stale `rev`); `InUse` for the
    deletion of an object that others refer to; `InvalidParams` for a value that may not be written there.
    """

    def __init__(self, type: StoredType[M, New, Patch, Filter], database: Database) -> None:
        self.type = type
        self.database = database
        self.sql = Statements(type, database)
        self._codecs = codecs = row_codecs(database.dialect)
        self.encode = encoder(type.fields, database.dialect)
        self.decode = decoder(type.fields, database.dialect)
        self._wide = tuple(tuple(map(type.names.index, names)) for names in type.wide)
        self._compute = type.compute
        self._guarded = tuple(f for f in type.fields if f.immutable or f.set_once or f.name == "sid")
        self._defaults = tuple((f.name, f.default) for f in type.fields if f.default is not None or f.nullable)
        self._asked = {stored.name: codecs[stored.kind] for stored in type.fields if stored.name in type.indexed}

    @cached_property
    def to_json(self) -> Callable[[Row], dict[str, Any]]:
        """A row → what its JSON is written from."""
        return json_decoder(self.type.fields, self.database.dialect)

    @classmethod
    def of(cls, type: StoredType[M, New, Patch, Filter], database: Database) -> Store[M, New, Patch, Filter]:
        """The store of this pair, made on first use."""
        found = database.stores.get(type)
        if found is None:
            found = database.stores[type] = cls(type, database)
        return cast("Store[M, New, Patch, Filter]", found)

    # --- reading ----------------------------------------------------------------------------------------------

    def get(self, sid: str) -> M:
        """The object. Raises `NotFound`."""
        return self.object(self.values(sid))

    def get_many(self, sids: Iterable[str]) -> dict[str, M]:
        """The objects of these sids, by sid, in one query; sids of none are left out."""
        wanted = list(sids)
        argument: Any = wanted if self.database.dialect == "postgresql" else to_json(wanted).decode()
        rows = self.database.execute(self.sql.select_many, (argument,))
        found = {row[0]: row for row in rows}
        return {sid: self.object(self.decode(found[sid])) for sid in wanted if sid in found}

    def exists(self, sid: str) -> bool:
        return bool(self.database.execute(self.sql.exists, (sid,)))

    def one(self, filter: Filter) -> M | None:
        """The first object, by sid, whose indexed fields equal those of `filter` (a unique key: the only one)."""
        rows = self.find_rows(cast("Mapping[str, Any]", filter), "", 1)
        return self.object(self.decode(rows[0])) if rows else None

    def list(self, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[str]:
        """A page of sids, in their order: that of creation for sids made here."""
        rows = self.database.execute(self.sql.page_sids, (self.after(cursor), _checked(limit) + 1))
        return self.page([row[0] for row in rows[:limit]], rows, limit)

    def list_full(self, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[M]:
        """A page of objects, with all their fields."""
        rows = self.database.execute(self.sql.page, (self.after(cursor), _checked(limit) + 1))
        return self.page([self.object(self.decode(row)) for row in rows[:limit]], rows, limit)

    def find(self, filter: Filter, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[M]:
        """A page of the objects whose indexed fields equal those of `filter`."""
        wanted = cast("Mapping[str, Any]", filter)
        rows = self.find_rows(wanted, self.after(cursor, wanted), _checked(limit) + 1)
        return self.page([self.object(self.decode(row)) for row in rows[:limit]], rows, limit, wanted)

    def latest(self, filter: Filter, limit: int = DEFAULT_LIMIT) -> builtins.list[M]:
        """The objects whose indexed fields equal those of `filter`, at most `limit`, those made last first."""
        shape, params = self._asked_for(cast("Mapping[str, Any]", filter))
        rows = self.database.execute(self.sql.latest(shape), (*params, _checked(limit)))
        return [self.object(self.decode(row)) for row in rows]

    # --- writing ----------------------------------------------------------------------------------------------

    def new(self, values: New, now: datetime) -> M:
        """Keep a new object; `now` fills the fields that default to the time of creation, a new sid a missing one."""
        complete = self.complete(cast("Values", values), now)
        return self.object(self.decode(self.insert(complete)))

    def insert_once(self, values: New, now: datetime, key: Sequence[str]) -> M | None:
        """Keep a new object unless its unique `key` (its fields) is taken: then nothing is done and None answered."""
        complete = self.complete(cast("Values", values), now)
        try:
            row = self.row(complete)
            rows = self.database.execute(self.sql.insert_once(tuple(key)), row)
        except UnknownReference as error:
            raise self.explained(error, complete) from error
        return self.object(self.decode(row)) if rows else None

    def insert_many(self, many: Iterable[New], now: datetime, key: Sequence[str] = ()) -> int:
        """Keep new objects in one transaction and say how many; with a unique `key`, without those whose key is taken.

        Sort by that key where it is an index with random order: it is much faster.
        """
        text = self.sql.insert_once(tuple(key), returning=False) if key else self.sql.insert
        rows = [self.row(self.complete(cast("Values", values), now)) for values in many]
        with self.database.transaction():
            return self.database.execute_many(text, rows) if rows else 0

    def set(self, values: New, now: datetime, rev: int | None = None) -> M:
        """Replace the object of `values["sid"]`, or keep a new one when there is none (or no sid).

        Fields left out take their default or null; `@server`, `@immutable` and `@set_once` fields keep their value.
        """
        return self.object(self.replace(dict(cast("Values", values)), now, rev)[1])

    def patch(self, sid: str, values: Patch, rev: int | None = None) -> M:
        """Write the given fields of an object, leave the others."""
        return self.object(self.merge(sid, cast("Values", values), rev)[1])

    def delete(self, sid: str) -> None:
        """Remove the object. Raises `NotFound`, and `InUse` while others refer to it."""
        if not self.database.change(self.sql.delete, (sid,)):
            raise NotFound

    # --- values and rows, for CRUD ----------------------------------------------------------------------------

    def values(self, sid: str) -> Values:
        rows = self.database.execute(self.sql.select, (sid,))
        if not rows:
            raise NotFound
        return self.decode(rows[0])

    def object(self, values: Values) -> M:
        """The model of stored values, with computed fields; trusted, not validated."""
        model = self.type.model.trusted(values)
        if self._compute is not None:
            model = self.type.model.trusted({**values, **self._compute(model)})
        return model

    def row(self, values: Values) -> Row:
        """The row of complete values. Raises `InvalidParams` for a value no database keeps, `LookupError` for none."""
        try:
            row = self.encode(values)
        except KeyError as error:
            name = error.args[0]
            raise LookupError(f"{self.type.name}.{name} has no value and no default: give it in a hook") from error
        except ValueError as error:
            raise InvalidParams(self._unkept(values), str(error), "stored") from error
        for places in self._wide:
            # PERF: a character has four bytes at most, so most are short enough without being counted.
            if 4 * sum([len(row[place]) for place in places if isinstance(row[place], _SIZED)]) > INDEX_BYTES:
                self._check_index([(self.type.fields[place].name, row[place]) for place in places])
        return row

    def _check_index(self, values: builtins.list[tuple[str, Any]]) -> None:
        """Refuse what is too long for an index, on both databases alike."""
        sizes = {name: _size(value) for name, value in values}
        if (size := sum(sizes.values())) > INDEX_BYTES:
            name = max(sizes, key=lambda each: sizes[each])
            also = f" together with {', '.join(sorted(sizes.keys() - {name}))}" if len(sizes) > 1 else ""
            raise InvalidParams(
                f"data.{name}", f"is looked for, and too long for that{also}: {size} bytes of {INDEX_BYTES}", "stored"
            )

    def _unkept(self, values: Values) -> str:
        """The path of the first value that no database keeps."""
        for field in self.type.fields:
            try:
                if values[field.name] is not None:
                    self._codecs[field.kind](values[field.name])
            except ValueError:
                return f"data.{field.name}"
        return "data"

    def complete(self, values: Mapping[str, Any], now: datetime) -> Values:
        """A new object's values: those given, then defaults, null where that is allowed, a new sid and the first rev.

        A `@server` time without a default is `now`.
        """
        complete = dict(values)
        if "sid" not in complete:
            complete["sid"] = new_sid()
        for name, default in self._defaults:
            if name not in complete:
                complete[name] = default(now) if default is not None else None
        return complete

    def insert(self, values: Values) -> Row:
        row = self.row(values)
        try:
            self.database.execute(self.sql.insert, row)
        except UnknownReference as error:
            raise self.explained(error, values) from error
        return row

    def merge(self, sid: str, changes: Values, rev: int | None = None) -> tuple[Values, Values]:
        """Write `changes` into an object; what it was and what it is. Raises as the class says."""
        return self.database.run(lambda: self.write(self.locked(sid, rev), changes))

    def replace(self, values: Values, now: datetime, rev: int | None = None) -> tuple[Values | None, Values]:
        """`set`: what was (None for a new object) and what is."""

        def work() -> tuple[Values | None, Values]:
            try:
                old = self.locked(values["sid"], rev) if "sid" in values else None
            except NotFound:
                old = None
            if old is None:
                if rev is not None:
                    raise Conflict("there is no object with this sid and rev")
                return None, self.decode(self.insert(self.complete(values, now)))
            return self.write(old, self.replacement(values, now))

        return self.database.run(work)

    def replacement(self, values: Values, now: datetime) -> Values:
        """What `set` changes: the fields given, and the default of those left out that may be changed."""
        filled = self.complete(values, now)
        kept = {f.name for f in self.type.fields if f.server or f.immutable or f.set_once} - values.keys()
        return {name: value for name, value in filled.items() if name not in kept and name != "rev"}

    def locked(self, sid: str, rev: int | None) -> Values:
        """The values of an object that nobody else writes until the transaction ends. Raises `NotFound`, `Conflict`."""
        rows = self.database.execute(self.sql.lock, (sid,))
        if not rows:
            raise NotFound
        values = self.decode(rows[0])
        if rev is not None and rev != values["rev"]:
            raise Conflict(f"the object was changed: its rev is {values['rev']}")
        return values

    def write(self, old: Values, changes: Mapping[str, Any]) -> tuple[Values, Values]:
        """Merge `changes` into a locked object and count its `rev` up."""
        for field in self._guarded:
            name = field.name
            if name in changes and changes[name] != old[name] and not (field.set_once and old[name] is None):
                rule = "set_once" if field.set_once else "immutable"
                raise InvalidParams(f"data.{name}", f"{name} cannot be changed", rule)
        new = {**old, **changes, "rev": old["rev"] + 1}
        row = self.row(new)
        try:
            self.database.execute(self.sql.update, (*row[1:], row[0]))
        except UnknownReference as error:
            raise self.explained(error, new) from error
        return old, self.decode(row)  # as it is kept: times of whole seconds may have been given with more

    def find_rows(self, filter: Mapping[str, Any], after: str, limit: int, owner: str | None = None) -> Sequence[Row]:
        """Rows behind `after` that match, at most `limit`, of `owner` if given. Raises `InvalidParams` for a field
        without an index."""
        shape, params = self._asked_for(filter)
        if owner is not None:
            params.append(owner)
        text = self.sql.find(shape, owner is not None)
        return self.database.execute(text, (*params, after, limit))

    def _asked_for(self, filter: Mapping[str, Any]) -> tuple[tuple[tuple[str, bool], ...], builtins.list[Any]]:
        """The fields of a filter and whether they are asked to be null, and the values of the others, as stored."""
        shape: builtins.list[tuple[str, bool]] = []
        params: builtins.list[Any] = []
        for name in sorted(filter):
            value = filter[name]
            shape.append((name, value is None))
            try:
                encode = self._asked[name]
                if value is not None:
                    params.append(encode(value))
            except KeyError:
                known = ", ".join(self.type.indexed) or "none"
                raise InvalidParams(
                    f"filter.{name}", f"only indexed fields can be asked for: {known}", "index"
                ) from None
            except ValueError as error:
                raise InvalidParams(f"filter.{name}", str(error), "stored") from error
        return tuple(shape), params

    def after(self, cursor: str | None, filter: Mapping[str, Any] | None = None) -> str:
        """The sid behind which a page begins. Raises `InvalidParams` for the cursor of another list or filter."""
        return decode_cursor(cursor, self._listed(filter))

    def page(
        self, items: Sequence[Any], rows: Sequence[Row], limit: int, filter: Mapping[str, Any] | None = None
    ) -> Page[Any]:
        """`rows` holds one more than `limit` where there is a next page."""
        more = encode_cursor(rows[limit - 1][0], self._listed(filter)) if len(rows) > limit else None
        return {"items": [*items], "next_cursor": more}

    def _listed(self, filter: Mapping[str, Any] | None) -> str:
        """The name that a list has in its cursors: of all objects, or of those that a filter asks for."""
        return self.type.wire if filter is None else f"{self.type.wire} {self._asked_for(filter)!r}"

    def explained(self, error: UnknownReference, values: Values) -> UnknownReference:
        """The error with the fields that refer to nothing, which SQLite does not tell."""
        if error.fields:
            return error
        return UnknownReference(
            [
                name
                for name, text in self.sql.references
                if values[name] is not None and not self.database.execute(text, (values[name],))
            ]
        )


def _size(value: Any) -> int:
    """The bytes that an index keeps of a stored text, or of bytes; of anything else they are few."""
    return len(value.encode() if isinstance(value, str) else value) if isinstance(value, _SIZED) else 0


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidParams("limit", f"limit is 1 to {MAX_LIMIT}", "range")
    return limit
