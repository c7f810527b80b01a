"""One database class over SQLite and PostgreSQL: URLs, errors, kept statements, connections that break."""

import sqlite3
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import peewee
import psycopg
import pytest

from codegen.runtime.storage.database import Database, Slot, without_password
from codegen.runtime.storage.faults import (
    Duplicate,
    ReadOnlyThread,
    Referenced,
    Refused,
    Restart,
    Unavailable,
    UnknownReference,
)

TABLES = (
    'CREATE TABLE "a" ("id" BIGINT PRIMARY KEY, "n" BIGINT NOT NULL CHECK ("n" > 0), "b" BIGINT)',
    'CREATE UNIQUE INDEX "uq_n_b" ON "a" ("n", "b")',
    'CREATE TABLE "c" ("id" BIGINT PRIMARY KEY, "a_id" BIGINT REFERENCES "a" ("id") ON DELETE RESTRICT)',
)


@pytest.fixture
def tables(database: Database) -> Database:
    for statement in TABLES:
        database.execute(statement)
    return database


@pytest.mark.parametrize("url", ["", "sqlite:", "sqlite://", "sqlite:///", "mysql://x/y", "file.db", "http://x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a database URL begins with"):
        Database.open(url)


@pytest.mark.parametrize(
    "place",
    [
        "hero:s3cr%t@127.0.0.1:1/none",
        "hero:s3cr%00t@127.0.0.1:1/none",
        "hero:x@s3cr@127.0.0.1:1/none",
        "hero:x/s3cr@127.0.0.1:1/none",
        "hero:x s3cr@127.0.0.1:1/none%",
        "hero:[s3cr@127.0.0.1:1/none%zz",
        "hero:x@127.0.0.1:s3cr/none",
        "127.0.0.1:1/none?password=s3cr%zz",
    ],
)
def test_a_url_that_cannot_be_read_is_not_told(place: str) -> None:
    with pytest.raises(ValueError, match="the database URL cannot be read") as refused:
        Database.open(f"postgresql://{place}").ping()
    trace = "".join(traceback.format_exception(refused.value))
    assert "s3cr" not in trace


def test_urls_are_shown_without_passwords() -> None:
    for url, shown in (
        ("postgresql://hero:s3cr%25et@h:5432/db", "postgresql://hero:…@h:5432/db"),
        ("postgresql://hero:s3/cr@et@h/db?password=x", "postgresql://hero:…@h/db"),
        ("postgresql://hero:s3?c:r@h/db", "postgresql://hero:…@h/db"),
        ("postgresql://hero@h/db?sslpassword=x", "postgresql://hero@h/db"),
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
    ):
        assert without_password(url) == shown


def test_sqlite_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, path in (
        ("sqlite:///deep/er/x.db", tmp_path / "deep/er/x.db"),
        (f"sqlite:///{tmp_path}/y%20z.db", tmp_path / "y z.db"),
    ):
        database = Database.open(url)
        database.ping()
        assert path.exists()
        assert database.execute("PRAGMA journal_mode") == [("wal",)]
        assert database.execute("PRAGMA foreign_keys") == [(1,)]
        assert database.execute("PRAGMA synchronous") == [(2,)]
        database.close()


def test_errors_say_what_was_met(tables: Database) -> None:
    insert = tables.prepare('INSERT INTO "a" ("id", "n", "b") VALUES (?, ?, ?)')
    assert tables.change(insert, (1, 1, 1)) == 1
    for row, expected in (
        ((2, 1, 1), Duplicate),
        ((1, 5, 5), Duplicate),
        ((3, -1, 1), Refused),
        ((3, None, 1), Refused),
    ):
        with pytest.raises(expected):
            tables.execute(insert, row)
    with pytest.raises(Duplicate) as taken:
        tables.execute(insert, (2, 1, 1))
    assert taken.value.fields == ("n", "b") and str(taken.value) == "an object with this n and b exists already"
    child = tables.prepare('INSERT INTO "c" ("id", "a_id") VALUES (?, ?)')
    with pytest.raises(UnknownReference):
        tables.execute(child, (1, 99))
    tables.execute(child, (1, 1))
    with pytest.raises(Referenced):
        tables.execute('DELETE FROM "a"')
    with pytest.raises((sqlite3.OperationalError, psycopg.ProgrammingError)):
        tables.execute("SELEC")
    assert tables.execute('SELECT "n" FROM "a"') == [(1,)]


def test_prepare_and_compile_give_the_databases_own_style(tables: Database) -> None:
    assert tables.execute(tables.prepare("SELECT '10%', ?"), ("x",)) == [("10%", "x")]
    table: Any = peewee.Table("a", ("id", "n", "b"))
    text = tables.compile(table.select(table.n).where(table.id == Slot("id")), "id")
    tables.execute('INSERT INTO "a" ("id", "n") VALUES (7, 8)')
    assert tables.execute(text, (7,)) == [(8,)]
    with pytest.raises(ValueError, match="a kept statement takes"):
        tables.compile(table.select(table.n).where(table.id == 7))
    with pytest.raises(ValueError, match="a kept statement takes"):
        tables.compile(table.select(table.n).where(table.id == Slot("id")), "other")


def test_each_thread_has_its_own_connection(tables: Database) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.append(tables.peewee.connection())
        tables.close()

    with tables.transaction():
        tables.execute('INSERT INTO "a" ("id", "n") VALUES (1, 1)')
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert tables.in_transaction
    assert seen[0] is not tables.peewee.connection()


def test_a_read_transaction_sees_one_state(tables: Database) -> None:
    tables.execute('INSERT INTO "a" ("id", "n") VALUES (1, 1)')

    def write() -> None:
        tables.execute('UPDATE "a" SET "n" = 2')
        tables.close()

    with tables.transaction(write=False):
        assert tables.execute('SELECT "n" FROM "a"') == [(1,)]
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert tables.execute('SELECT "n" FROM "a"') == [(1,)]
    assert tables.execute('SELECT "n" FROM "a"') == [(2,)]


def test_what_is_read_together_is_one_state_until_its_end_or_a_transaction(tmp_path: Path) -> None:
    database, other = (Database.open(f"sqlite:///{tmp_path}/together.db") for _ in range(2))
    database.execute("CREATE TABLE a (n)")
    database.only_read()

    def read() -> list[Any]:
        other.execute("INSERT INTO a VALUES (1)")
        return database.execute("SELECT count(*) FROM a")

    database.begin_reading()
    assert [read(), read()] == [[(1,)], [(1,)]]
    database.end_reading()
    assert [read(), read()] == [[(3,)], [(4,)]]

    database.begin_reading()
    assert [read(), read()] == [[(5,)], [(5,)]]
    with database.transaction(write=False):
        assert [read(), read()] == [[(7,)], [(7,)]]
    assert read() == [(9,)]
    database.end_reading()

    def delete() -> None:
        database.execute("DELETE FROM a")

    for write in (delete, lambda: database.run(delete), lambda: database.run_at_once(delete)):
        database.begin_reading()
        assert read() == read()
        with pytest.raises(ReadOnlyThread):
            write()
        database.end_reading()
    database.begin_reading()
    database.close()
    database.end_reading()
    assert read() == [(16,)]
    database.close()
    other.close()


def test_run_starts_again_until_it_is_alone(tables: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        tables.execute('INSERT INTO "a" ("id", "n") VALUES (1, 1)')
        if len(tries) < 3:
            raise Restart
        return "done"

    assert tables.run(work) == "done" and len(tries) == 3
    assert tables.execute('SELECT COUNT(*) FROM "a"') == [(1,)]


def test_inside_a_transaction_run_leaves_restarting_to_the_outer_one(tables: Database) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise Restart

    with pytest.raises(Restart), tables.transaction():
        tables.run(work)
    assert len(tries) == 1


def test_rows_are_copied_as_they_are(database: Database) -> None:
    database.execute_script('CREATE TABLE kept ("key" TEXT UNIQUE, number NUMERIC, large BIGINT)')
    insert = database.prepare('INSERT INTO kept ("key", number, large) VALUES (?, ?, ?)')
    rows = [("a\tb\nc\\N 'd' é", 1, 2**63 - 1), ("", None, -1), ("\\.", 3, None)]
    with database.transaction():
        database.copy(insert, rows)
    found = database.execute("SELECT * FROM kept ORDER BY large")
    assert sorted(found, key=str) == sorted(rows, key=str)
    with pytest.raises(Duplicate), database.transaction():
        database.copy(insert, [("new", 1, 1), ("", 1, 1)])
    assert database.execute("SELECT count(*) FROM kept") == [(3,)]


def test_a_new_file_that_another_program_begins_to_fill_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE theirs (number INTEGER)")
    monkeypatch.setattr(time, "sleep", lambda _: other.execute("COMMIT"))
    database = Database.open(f"sqlite:///{tmp_path}/x.db")
    assert database.execute("SELECT count(*) FROM theirs") == [(0,)]
    assert database.execute("PRAGMA journal_mode") == [("wal",)]
    database.close()
    other.close()


def test_a_connection_lost_within_a_transaction_is_said_and_opened_again(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    ((pid,),) = database.execute("SELECT pg_backend_pid()")
    with psycopg.connect(postgresql_url, autocommit=True) as other, pytest.raises(Unavailable), database.transaction():
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        database.ping()
    assert not database.in_transaction
    database.ping()
    database.close()


@pytest.mark.parametrize(
    "use",
    [
        lambda database: database.execute("SELECT 1"),
        lambda database: database.change("INSERT INTO kept VALUES (1)"),
        lambda database: database.run(lambda: database.execute("SELECT 1")),
    ],
    ids=["read", "write", "transaction"],
)
def test_a_connection_that_died_while_idle_costs_no_call(postgresql_url: str, use: Any) -> None:
    database, other = Database.open(postgresql_url), Database.open(postgresql_url)
    try:
        database.execute_script("CREATE TABLE kept (number INTEGER)")
        pid = database.execute("SELECT pg_backend_pid()")[0][0]
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        use(database)
        assert database.execute("SELECT pg_backend_pid()")[0][0] != pid
    finally:
        other.close()
        database.close()


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database.open("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(Unavailable):
        database.ping()
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unavailable):
        Database.open(f"sqlite:///{tmp_path}/folder").ping()


def test_a_locked_sqlite_database_is_unavailable_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", 0.05)
    first, second = (Database.open(f"sqlite:///{tmp_path}/x.db") for _ in range(2))
    first.execute(TABLES[0])
    with first.transaction(), pytest.raises(Unavailable), second.transaction():
        pytest.fail("two writers at once")
    with second.transaction():
        second.execute('INSERT INTO "a" ("id", "n") VALUES (1, 1)')
    first.close()
    second.close()
