"""Bring a database to the version of its migrations, forward or back, and refuse to work with another version.

A directory of migrations holds a folder `NNNN_<slug>` for each, numbered from 1 without gaps, with `up` and `down`
SQL for both databases and `migration.json` (what it does in words, checksums, what no row may hold, JSON to rewrite
before the SQL is run). Each migration is one transaction on both databases; what was applied stands in
`schema_migrations`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import peewee
import psycopg

from codegen.runtime.context import Clock, SystemClock
from codegen.runtime.errors import DeclaredError
from codegen.runtime.start import CannotStart
from codegen.runtime.storage.database import BUSY_TIMEOUT, Database, set_lock_timeout, without_password
from codegen.runtime.storage.faults import Refused, Unavailable
from codegen.runtime.storage.own_tables import CALLS, CREATE_CALLS, CREATE_MIGRATIONS, MIGRATIONS
from codegen.runtime.storage.rewrites import Unfit, rewrite
from codegen.runtime.storage.stored_type import StoredType
from codegen.runtime.values.columns import DIALECTS
from codegen.runtime.values.pattern import read_pattern

FORMAT = 1
FOLDER = re.compile(r"(\d{4})_([a-z0-9_]+)")
FILES = tuple(f"{direction}.{dialect}.sql" for direction in ("up", "down") for dialect in DIALECTS)

EMPTY = hashlib.sha256(b"[]").hexdigest()
"""The digest of no tables at all."""
_ADVISORY_LOCK = 0x6F73_6368_656D_61  # "oschema"


class MigrationError(CannotStart):
    """The migrations and the database do not fit, or one of them failed; the message says what to do."""


class NotCurrent(MigrationError):
    """The database has another version than the program."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One folder. `scripts` are the SQL files by name, `guards`, `patterns` and `rewrites` by direction.

    `begins` and `leads_to` are digests of the tables before and after it.
    """

    number: int
    slug: str
    begins: str
    leads_to: str
    scripts: Mapping[str, str]
    guards: Mapping[str, Sequence[Mapping[str, str]]]
    patterns: Mapping[str, Sequence[Mapping[str, str]]]
    rewrites: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        return f"{self.number:04d}_{self.slug}"

    def checksum(self, dialect: str) -> str:
        """Of what this migration does to a database of this kind."""
        rewrites = json.dumps(self.rewrites["up"]) if "up" in self.rewrites else ""
        return checksum(self.scripts[f"up.{dialect}.sql"] + rewrites)


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of `schema_migrations`; `applied_at` in seconds since 1970, UTC."""

    number: int
    slug: str
    checksum: str
    applied_at: int

    @property
    def name(self) -> str:
        return f"{self.number:04d}_{self.slug}"


@dataclass(frozen=True, slots=True)
class Status:
    """`missing` are tables of the runtime's own that a database of an older version lacks; `apply` makes them too."""

    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]
    missing: tuple[str, ...]

    @property
    def waiting(self) -> tuple[str, ...]:
        """What `apply` would do, by name."""
        return (*(migration.name for migration in self.pending), *self.missing)


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- the directory ----------------------------------------------------------------------------------------------


def read(directory: Path) -> tuple[Migration, ...]:
    """The migrations of a directory, by number; none where it does not exist.

    Raises MigrationError for gaps, numbers given twice, missing files, files edited since they were planned, and a
    migration that does not begin where the one before it ends.
    """
    folders = sorted(path for path in directory.iterdir() if FOLDER.fullmatch(path.name)) if directory.is_dir() else []
    found = [_read_one(folder) for folder in folders]
    for expected, migration in enumerate(found, 1):
        if migration.number < expected:
            raise MigrationError(
                f"{found[expected - 2].name} and {migration.name} have the same number; plan one of them again behind "
                "the other with `oschema migrate rebase --onto REF`"
            )
        if migration.number > expected:
            raise MigrationError(
                f"migration {expected:04d} is missing before {migration.name}; restore its folder from version control"
            )
    for before, after in pairwise(found):
        if after.begins != before.leads_to:
            raise MigrationError(
                f"{after.name} does not begin where {before.name} ends: they are of two lines of development, or one "
                "is gone between them; plan it again with `oschema migrate rebase --onto REF`, or restore the folders "
                "from version control"
            )
    if found and found[0].begins != EMPTY:
        raise MigrationError(f"{found[0].name} does not begin with an empty database; restore it from version control")
    return tuple(found)


