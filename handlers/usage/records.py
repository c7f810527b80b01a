"""The consumed lines in a database: written in chunks, found by position and by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from codegen.runtime.storage.database import Database, Duplicate, Row
from codegen.runtime.storage.store import Store
from generated.models.onboarding import UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.audit import u64
from handlers.usage import statements
from handlers.usage.charged_line import ChargedLine
from handlers.usage.rows import RowsOfLines

_TOGETHER = 250
"""Rows of one statement on SQLite."""


class KeyTaken(Exception):
    """The idempotency key of a line, or its number, belongs to another record of its node; nothing was written."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Records:
    """The records of one node."""

    def __init__(self, database: Database, node_id: str) -> None:
        self._database, self._node_id = database, node_id
        self._store = Store.of(USAGE_RECORD, database)
        self._rows = RowsOfLines(database.dialect)
        insert, values, row = self._store.sql.insert.rpartition(" VALUES ")
        self._insert_together = f"{insert}{values}{', '.join([row] * _TOGETHER)}"
        prepare = database.prepare
        self._hash, self._key = prepare(statements.HASH_OF_RECORD), prepare(statements.KEY_IS_TAKEN)
        self._aside, self._void = prepare(statements.WAS_SET_ASIDE), prepare(statements.IS_TAKEN_BACK)

    def hash_at(self, stream_id: str, seq: int) -> str | None:
        """The hash of the line that was consumed with this number, if one was."""
        rows = self._database.execute(self._hash, (self._node_id, stream_id, u64(self._database, seq)))
        return rows[0][0] if rows else None

    def was_set_aside(self, line_hash: str) -> bool:
        """Whether the very same line is in quarantine, whatever was decided about it."""
        return bool(self._database.execute(self._aside, (self._node_id, line_hash)))

    def of_key(self, key: str) -> UsageRecord | None:
        """The record with this idempotency key."""
        return self._store.one({"node_id": self._node_id, "idempotency_key": key})

    def is_taken_back(self, key: str) -> bool:
        """Whether a record takes back the one with this key."""
        return bool(self._database.execute(self._void, (self._node_id, key)))

    def write(self, lines: Sequence[ChargedLine], now: datetime) -> None:
        """Write lines, all or none. Raises `KeyTaken`."""
        rows = self._rows(lines, now)
        try:
            with self._database.transaction():
                self._insert(rows)
        except Duplicate:
            taken = self._taken(lines)
            if taken is None:
                raise
            raise KeyTaken(taken) from None

    def _insert(self, rows: Sequence[Row]) -> None:
        # PERF: SQLite makes the sets of a table's checks anew each time a statement is run, which is a third of the
        # work of one row. psycopg sends the rows of `execute_many` together by itself.
        whole = len(rows) - len(rows) % _TOGETHER if self._database.dialect == "sqlite" else 0
        for at in range(0, whole, _TOGETHER):
            self._database.execute(self._insert_together, tuple(chain.from_iterable(rows[at : at + _TOGETHER])))
        if whole < len(rows):
            self._database.execute_many(self._store.sql.insert, rows[whole:])

    def _taken(self, lines: Sequence[ChargedLine]) -> int | None:
        """The place of the first line whose key or number another record has."""
        met = set[object]()
        for place, line in enumerate(lines):
            record = line.record
            key, number = record.idempotency_key, (record.stream_id, record.local_seq)
            if key in met or self._database.execute(self._key, (self._node_id, key)):
                return place
            if number in met or self.hash_at(*number) is not None:
                return place
            met |= {key, number}
        return None
