"""Rewrite the JSON that columns hold, as a migration's `rewrites` say: what SQL cannot do alike on both databases.

`{"columns": [{"table", "column", "holds"}], "types": {name: …}}`, in the names before the migration. What a place holds
is the name of a type, or `{"each": …}` for the items of a list or the values of a map. A union is `{"tag", "members"}`,
its members' types by tag. A struct, all keys optional: `remove` (fields that go), `clear` (fields that go, and must
hold nothing or this value), `rename` (old to new name), `holds` (fields to go into, in new names), `fill` (values for
fields that are missing or null), `now` (the same with the time of the migration, as this kind of time), `require`
(fields that must not be missing or null).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from codegen.runtime.storage.database import Database

CHUNK = 500
"""Rows held in memory at a time."""


class Unfit(ValueError):
    """A stored value that cannot be rewritten; the message says why and what to do."""


def rewrite(database: Database, rewrites: Mapping[str, Any], now: datetime) -> None:
    """Rewrite all rows, inside the caller's transaction; rows that stay as they are are not written. Raises Unfit."""
    rewriter = Rewriter(rewrites["types"], now)
    for column in rewrites["columns"]:
        with _writable(database, column["table"]):
            _rewrite_column(database, rewriter, column)


def _rewrite_column(database: Database, rewriter: Rewriter, place: Mapping[str, Any]) -> None:
    table, column = (_quoted(place[key]) for key in ("table", "column"))
    select = database.prepare(
        f"SELECT sid, {column} FROM {table} WHERE {column} IS NOT NULL AND sid > ? "  # noqa: S608 - quoted names
        f"ORDER BY sid LIMIT {CHUNK}"
    )
    update = database.prepare(f"UPDATE {table} SET {column} = ? WHERE sid = ?")  # noqa: S608
    last = ""
    while rows := database.execute(select, (last,)):
        last = rows[-1][0]
        written = []
        for sid, text in rows:
            try:
                before = from_json(text)
                after = to_json(rewriter.value(place["holds"], before))
            except ValueError as error:
                raise Unfit(f"{place['table']}.{place['column']} of {sid}: {error}") from error
            if after != to_json(before):
                written.append((after.decode(), sid))
        if written:
            database.execute_many(update, written)


@contextmanager
def _writable(database: Database, table: str) -> Iterator[None]:
    """Nobody else writes to the table, and the triggers of an append-only one rest."""
    on = _quoted(table)
    if database.dialect == "postgresql":
        database.execute(f"LOCK TABLE {on} IN ACCESS EXCLUSIVE MODE")
        database.execute(f"ALTER TABLE {on} DISABLE TRIGGER USER")
        yield
        database.execute(f"ALTER TABLE {on} ENABLE TRIGGER USER")
        return
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,))
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {_quoted(name)}")
    yield
    for _, sql in triggers:
        database.execute(sql)


class Rewriter:
    """Rewrites values of the given types; `now` is in UTC. Values given are left as they are."""

    def __init__(self, types: Mapping[str, Any], now: datetime) -> None:
        self.types = types
        self.now = {"otime": now.replace(microsecond=0), "datetime": now, "date": now.date()}

    def value(self, holds: Any, value: Any) -> Any:
        """`value`, which stands where `holds` describes. Raises Unfit."""
        if value is None:
            return None
        if isinstance(holds, str):
            if not isinstance(value, dict):
                raise Unfit(f"{holds} is no JSON object there; mend it first")
            type_ = self.types[holds]
            if "tag" not in type_:
                return self._struct(holds, type_, value)
            member = type_["members"].get(value.get(type_["tag"]))
            return value if member is None else self.value(member, value)
        if isinstance(value, list):
            return [self.value(holds["each"], item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(holds["each"], item) for key, item in value.items()}
        raise Unfit("there is neither a list nor a map where one should be; mend it first")

    def _struct(self, name: str, type_: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
        rename, clear, inner = type_.get("rename", {}), type_.get("clear", {}), type_.get("holds", {})
        gone = {*type_.get("remove", ()), *clear}
        for field, harmless in clear.items():
            held = value.get(field)
            if held is not None and to_json(held) != to_json(harmless):
                raise Unfit(f"{name}.{field} holds values, which going back would lose; clear them first")
        made = {rename.get(field, field): item for field, item in value.items() if field not in gone}
        for field, holds in inner.items():
            if field in made:
                made[field] = self.value(holds, made[field])
        times = {field: self.now[kind] for field, kind in type_.get("now", {}).items()}
        for field, filling in {**type_.get("fill", {}), **times}.items():
            if made.get(field) is None:
                made[field] = filling
        for field in type_.get("require", ()):
            if made.get(field) is None:
                raise Unfit(f"{name}.{field} is required, and has no value there; give it one first")
        return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