def _read_one(folder: Path) -> Migration:
    match = FOLDER.fullmatch(folder.name)
    assert match is not None
    try:
        about = json.loads((folder / "migration.json").read_text(encoding="utf-8"))
        scripts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
    except FileNotFoundError as error:
        raise MigrationError(
            f"{folder.name} has no {Path(error.filename).name}; restore it from version control"
        ) from error
    except ValueError as error:
        raise MigrationError(f"{folder.name} cannot be read ({error}); restore it from version control") from error
    if about.get("format") != FORMAT:
        raise MigrationError(f"{folder.name} has format {about.get('format')!r}, this program reads format {FORMAT}")
    rewrites = about.get("rewrites", {})
    wanted = {**scripts, "rewrites": json.dumps(rewrites)} if rewrites or "rewrites" in about["checksums"] else scripts
    edited = [name for name, text in wanted.items() if about["checksums"].get(name) != checksum(text)]
    if edited:
        what = "migration.json" if edited[0] == "rewrites" else edited[0]
        raise MigrationError(
            f"{folder.name}/{what} was edited since it was planned; restore it from version "
            "control, or accept the edit with `oschema migrate seal`"
        )
    if not isinstance(about.get("from"), str) or not isinstance(about.get("to"), str):
        raise MigrationError(f"{folder.name}/migration.json was edited; restore it from version control")
    guards, patterns = about.get("guards", {}), about.get("patterns", {})
    return Migration(int(match[1]), match[2], about["from"], about["to"], scripts, guards, patterns, rewrites)


# --- the database -----------------------------------------------------------------------------------------------


def status(database: Database, directory: Path) -> Status:
    """What was applied and what waits. Raises MigrationError where the two do not fit."""
    known = read(directory)
    applied = _applied(database)
    _compare(database, known, applied)
    return Status(applied, known[len(applied) :], () if _exists(database, CALLS) or not applied else (CALLS,))


def require_current(database: Database, directory: Path, command: str | None = None) -> None:
    """Raise NotCurrent, with the command that mends it, unless exactly the known migrations are applied."""
    found = status(database, directory)
    if found.waiting:
        migrations = f"{_count(len(found.pending), 'migration')} ({', '.join(each.name for each in found.pending)})"
        lacks = [migrations] * bool(found.pending) + [f"the table {name}" for name in found.missing]
        mend = command or f"oschema migrate apply --database {without_password(database.url)}"
        raise NotCurrent(f"the database lacks {' and '.join(lacks)}; run `{mend}`")


def require_tables(database: Database, stored: Iterable[StoredType[Any, Any, Any, Any]]) -> None:
    """Raise NotCurrent unless the database has a table with the columns of each."""
    for each in stored:
        query = each.table.select(*(getattr(each.table, name) for name in each.names)).where(peewee.SQL("1 = 0"))
        try:
            database.execute(database.compile(query))
        except (sqlite3.Error, psycopg.Error) as error:
            raise NotCurrent(
                f"the table of {each.name} is not what its schema says: {_message(error)}; "
                "run `oschema migrate plan`, then `oschema migrate apply`"
            ) from error


def apply(
    database: Database,
    directory: Path,
    to: int | None = None,
    clock: Clock | None = None,
    on_step: Callable[[str, str], None] | None = None,
) -> tuple[Migration, ...]:
    """Bring the database to migration `to` (default: the newest; 0: empty), forward or back; what was run, in order.

    Each migration is a transaction of its own: one that fails leaves the database at the one before it. Two runs at
    the same time wait for each other. `on_step` is told its name and "up" or "down" before each. Raises MigrationError.
    """
    known = read(directory)
    target = len(known) if to is None else to
    if not 0 <= target <= len(known):
        raise MigrationError(f"there is no migration {target}; the newest is {len(known)}")
    if database.in_transaction:
        raise MigrationError("migrations cannot run inside a transaction")
    done: list[Migration] = []
    with _alone(database):
        while True:
            with _migration_transaction(database):
                database.execute(CREATE_MIGRATIONS)
                applied = _applied(database)
                _compare(database, known, applied)
                if not _exists(database, CALLS):
                    if on_step and applied:
                        on_step(CALLS, "up")
                    database.execute(CREATE_CALLS)
                if len(applied) == target:
                    if target == 0:  # what the calls made is gone
                        database.execute("DELETE FROM idempotent_calls")
                    return tuple(done)
                up = len(applied) < target
                migration = known[len(applied) if up else len(applied) - 1]
                if on_step:
                    on_step(migration.name, "up" if up else "down")
                _run(database, migration, "up" if up else "down", clock or SystemClock())
                done.append(migration)


def _run(database: Database, migration: Migration, direction: str, clock: Clock) -> None:
    try:
        for guard in migration.guards.get(direction, ()):
            _check_guard(database, guard)
        for pattern in migration.patterns.get(direction, ()):
            _check_pattern(database, pattern)
        if direction in migration.rewrites:
            rewrite(database, migration.rewrites[direction], clock.now())
        _execute(database, migration.scripts[f"{direction}.{database.dialect}.sql"])
        if database.dialect == "sqlite":
            broken = database.execute("PRAGMA foreign_key_check")
            if broken:
                raise MigrationError(f"rows of {broken[0][0]} would refer to rows of {broken[0][2]} that are not there")
    except (MigrationError, Unfit, DeclaredError, Refused, Unavailable, sqlite3.Error, psycopg.Error) as error:
        what = "failed" if direction == "up" else "cannot be taken back"
        message = f"migration {migration.name} {what}: {_message(error)} (nothing of it was kept)"
        raise MigrationError(message) from error
    if direction == "down":
        database.execute(database.prepare("DELETE FROM schema_migrations WHERE number = ?"), (migration.number,))
        return
    database.execute(
        database.prepare("INSERT INTO schema_migrations (number, slug, checksum, applied_at) VALUES (?, ?, ?, ?)"),
        (migration.number, migration.slug, migration.checksum(database.dialect), int(clock.now().timestamp())),
    )


