"""The consumed lines in a database: written in chunks, found by position and by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.faults import Duplicate
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sids
from generated.models.onboarding import UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.audit import u64
from handlers.usage import statements
from handlers.usage.charged_line import ChargedLine
from handlers.usage.rows import RowsOfLines
from handlers.usage_format.record import LoggedUsage

TOGETHER = 1000
"""Lines that are written at once: on SQLite by one statement, while the next ones are read."""
_SOME = 100
"""Rows of one statement on SQLite where they are fewer."""
_PLACES = {field.name: place for place, field in enumerate(USAGE_RECORD.fields)}
_STREAM, _NUMBER, _KEY = _PLACES["stream_id"], _PLACES["local_seq"], _PLACES["idempotency_key"]
_PATH, _LINE = _PLACES["path"], _PLACES["line"]


class KeyTaken(Exception):
    """The idempotency key of a line, or its number, belongs to another record of its node; nothing was written."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(path, line)
        self.path, self.line = path, line


class Records:
    """The records of one node; those that are added are consumed `now`, and written by `write`."""

    def __init__(self, database: Database, node_id: str, now: datetime) -> None:
        self._database, self._node_id = database, node_id
        self._store = Store.of(USAGE_RECORD, database)
        self._row = RowsOfLines(database.dialect, now)
        self._waiting: list[ChargedLine] = []
        self._begun: tuple[Sequence[Row], Callable[[], None]] | None = None
        self._helper: ThreadPoolExecutor | None = None
        prepare = database.prepare
        self._hash, self._key = prepare(statements.HASH_OF_RECORD), prepare(statements.KEY_IS_TAKEN)
        self._aside, self._void = prepare(statements.WAS_SET_ASIDE), prepare(statements.IS_TAKEN_BACK)

    def hash_at(self, stream_id: str, seq: int) -> str | None:
        """The hash of the line that was consumed with this number, if one was."""
        return self._hash_at(stream_id, u64(self._database, seq))

    def was_set_aside(self, line_hash: str) -> bool:
        """Whether the very same line is in quarantine, whatever was decided about it."""
        return bool(self._database.execute(self._aside, (self._node_id, line_hash)))

    def of_key(self, key: str) -> UsageRecord | None:
        """The record with this idempotency key."""
        return self._store.one({"node_id": self._node_id, "idempotency_key": key})

    def is_taken_back(self, key: str) -> bool:
        """Whether a record takes back the one with this key."""
        return bool(self._database.execute(self._void, (self._node_id, key)))

    def has(self, record: LoggedUsage) -> bool:
        """Whether the idempotency key of a record, or its number, is taken."""
        return self._has(record.idempotency_key) or self.hash_at(record.stream_id, record.local_seq) is not None

    def add(self, line: ChargedLine) -> int:
        """Take a line that `write` is to write; how many wait now."""
        self._waiting.append(line)
        return len(self._waiting)

    def begin_write(self) -> None:
        """Begin to write the lines that wait; `write` and `close` wait for the end. Raises `KeyTaken` for those of the
        last time."""
        if self._database.dialect != "sqlite" or len(self._waiting) != TOGETHER:
            self.write()
            return
        if self._helper is None:
            self._helper = ThreadPoolExecutor(1, "write")
        rows = self._taken()
        params = tuple(chain.from_iterable(rows))
        self._settle()  # PERF: behind what can be done while the last ones are written
        self._begun = rows, self._database.begin(_many_rows(self._store.sql.insert, TOGETHER), params, self._helper)

    def write(self) -> None:
        """Write the lines that wait. Raises `KeyTaken`: the transaction is to be given up then."""
        self._settle()
        rows = self._taken()
        if not rows:
            return
        try:
            with self._database.transaction():
                self._insert(rows)
        except Duplicate:
            self._tell(rows)
            raise

    def close(self) -> None:
        """Wait for what was begun, whatever becomes of it. Nothing may be written when the transaction has ended."""
        if self._helper is not None:
            self._helper.shutdown()
            self._helper = None

    def _taken(self) -> list[Row]:
        """The rows of the lines that wait.

        PERF: their sids are made at once: whoever waits for Python's lock begins to wait anew each time it is let go,
        as random numbers do.
        """
        lines, self._waiting = self._waiting, []
        return list(map(self._row, new_sids(len(lines)), lines))

    def _settle(self) -> None:
        """Wait for what was begun."""
        if self._begun is None:
            return
        (rows, wait), self._begun = self._begun, None
        try:
            wait()
        except Duplicate:
            self._tell(rows)
            raise

    def _tell(self, rows: Sequence[Row]) -> None:
        """Raise `KeyTaken` for the first row whose key or number another record has."""
        met = set[object]()
        for row in rows:
            key, number = row[_KEY], (row[_STREAM], row[_NUMBER])
            if key in met or number in met or self._has(key) or self._hash_at(*number) is not None:
                raise KeyTaken(row[_PATH], row[_LINE]) from None
            met |= {key, number}

    def _insert(self, rows: Sequence[Row]) -> None:
        # PERF: on SQLite each run of a statement costs as much as a row. On PostgreSQL COPY takes them all.
        whole = len(rows) - len(rows) % _SOME if self._database.dialect == "sqlite" else 0
        for at in range(0, whole, _SOME):
            params = tuple(chain.from_iterable(rows[at : at + _SOME]))
            self._database.execute(_many_rows(self._store.sql.insert, _SOME), params)
        if whole < len(rows):
            self._database.copy(self._store.sql.insert, rows[whole:])

    def _has(self, key: str) -> bool:
        return bool(self._database.execute(self._key, (self._node_id, key)))

    def _hash_at(self, stream_id: str, seq: Any) -> str | None:
        rows = self._database.execute(self._hash, (self._node_id, stream_id, seq))
        return rows[0][0] if rows else None


@cache
def _many_rows(insert: str, count: int) -> str:
    """The statement that inserts so many rows, of the one that inserts one."""
    head, values, row = insert.rpartition(" VALUES ")
    return f"{head}{values}{', '.join([row] * count)}"
