"""The tables of the task queue on PostgreSQL: procrastinate's own, in a database schema of their own.

procrastinate brings its tables as a script and as migrations, one file for each step. Which of them a database has is
written down beside the tables, so that a later version of procrastinate brings only what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from codegen.runtime.storage.database import CONNECTING, Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.storage.migrations import MigrationError
from handlers.work.queue import statements

SCHEMA = "procrastinate"
STEP = "task queue"
"""What `migrate` calls it."""
_LOCK = 0x7175_6575_65  # "queue"


def missing(database: Database) -> tuple[str, ...]:
    """The steps that this database lacks; none on SQLite, which has no queue."""
    if database.dialect == "sqlite":
        return ()
    has_notes = database.execute(statements.HAS_TABLES)[0][0]
    noted = {name for (name,) in database.execute(statements.APPLIED_STEPS)} if has_notes else set()
    return tuple(name for name in steps() if name not in noted)


def migrate(database: Database) -> bool:
    """Bring the queue's tables forward; whether anything was missing. Raises `MigrationError`."""
    if not missing(database):
        return False
    with connected(database.url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))  # two runs wait for each other
        try:
            _apply(database, connection)
        except psycopg.Error as error:
            raise MigrationError(f"the tables of the task queue cannot be made: {error}") from error
    return True


def _apply(database: Database, connection: psycopg.Connection[Any]) -> None:
    waiting = missing(database)
    with connection.transaction():
        if connection.execute(statements.HAS_TABLES).fetchone() != (True,):
            connection.execute(statements.BEGIN_TABLES)
            connection.execute((_folder() / "schema.sql").read_bytes())
            _note(connection, *waiting)
            return
    for name in waiting:
        with connection.transaction():
            connection.execute(_folder().joinpath("migrations", name).read_bytes())
            _note(connection, name)


def _note(connection: psycopg.Connection[Any], *names: str) -> None:
    connection.cursor().executemany(statements.NOTE_STEP, [(each,) for each in names])


@cache
def steps() -> tuple[str, ...]:
    """The names of all migrations that the installed procrastinate brings, in order."""
    return tuple(sorted(path.name for path in (_folder() / "migrations").glob("*.sql")))


@cache
def _folder() -> Path:
    """Found without importing procrastinate, which takes longer than all else a command needs."""
    found = find_spec("procrastinate")
    assert found is not None and found.origin is not None, "the extra `site` brings procrastinate"
    return Path(found.origin).parent / "sql"


def parameters(url: str) -> Mapping[str, Any]:
    """What a connection to the queue of this database is opened with: unqualified names are those of the queue."""
    given = conninfo_to_dict(url)
    options = f"{given.get('options') or ''} -c search_path={SCHEMA}"
    return {**CONNECTING, **given, "options": options.strip()}


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the queue of the database at this URL; each statement is a transaction unless one is begun.

    Raises `Unavailable` where the database is away, or goes away meanwhile.
    """
    try:
        with psycopg.connect(**parameters(url), autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(str(error).strip()) from error
