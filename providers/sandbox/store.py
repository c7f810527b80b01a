"""What the sandbox remembers: vendors' objects as JSON, their idempotent answers, switches, webhooks to deliver."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    vendor TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL, UNIQUE (vendor, kind, id));
CREATE TABLE IF NOT EXISTS kept_answer (
    vendor TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    at REAL NOT NULL, PRIMARY KEY (vendor, key));
CREATE TABLE IF NOT EXISTS switch (
    vendor TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (vendor, name));
CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT, vendor TEXT NOT NULL, event TEXT NOT NULL, body BLOB NOT NULL,
    forged INTEGER NOT NULL, due REAL NOT NULL, held INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', answer TEXT NOT NULL DEFAULT '');
"""


class Store:
    """One SQLite file (or `:memory:`), one connection, one writer at a time; everything survives a restart."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody in between; may be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    # --- objects ------------------------------------------------------------------------------------------------

    def put(self, vendor: str, kind: str, body: JsonObject) -> None:
        """Keep an object under its `id`."""
        self._rows(
            "INSERT INTO object (vendor, kind, id, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (vendor, kind, id) DO UPDATE SET body = excluded.body",
            vendor,
            kind,
            body["id"],
            json.dumps(body),
        )

    def get(self, vendor: str, kind: str, key: str) -> JsonObject | None:
        rows = self._rows("SELECT body FROM object WHERE vendor = ? AND kind = ? AND id = ?", vendor, kind, key)
        return json.loads(rows[0][0]) if rows else None

    def all(self, vendor: str, kind: str) -> list[JsonObject]:
        """Newest first, as vendors list."""
        rows = self._rows("SELECT body FROM object WHERE vendor = ? AND kind = ? ORDER BY number DESC", vendor, kind)
        return [json.loads(row[0]) for row in rows]

    def remove(self, vendor: str, kind: str, key: str) -> None:
        self._rows("DELETE FROM object WHERE vendor = ? AND kind = ? AND id = ?", vendor, kind, key)

    # --- idempotent answers -------------------------------------------------------------------------------------

    def answer(self, vendor: str, key: str) -> tuple[str, int, str] | None:
        """(request, status, body) of the first call with this key."""
        rows = self._rows("SELECT request, status, body FROM kept_answer WHERE vendor = ? AND key = ?", vendor, key)
        return rows[0] if rows else None

    def keep_answer(self, vendor: str, key: str, request: str, status: int, body: str, at: float) -> None:
        self._rows("INSERT INTO kept_answer VALUES (?, ?, ?, ?, ?, ?)", vendor, key, request, status, body, at)

    def forget_answers(self, vendor: str, before: float) -> None:
        """Forget the keys of calls made before a time."""
        self._rows("DELETE FROM kept_answer WHERE vendor = ? AND at < ?", vendor, before)

    # --- switches -----------------------------------------------------------------------------------------------

    def switches(self, vendor: str) -> JsonObject:
        rows = self._rows("SELECT name, value FROM switch WHERE vendor = ?", vendor)
        return {name: json.loads(value) for name, value in rows}

    def set_switch(self, vendor: str, name: str, value: object) -> None:
        """None puts it back to its default."""
        if value is None:
            self._rows("DELETE FROM switch WHERE vendor = ? AND name = ?", vendor, name)
            return
        self._rows(
            "INSERT INTO switch VALUES (?, ?, ?) ON CONFLICT (vendor, name) DO UPDATE SET value = excluded.value",
            vendor,
            name,
            json.dumps(value),
        )

    def count_down(self, vendor: str, name: str) -> JsonObject | None:
        """A switch that has effect `count` times: its value, as long as it has."""
        with self.transaction():
            found: JsonObject = self.switches(vendor).get(name) or {}
            if found.get("count", 0) <= 0:
                return None
            self.set_switch(vendor, name, {**found, "count": found["count"] - 1})
            return found

    # --- deliveries ---------------------------------------------------------------------------------------------

    def add_delivery(self, vendor: str, event: str, body: bytes, *, due: float, held: bool, forged: bool) -> None:
        self._rows(
            "INSERT INTO delivery (vendor, event, body, forged, due, held) VALUES (?, ?, ?, ?, ?, ?)",
            vendor,
            event,
            body,
            forged,
            due,
            held,
        )

    def due_deliveries(self, vendor: str, now: float) -> list[tuple[int, str, bytes, bool, int]]:
        """(number, event, body, forged, attempts so far) of what waits and is due, in order."""
        return self._rows(
            "SELECT number, event, body, forged, attempts FROM delivery"
            " WHERE vendor = ? AND state = 'waiting' AND NOT held AND due <= ? ORDER BY due, number",
            vendor,
            now,
        )

    def settle_delivery(self, number: int, state: str, answer: str, due: float) -> None:
        self._rows(
            "UPDATE delivery SET state = ?, answer = ?, due = ?, attempts = attempts + 1 WHERE number = ?",
            state,
            answer,
            due,
            number,
        )

    def held_deliveries(self, vendor: str) -> list[tuple[int, str]]:
        """(number, event) of what is held."""
        return self._rows(
            "SELECT number, event FROM delivery WHERE vendor = ? AND held AND state = 'waiting' ORDER BY number", vendor
        )

    def release_delivery(self, number: int, due: float) -> None:
        self._rows("UPDATE delivery SET held = 0, due = ? WHERE number = ?", due, number)

    def deliveries(self, vendor: str) -> list[JsonObject]:
        """All of them, for whoever watches the sandbox: event, attempts, state, held, the last answer."""
        names = ("event", "attempts", "state", "held", "forged", "answer")
        rows = self._rows(
            "SELECT event, attempts, state, held, forged, answer FROM delivery WHERE vendor = ? ORDER BY number", vendor
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def repeat_delivery(self, vendor: str, event: str, due: float) -> int:
        """Deliver an event once more; gives how many deliveries were made of it (0: no such event)."""
        rows = self._rows(
            "SELECT body FROM delivery WHERE vendor = ? AND event = ? AND NOT forged LIMIT 1", vendor, event
        )
        for row in rows:
            self.add_delivery(vendor, event, row[0], due=due, held=False, forged=False)
        return len(rows)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
