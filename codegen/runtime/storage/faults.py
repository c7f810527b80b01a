"""What a database refuses, or cannot do now; and what the errors of both drivers mean by that."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors as pg

from codegen.runtime.errors import Busy, Conflict, InUse


class Duplicate(Conflict):
    """A unique key is taken. `fields` are its columns, empty where the database does not tell them."""

    def __init__(self, fields: Sequence[str] = (), constraint: str = "") -> None:
        self.fields, self.constraint = tuple(fields), constraint
        super().__init__(f"an object with this {' and '.join(self.fields)} exists already" if fields else None)

    def data(self) -> dict[str, Any]:
        return {"fields": list(self.fields)}


class UnknownReference(Conflict):
    """A written reference names no object. `fields` are its columns; SQLite does not tell them (`Store` finds out)."""

    message = "a referenced object does not exist"

    def __init__(self, fields: Sequence[str] = ()) -> None:
        self.fields = tuple(fields)
        super().__init__()

    def data(self) -> dict[str, Any]:
        return {"fields": list(self.fields)}


class Referenced(InUse):
    """The row cannot go: another refers to it."""


class Refused(Exception):
    """A CHECK, NOT NULL or append-only rule of the table refused what was written: a fault of the program."""


class Unavailable(Exception):
    """The database did not do it, and may another time: it is away, stayed locked too long, or its disk is full.

    `reason` is for logs and operators: it names files, hosts and users. What callers are told is `answer`.
    """

    def __init__(self, reason: str, answer: Busy | None = None) -> None:
        super().__init__(reason)
        self.reason, self.answer = reason, answer or Busy("the database does not answer; try again")


class Restart(Unavailable):
    """The transaction met another one and was rolled back; run it again (`Database.run` does, for a while)."""

    def __init__(self, reason: str = "the transaction met another one") -> None:
        super().__init__(reason, Busy())


class ReadOnlyThread(Exception):
    """A thread that only reads was to write (`Database.only_read`); whatever wanted that has to run in another.

    `waits` says whether it may have to wait there for other writers.
    """

    waits = True


def of_sqlite(error: sqlite3.Error, sql: str) -> Exception:
    """What an error of a statement means; the error itself where it is none of these."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        if text.startswith("UNIQUE constraint failed: "):
            columns = [part.rpartition(".")[2] for part in text.partition(": ")[2].split(", ")]
            return Duplicate(columns)
        if text.startswith("FOREIGN KEY"):
            return Referenced() if sql.startswith("DELETE") else UnknownReference()
        return Refused(text)
    if isinstance(error, sqlite3.OperationalError):
        match (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return Unavailable(text, Busy())
            case sqlite3.SQLITE_FULL:
                return Unavailable(text, _full())
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR:
                return Unavailable(text)
    return error


def of_postgresql(error: psycopg.Error) -> Exception:
    """The same of PostgreSQL."""
    diagnostics = error.diag
    if isinstance(error, pg.UniqueViolation):
        return Duplicate(_key_columns(diagnostics), diagnostics.constraint_name or "")
    if isinstance(error, pg.RestrictViolation):
        return Referenced()
    if isinstance(error, pg.ForeignKeyViolation):
        missing = (diagnostics.message_primary or "").startswith("insert")
        return UnknownReference(_key_columns(diagnostics)) if missing else Referenced()
    if isinstance(error, (pg.SerializationFailure, pg.DeadlockDetected)):
        return Restart(str(error))
    if isinstance(error, (psycopg.IntegrityError, pg.RaiseException)):
        return Refused(str(error))
    if isinstance(error, pg.DiskFull):
        return Unavailable(str(error), _full())
    if isinstance(error, pg.LockNotAvailable):
        return Unavailable(str(error), Busy())
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(str(error).strip())
    return error


def _full() -> Busy:
    return Busy("there is no room left on the database's disk; try again later", retry_after=30)


def _key_columns(diagnostics: psycopg.errors.Diagnostic) -> list[str]:
    """The columns in PostgreSQL's `Key (a, b)=(1, 2) already exists.`"""
    detail = diagnostics.message_detail or ""
    columns = detail[len("Key (") : detail.index(")=(")] if detail.startswith("Key (") else ""
    return [column.strip('"') for column in columns.split(", ")] if columns else []
