"""What generated round-trip tests check: an object comes back from the database as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from codegen.runtime.errors import InvalidParams, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredType, Values
from codegen.runtime.values.sid import new_sid

AnyStored = StoredType[Any, Any, Any, Any]
NOW = datetime(2000, 1, 1, tzinfo=UTC)


class Unstorable(Exception):
    """A drawn value that no database keeps, like text with the character NUL: draw another one."""


class _Undo(Exception):
    pass


def scratch_database(tables: Path, folder: Path) -> Database:
    """An SQLite database in `folder`, with the tables that the generated SQL in `tables` makes."""
    database = Database.open(f"sqlite:///{folder}/scratch.db")
    database.execute_script((tables / "sqlite.sql").read_text(encoding="utf-8"))
    return database


def check_roundtrip(
    type: AnyStored, draw: Callable[[AnyStored], Any], stored: Iterable[AnyStored], database: Database
) -> None:
    """Keep what `draw` gives, read it in all ways, change it, remove it; undo everything.

    `draw` gives a model of a type; its references are replaced by objects of `stored` that are drawn as well.
    Raises `AssertionError` where something differs, `Unstorable` where the draw cannot be kept.
    """
    # What is computed is no matter of the table.
    by_table = {each.table._meta.table_name: replace(each, computed=(), _compute=[]) for each in stored}
    subject = by_table[type.table._meta.table_name]
    try:
        with database.transaction():
            _check(Store(subject, database), draw, by_table)
            raise _Undo
    except _Undo:
        pass
    except InvalidParams as error:
        if error.errors[0]["rule"] != "stored":
            raise
        raise Unstorable(str(error)) from error


def _check(store: Store[Any, Any, Any, Any], draw: Callable[[AnyStored], Any], types: Mapping[str, AnyStored]) -> None:
    type, database = store.type, store.database
    written = _keep(store, draw, types, {})
    sid = written["sid"]
    assert store.values(sid) == written, "what is read differs from what was written"
    (row,) = database.execute(store.sql.select, (sid,))
    model = store.get(sid)
    shown = from_json(to_json(model))
    computed = shown.keys() - set(type.names)  # no matter of the table, and null where nobody says how
    assert from_json(to_json(store.to_json(row))) == {
        name: value for name, value in shown.items() if name not in computed
    }, "JSON from the row differs from the model's"
    assert from_json(to_json(model))["sid"] == sid
    for name in type.indexed:
        found = store.find({name: written[name]}, limit=1000)["items"]
        assert sid in [each.sid for each in found], f"find does not meet {name}={written[name]!r}"
    if type.append_only:
        return
    other = {**type.values_of(draw(type)), **{f.name: written[f.name] for f in type.fields if f.reference}}
    fixed = {f.name for f in type.fields if f.immutable or f.set_once} | {"sid", "rev"}
    changes = {name: value for name, value in other.items() if name not in fixed}
    store.patch(sid, changes, rev=written["rev"])
    assert store.values(sid) == {**written, **changes, "rev": written["rev"] + 1}, "what was patched differs"
    store.delete(sid)
    try:
        store.get(sid)
    except NotFound:
        return
    raise AssertionError("what was deleted is still there")


def _keep(
    store: Store[Any, Any, Any, Any],
    draw: Callable[[AnyStored], Any],
    types: Mapping[str, AnyStored],
    targets: dict[str, str],
) -> Values:
    """Keep a drawn object and what it refers to, one object of each type; references that may be null are."""
    values = {**store.type.values_of(draw(store.type)), "sid": new_sid()}
    if not store.type.append_only:
        values["rev"] = 1
    for field in store.type.fields:
        if field.reference is not None:
            if not field.nullable and field.reference not in targets:
                target = Store(types[field.reference], store.database)
                targets[field.reference] = _keep(target, draw, types, targets)["sid"]
            values[field.name] = None if field.nullable else targets[field.reference]
    store.insert(values)
    return values
