"""One database, SQLite or PostgreSQL: a connection per thread, transactions, kept SQL text."""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path
from threading import get_ident
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

import peewee
import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.types.string import TextLoader

from codegen.runtime.errors import Busy
from codegen.runtime.storage.faults import ReadOnlyThread, Restart, Unavailable, of_postgresql, of_sqlite

Dialect = Literal["sqlite", "postgresql"]
Row = tuple[Any, ...]
T = TypeVar("T")

BUSY_TIMEOUT = 10.0
"""Seconds a writer waits for SQLite's one write lock or for a lock of PostgreSQL, or starts again on PostgreSQL because
others were quicker."""
CONNECTING: Mapping[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Parameters of a connection to PostgreSQL, where its URL has no others: a server that is silent is noticed."""
KEPT_STATEMENTS = 1024
"""So many statements a SQLite connection keeps compiled: more than the few of each root object in a large program."""
SHARED_CONNECTIONS = sqlite3.threadsafety == 3
"""Whether two threads may use one connection of this SQLite: it serializes them."""
ATTEMPTS = 8
"""So often `run` starts a transaction at least before it gives up, however long one takes."""
LONGEST_PAUSE = 0.03
"""Seconds between two of them: a row that many write is free for moments only, so long pauses miss them."""


class Slot(peewee.Node):
    """A named parameter of a kept statement, in a Peewee query: its value comes with each execution, as stored."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __sql__(self, ctx: Any) -> Any:
        return ctx.literal(f"\0{self.name}\0")


class _Sqlite(peewee.SqliteDatabase):
    """SQLite that is not told to roll back what it rolled back by itself, when a disk was full or failed."""

    def _set_pragmas(self, connection: sqlite3.Connection) -> None:
        # SQLite waits for no lock where a new database is to keep a log (WAL) while another program writes its first
        # rows: of two that began at once, one was refused.
        until = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                super()._set_pragmas(connection)  # type: ignore[misc]  # Peewee's stubs leave it out
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(0.01)

    def rollback(self) -> None:
        if self.connection().in_transaction:  # type: ignore[no-untyped-call]
            super().rollback()


class _Postgresql(peewee.PostgresqlDatabase):
    """PostgreSQL that gives JSON columns as their text, as SQLite does."""

    def _initialize_connection(self, connection: Any) -> None:
        connection.adapters.register_loader("json", TextLoader)
        connection.execute(set_lock_timeout(BUSY_TIMEOUT))

    def commit(self) -> None:
        # PostgreSQL answers COMMIT after an error with a quiet ROLLBACK: a success of which nothing is left.
        if self.connection().info.transaction_status == TransactionStatus.INERROR:  # type: ignore[no-untyped-call]
            raise pg.InFailedSqlTransaction("a statement failed, and the transaction went on as if it had not")
        super().commit()

    def rollback(self) -> None:
        # The driver's own way, not a ROLLBACK that it is told to run: only then it always forgets the statements that
        # it believes to be prepared and that were never reached behind an error.
        self.connection().rollback()  # type: ignore[no-untyped-call]


class Database:
    """A database by URL (`sqlite:///relative/path`, `sqlite:////absolute/path`, `postgresql://…`).

    Each thread has its own connection, opened on first use; a forked process opens its own. Outside a transaction each
    statement is one. Write transactions exclude each other's effects on both databases: `BEGIN IMMEDIATE` on SQLite,
    `SERIALIZABLE` on PostgreSQL, so a handler that is right on one is right on the other.
    """

    def __init__(self, binding: peewee.Database, dialect: Dialect, url: str) -> None:
        self.peewee: Any = binding  # Peewee's stubs leave its connection and SQL context untyped
        self.dialect: Dialect = dialect
        self.url = url
        self.stores: dict[Any, Any] = {}  # what `Store.of` made for this database
        self._thread = _Thread()
        self._is_sqlite = dialect == "sqlite"
        self._connection: Callable[[], Any] = self._idle if self._is_sqlite else self._living
        self._only_reads = 0  # no thread has this number
        _opened.add(self)

    @classmethod
    def open(cls, url: str) -> Database:
        """Bind to `url`; connects on first use. Raises `ValueError`, which names no secret, for one it cannot read."""
        scheme = url.partition(":")[0]
        if scheme in ("postgresql", "postgres"):
            url = "postgresql" + url[len(scheme) :]
            given = _connection_parameters(url)
            defaults: dict[str, Any] = {name: value for name, value in CONNECTING.items() if name not in given}
            return cls(_Postgresql(url, prefer_psycopg3=True, **defaults), "postgresql", url)
        if url.startswith("sqlite:///") and (path := unquote(url.removeprefix("sqlite:///"))):
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            # With recursive triggers REPLACE cannot get round the triggers that refuse to delete.
            pragmas = {
                "journal_mode": "wal",
                "foreign_keys": 1,
                "recursive_triggers": 1,
                "synchronous": "full",
                "cache_size": -16_000,
                "temp_store": "memory",
            }
            return cls(
                _Sqlite(
                    path,
                    pragmas=pragmas,
                    timeout=BUSY_TIMEOUT,
                    cached_statements=KEPT_STATEMENTS,
                    check_same_thread=not SHARED_CONNECTIONS,  # see `begin`
                ),
                "sqlite",
                url,
            )
        raise ValueError("a database URL begins with sqlite:/// or postgresql://")

    # --- statements -------------------------------------------------------------------------------------------

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run one statement (in this database's parameter style, see `prepare`); its rows, none for a plain write."""
        try:
            cursor = self._connection().execute(sql, params)
            # PERF: SQLite has no rows where there are none; asking whether there may be any is a tenth of a short read.
            return cursor.fetchall() if self._is_sqlite or cursor.description else []
        except (sqlite3.Error, psycopg.Error, peewee.PeeweeException) as error:
            raise self._translate(error, sql) from error

    def change(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one write; the number of rows it touched."""
        try:
            return int(self._connection().execute(sql, params).rowcount)
        except (sqlite3.Error, psycopg.Error, peewee.PeeweeException) as error:
            raise self._translate(error, sql) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one write for each of `rows`; how many it touched. In a transaction, or it is slow and not atomic."""
        try:
            cursor = self._connection().cursor()
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)
        except (sqlite3.Error, psycopg.Error, peewee.PeeweeException) as error:
            raise self._translate(error, sql) from error

    def copy(self, insert: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows with the columns of a statement `INSERT INTO … VALUES (…)`; as `execute_many`, but on PostgreSQL
        by COPY, for which the server reads, plans and answers once."""
        if self._is_sqlite:
            self.execute_many(insert, rows)
            return
        into = insert.removeprefix("INSERT INTO ").partition(" VALUES ")[0]
        try:
            with self._connection().cursor().copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except (psycopg.Error, peewee.PeeweeException) as error:
            raise self._translate(error, insert) from error

    def begin(self, sql: str, params: Sequence[Any], helper: Executor) -> Callable[[], None]:
        """Begin one write of this thread's transaction in a thread of `helper`; what is returned waits for its end and
        raises its error. It is to be called before the transaction ends, or that raises the error.

        SQLite works without Python's lock, so this thread goes on meanwhile, until it uses the database again: the next
        statement waits for the end. Where a connection is not made for two threads the write is done at once.
        """
        if not SHARED_CONNECTIONS or not self._is_sqlite:
            self.execute(sql, params)
            return lambda: None
        writing = self._thread.writing = helper.submit(self._connection().execute, sql, params)

        def wait() -> None:
            self._settle()
            if self._thread.failed is writing:
                self._thread.failed = None
            try:
                writing.result()
            except (sqlite3.Error, peewee.PeeweeException) as error:
                raise self._translate(error, sql) from error

        return wait

    def _idle(self) -> Any:
        """This thread's connection to SQLite, when nobody else uses it: two statements at once would take each other's
        errors, for SQLite keeps the last one of a connection; then a write that was refused may seem to be done."""
        if self._thread.writing is not None:
            self._settle()
            if self._thread.broken is not None:
                raise self._thread.broken
        return self.peewee.connection()

    def _settle(self) -> None:
        """Wait for what was begun, whatever interrupts: nothing may be written behind the end of the transaction."""
        writing, interrupt = self._thread.writing, None
        while writing is not None and not writing.done():
            try:
                wait_for([writing])
            except BaseException as interrupted:
                interrupt = interrupted
        self._thread.writing = None
        error = None if writing is None else writing.exception()
        if error is not None:
            self._thread.failed = writing
        if isinstance(error, sqlite3.Error):
            self._translate(error, "")  # where SQLite ended the transaction, nothing more is kept of it
        if interrupt is not None:
            raise interrupt

    def execute_all(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Run writes in their order, in a transaction, which an error ends. PostgreSQL is sent all of them before it
        answers the first: one wait instead of one for each."""
        connection = self._connection()
        try:
            with connection.pipeline() if self.dialect == "postgresql" else nullcontext() as pipeline:
                try:
                    for sql, params in statements:
                        connection.execute(sql, params)
                finally:
                    if pipeline is not None:  # answers that follow an error are read here, or leaving warns of them
                        with suppress(psycopg.errors.PipelineAborted):
                            pipeline.sync()
        except (sqlite3.Error, psycopg.Error, peewee.PeeweeException) as error:
            raise self._translate(error, sql) from error

    def execute_script(self, script: str) -> None:
        """Run a script of many statements without parameters, outside of transactions."""
        connection = self._connection()
        try:
            if self.dialect == "sqlite":
                connection.executescript(script)
            else:
                connection.execute(script)
        except (sqlite3.Error, psycopg.Error) as error:
            raise self._translate(error, script) from error

    def prepare(self, sql: str) -> str:
        """Hand-written SQL with `?` for its parameters, in this database's style. Do it once, keep the text."""
        return sql if self.dialect == "sqlite" else sql.replace("%", "%%").replace("?", "%s")

    def compile(self, query: peewee.Query, *slots: str) -> str:
        """The text of a Peewee query whose values are all `Slot`s, to be given in this order. Do it once, keep it."""
        sql, values = self.peewee.get_sql_context().sql(query).query()
        parts = sql.replace("%", "%%").split("\0") if self.dialect == "postgresql" else sql.split("\0")
        if values or tuple(parts[1::2]) != slots:
            raise ValueError(f"a kept statement takes {parts[1::2]} and {values}, not {slots}: {sql}")
        return str(self.peewee.param).join(parts[::2])

    # --- transactions -----------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[None]:
        """All or nothing. Inside another transaction: a savepoint of it. Raises `Restart` when it must be run again.

        `write=False` reads one consistent state and must not write. Who wants to go on after an error of a statement
        (a `Duplicate`) puts it in a transaction of its own inside: PostgreSQL takes no more statements otherwise.
        """
        sqlite = self.dialect == "sqlite"
        level: Any = ("IMMEDIATE" if write else "DEFERRED") if sqlite else (_SERIALIZABLE if write else _REPEATABLE)
        outermost, complete = not self.in_transaction, False
        try:
            self.end_reading()
            self._connection()
            with self.peewee.atomic(level) if outermost else self.peewee.atomic():
                try:
                    yield
                finally:
                    self._settle()
                if outermost and self._thread.failed is not None:  # nobody waited for it
                    self._thread.failed.result()
                complete = True
                if self._thread.broken is not None:
                    raise self._thread.broken
        except (sqlite3.Error, psycopg.Error, peewee.PeeweeException) as error:
            translated = self._thread.broken or self._translate(error, "")
            if complete and outermost and isinstance(translated, Unavailable) and self.peewee.is_closed():
                # The answer to COMMIT was lost with the connection.
                translated.answer = Busy("the database was lost; look whether it was done before you try again")
            raise translated from error
        finally:
            if outermost:
                self._thread.broken = self._thread.failed = None

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction."""
        return bool(self.peewee.in_transaction())

    def run(self, work: Callable[[], T], write: bool = True) -> T:
        """`work()` in a transaction, from the start again when it met another one; inside a transaction, once.

        `work` must have no effect outside the database.
        """
        if self.in_transaction:
            with self.transaction(write):
                return work()
        until = time.monotonic() + BUSY_TIMEOUT
        for attempt in count(1):
            try:
                with self.transaction(write):
                    return work()
            except Restart:
                if attempt >= ATTEMPTS and time.monotonic() > until:
                    raise
            time.sleep(min(0.001 * 2 ** min(attempt, 10), LONGEST_PAUSE) * (0.5 + os.urandom(1)[0] / 256))
        raise AssertionError("unreachable")

    def run_at_once(self, work: Callable[[], None]) -> None:
        """`work()` in a transaction, once, where no other writer has to be waited for; else `Unavailable`.

        For what may as well be written another time. Inside a transaction it is part of that.
        """
        if self.in_transaction:
            self.run(work)
            return
        try:
            with self._not_waiting(), self.transaction():
                work()
        except ReadOnlyThread as error:
            error.waits = False
            raise

    @contextmanager
    def _not_waiting(self) -> Iterator[None]:
        """Wait for no lock."""
        never, as_ever = (
            (set_lock_timeout(0.001), set_lock_timeout(BUSY_TIMEOUT))
            if self.dialect == "postgresql"
            else ("PRAGMA busy_timeout = 0", f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        )
        self.execute(never)
        try:
            yield
        finally:
            self.execute(as_ever)

    def begin_reading(self) -> None:
        """From here on this thread reads one state of SQLite, whose locks are then not taken for each statement, until
        `end_reading` or a transaction. Where the database does not answer, the statements that follow say so."""
        if self._is_sqlite:
            with suppress(Unavailable):
                self.execute("BEGIN")
                self._thread.reading = True

    def end_reading(self) -> None:
        """The next statement reads the latest state again."""
        if self._thread.reading:
            self._thread.reading = False
            if not self.peewee.is_closed() and self.peewee.connection().in_transaction:  # SQLite may have ended it
                self.peewee.connection().execute("ROLLBACK")  # unlike COMMIT it never fails; nothing was written

    # --- life -------------------------------------------------------------------------------------------------

    def only_read(self) -> None:
        """From here on this thread reads; what it is to write raises `ReadOnlyThread`, without waiting for the lock.

        For a thread that must not wait. Does nothing on PostgreSQL, where reads wait too.
        """
        if self.dialect == "sqlite":
            self.execute("PRAGMA query_only = 1")
            self._only_reads = get_ident()

    def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        self.execute("SELECT 1")

    def close(self) -> None:
        """Close this thread's connection; the next statement opens one again."""
        self.peewee.close()

    def _living(self) -> Any:
        """This thread's connection to PostgreSQL: a new one where the server hung up while it lay idle.

        Nothing is sent over a connection that is known to be dead, so no statement ever has to be repeated.
        """
        connection = self.peewee.connection()
        if not self.peewee.in_transaction() and _hung_up(connection):
            self.peewee.dispose()
            connection = self.peewee.connection()
        return connection

    def _contain(self, error: Unavailable) -> None:
        """SQLite ends a transaction by itself when its disk is full or fails. What a program that goes on writes would
        be kept, each statement for itself: it is put into another transaction, which is rolled back in the end."""
        connection = self.peewee.connection()
        if not connection.in_transaction:
            connection.execute("BEGIN")
            self._thread.broken = error

    def _translate(self, error: Exception, sql: str) -> Exception:
        """The error in the house's terms; itself when it is one of the program's own mistakes (wrong SQL)."""
        if isinstance(error, peewee.PeeweeException):
            error = getattr(error, "orig", error)
        if isinstance(error, sqlite3.Error):
            if get_ident() == self._only_reads and "readonly" in str(error):
                return ReadOnlyThread(str(error))
            translated = of_sqlite(error, sql)
            if isinstance(translated, Unavailable) and self.in_transaction:
                self._contain(translated)
            return translated
        if isinstance(error, psycopg.Error):
            # A lost connection is forgotten, so that the next statement opens one; within a transaction at its end.
            lost = not self.peewee.is_closed() and self.peewee.connection().closed
            if lost and not self.in_transaction:
                self.peewee.dispose()
            return of_postgresql(error)
        return error


class _Thread(threading.local):
    """What a database keeps of a thread. `broken` is why its transaction can only be rolled back; `writing` is what a
    helper writes for it, `failed` such a write whose error nobody was told yet; `reading`: it is between
    `begin_reading` and `end_reading`."""

    broken: Unavailable | None = None
    writing: Future[Any] | None = None
    failed: Future[Any] | None = None
    reading = False


def _connection_parameters(url: str) -> Mapping[str, Any]:
    """What a URL of PostgreSQL says. Raises `ValueError` for one of which a secret could be taken for something else,
    because its special characters are not written as %XX: later errors would quote it."""
    place = url.partition("?")[0].partition("://")[2]
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        given = None  # the driver's message quotes the URL
    if (
        given is None
        or place.count("@") > 1
        or "@" in place.partition("/")[2]
        or not str(given.get("port") or "0").replace(",", "").isdecimal()
    ):
        raise ValueError(
            "the database URL cannot be read; in its user and password write special characters as %XX, % itself as %25"
        )
    return given


def set_lock_timeout(seconds: float) -> str:
    """The statement after which a connection to PostgreSQL waits so long for a lock; 0: for ever."""
    return f"SET lock_timeout = {int(seconds * 1000)}"


def without_password(url: str) -> str:
    """A database URL as it may be shown."""
    scheme, separator, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{':…' if ':' in user else ''}{at}{place.partition('?')[0]}"


def _hung_up(connection: Any) -> bool:
    """Whether PostgreSQL has closed a connection that waits for nothing: then there is something to read from it."""
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
        while poll.poll(0):
            connection.pgconn.consume_input()  # a notice, or a last word and the end, which raises
    except psycopg.OperationalError:
        pass
    return bool(connection.closed)


_REPEATABLE, _SERIALIZABLE = 3, 4
"""psycopg's numbers of the isolation levels, as Peewee takes them."""

_opened: weakref.WeakSet[Database] = weakref.WeakSet()
_inherited: list[Any] = []
"""Connections of a parent process: kept, never used, never closed, for closing them would end the parent's."""


def _forget_connections() -> None:
    for database in _opened:
        if not database.peewee.is_closed():
            _inherited.append(database.peewee.connection())
            database.peewee.dispose()


os.register_at_fork(after_in_child=_forget_connections)