NAMED = 3
"""Rows that an error names; the query beside them finds all."""


def _check_guard(database: Database, guard: Mapping[str, str]) -> None:
    """The guard's query must find nothing. The SQL of the migration checks the same, for who runs it by hand."""
    query = guard[database.dialect]
    rows = database.peewee.connection().execute(f"{query} LIMIT {NAMED}")  # `%` and `?` in it stand for themselves
    found = [str(sid) for (sid,) in rows.fetchall()]
    if found:
        raise MigrationError(f"{guard['message']}; such as {', '.join(found)}; all of them: {query}")


def _check_pattern(database: Database, pattern: Mapping[str, str]) -> None:
    """Every value that is not NULL must match whole."""
    column, table = (pattern[key].replace('"', '""') for key in ("column", "table"))
    wanted = read_pattern(pattern["pattern"])
    if database.dialect == "postgresql":
        database.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
    found = []
    for sid, value in database.execute(f'SELECT "sid", "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'):  # noqa: S608
        if not wanted.fullmatch(value):
            found.append(str(sid))
            if len(found) == NAMED:
                break
    if found:
        raise MigrationError(f"{pattern['message']}; such as {', '.join(found)}")


def _execute(database: Database, script: str) -> None:
    if database.dialect == "postgresql":
        database.peewee.connection().execute(script)  # without parameters, a script of many statements is allowed
        return
    for statement in statements(script):
        database.execute(statement)


def statements(script: str) -> Iterator[str]:
    """The statements of an SQLite script; triggers hold semicolons, so SQLite itself says where one ends."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if pending.strip() and not all(line.startswith("--") or not line.strip() for line in pending.splitlines()):
        yield pending.strip()


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """No other run at the same time; on SQLite also without foreign keys, so that tables can be rebuilt.

    SQLite's runs exclude each other by `BEGIN IMMEDIATE` in each transaction.
    """
    before: tuple[str, ...] = ("PRAGMA foreign_keys = OFF",)
    after: tuple[str, ...] = ("PRAGMA foreign_keys = ON",)
    if database.dialect == "postgresql":  # the other run may take its time
        before = (set_lock_timeout(0), f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        after = (f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})", set_lock_timeout(BUSY_TIMEOUT))
    for statement in before:
        database.execute(statement)
    try:
        yield
    finally:
        for statement in after:
            database.execute(statement)


@contextmanager
def _migration_transaction(database: Database) -> Iterator[None]:
    mode = ("IMMEDIATE",) if database.dialect == "sqlite" else ()
    try:
        with database.peewee.atomic(*mode):
            yield
    except peewee.OperationalError as error:  # another process holds the database
        raise Unavailable(str(error)) from error


def _exists(database: Database, table: str) -> bool:
    query = (
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if database.dialect == "sqlite"
        else "SELECT 1 WHERE to_regclass(?) IS NOT NULL"
    )
    return bool(database.execute(database.prepare(query), (table,)))


def _applied(database: Database) -> tuple[Applied, ...]:
    if not _exists(database, MIGRATIONS):
        return ()
    rows = database.execute("SELECT number, slug, checksum, applied_at FROM schema_migrations ORDER BY number")
    return tuple(Applied(*row) for row in rows)


def _compare(database: Database, known: Sequence[Migration], applied: Sequence[Applied]) -> None:
    """Raise MigrationError unless the applied migrations are the first of the known ones."""
    for place, row in enumerate(applied):
        if row.number != place + 1:
            raise NotCurrent(
                f"the database has {row.name} but not migration {place + 1:04d}; its table "
                "schema_migrations was edited, restore the database from a backup"
            )
        if place >= len(known):
            raise NotCurrent(
                f"the database has migration {row.name}, which this program does not know; it was "
                "migrated by a newer version: use that one"
            )
        migration = known[place]
        if row.slug != migration.slug:
            raise NotCurrent(
                f"the database has migration {row.name} where this program has {migration.name}; it "
                "belongs to another line of development"
            )
        if row.checksum != migration.checksum(database.dialect):
            raise NotCurrent(
                f"migration {row.name} was changed after it was applied to this database; restore its "
                "folder from version control and plan the change as a new migration"
            )


def _message(error: Exception) -> str:
    diagnostics: Any = getattr(error, "diag", None)
    return (diagnostics.message_primary if diagnostics else None) or str(error)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
