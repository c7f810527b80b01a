"""Writes that are sent at once: all or none, errors by their kind, and a connection that goes on after them."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage import database as databases
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Unavailable, UnknownReference


@pytest.fixture
def tables(database: Database) -> Database:
    database.execute("CREATE TABLE parent (sid TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE child (sid TEXT PRIMARY KEY, parent_sid TEXT NOT NULL REFERENCES parent (sid))")
    return database


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Late(Future[Any]):
    """What is done when somebody first asks whether it was."""

    def __init__(self, work: Any) -> None:
        super().__init__()
        self.work = work

    def done(self) -> bool:
        if (work := self.work) is not None:
            self.work = None
            try:
                self.set_result(work())
            except Exception as error:
                self.set_exception(error)
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        assert self.done()
        return super().result(timeout)


class LateHelper(Executor):
    """A helper that is so slow that it begins when it is waited for."""

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Late(lambda: work(*args, **kwargs))


def rows(database: Database) -> list[tuple[str, ...]]:
    return [
        *database.execute("SELECT sid FROM parent ORDER BY sid"),
        *database.execute("SELECT sid, parent_sid FROM child ORDER BY sid"),
    ]


def test_in_their_order(tables: Database) -> None:
    parent, child = (tables.prepare(f"INSERT INTO {name}") for name in ("parent VALUES (?)", "child VALUES (?, ?)"))
    with tables.transaction():
        tables.execute_all([(parent, ("a",)), (child, ("b", "a")), (child, ("c", "a"))])
        assert rows(tables) == [("a",), ("b", "a"), ("c", "a")]
    with tables.transaction():
        tables.execute_all([])
    assert len(rows(tables)) == 3


def test_errors_leave_nothing_and_the_connection_goes_on(tables: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Also where the driver was about to prepare a statement of those that were never run."""
    parent, child = (tables.prepare(f"INSERT INTO {name}") for name in ("parent VALUES (?)", "child VALUES (?, ?)"))
    kept: list[tuple[str, ...]] = [("first",)]
    tables.execute(parent, ("first",))
    with caplog.at_level(logging.WARNING):
        for number in range(30):
            with pytest.raises(Duplicate), tables.transaction():
                tables.execute_all([(parent, ("first",)), (child, (f"n{number}", "first"))])
            with pytest.raises(UnknownReference), tables.transaction():
                tables.execute_all([(child, (f"n{number}", "nobody")), (parent, (f"n{number}",))])
            if number % 3 == 0:
                with tables.transaction():
                    tables.execute_all([(parent, (f"p{number:02}",)), (child, (f"c{number}", f"p{number:02}"))])
                kept.append((f"p{number:02}",))
    assert rows(tables)[: len(kept)] == kept
    assert not caplog.records


def test_what_a_helper_writes_is_of_this_threads_transaction(tables: Database, helper: ThreadPoolExecutor) -> None:
    parent = tables.prepare("INSERT INTO parent VALUES (?)")
    with pytest.raises(ZeroDivisionError), tables.transaction():
        tables.begin(parent, ("gone",), helper)()
        assert rows(tables) == [("gone",)]
        raise ZeroDivisionError
    with tables.transaction():
        wait = tables.begin(parent, ("kept",), helper)
        assert not helper.submit(lambda: tables.in_transaction).result()
        wait()
    assert rows(tables) == [("kept",)]


def test_errors_of_what_a_helper_writes_are_told_by_their_kind(tables: Database, helper: ThreadPoolExecutor) -> None:
    child = tables.prepare("INSERT INTO child VALUES (?, ?)")
    parent = tables.prepare("INSERT INTO parent VALUES (?)")
    tables.execute(parent, ("a",))
    with pytest.raises(Duplicate), tables.transaction():
        tables.begin(parent, ("a",), helper)()
    with pytest.raises(UnknownReference), tables.transaction():
        tables.begin(child, ("b", "nobody"), helper)()
    assert rows(tables) == [("a",)]


def test_the_next_statement_waits_for_what_a_helper_writes(tables: Database) -> None:
    """SQLite keeps one error for a connection: of two statements at once, the other could take it away."""
    parent = tables.prepare("INSERT INTO parent VALUES (?)")
    with tables.transaction():
        tables.begin(parent, ("a",), LateHelper())
        assert rows(tables) == [("a",)]
        tables.begin(parent, ("b",), LateHelper())
        with tables.transaction():
            assert rows(tables) == [("a",), ("b",)]


def test_no_error_of_a_helper_is_lost(tables: Database, helper: ThreadPoolExecutor) -> None:
    """Other statements run meanwhile, so that one of them may end between the helper's and the look at its error."""
    parent, find = (tables.prepare(f"{text}") for text in ("INSERT INTO parent VALUES (?)", "SELECT ?"))
    many = parent + ", (?)" * 999 if tables.dialect == "sqlite" else parent
    values = [f"{number:04}" for number in range(1000)] if tables.dialect == "sqlite" else ["0999"]
    tables.execute(parent, ("0999",))
    for _ in range(150):
        with pytest.raises(Duplicate), tables.transaction():
            wait = tables.begin(many, values, helper)
            for number in range(300):
                tables.execute(find, (str(number),))
            wait()
    assert rows(tables) == [("0999",)]


def test_an_error_that_nobody_waited_for_ends_the_transaction(tables: Database) -> None:
    parent = tables.prepare("INSERT INTO parent VALUES (?)")
    tables.execute(parent, ("a",))
    with pytest.raises(Duplicate), tables.transaction():
        tables.execute(parent, ("b",))
        tables.begin(parent, ("a",), LateHelper())
    with pytest.raises(Duplicate), tables.transaction():
        tables.begin(parent, ("a",), LateHelper())
        with tables.transaction():
            tables.execute(parent, ("c",))
    assert rows(tables) == [("a",)]
    with tables.transaction():
        tables.execute(parent, ("d",))
    assert rows(tables) == [("a",), ("d",)]


def test_nothing_is_written_behind_the_end(tables: Database) -> None:
    parent = tables.prepare("INSERT INTO parent VALUES (?)")
    late = LateHelper()
    with pytest.raises(ZeroDivisionError), tables.transaction():
        tables.begin(parent, ("a",), late)
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), tables.transaction():
        tables.begin(parent, ("a",), late)
        with tables.transaction():
            tables.begin(parent, ("b",), late)
            raise ZeroDivisionError
    assert rows(tables) == []


def test_waiting_goes_on_where_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice: a second signal may come while the first is answered."""
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("CREATE TABLE parent (sid TEXT PRIMARY KEY)")
    interrupts = [KeyboardInterrupt(), SystemExit()]
    written = Future[Any]()

    def interrupted(futures: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        try:
            written.set_result(writes[0]())
        except Exception as error:
            written.set_exception(error)

    class Helper(Executor):
        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            writes.append(lambda: work(*args, **kwargs))
            return written

    writes: list[Any] = []
    monkeypatch.setattr(databases, "wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt), database.transaction():
        database.begin("INSERT INTO parent VALUES (?)", ("a",), Helper())
        raise ZeroDivisionError
    assert written.done() and database.execute("SELECT sid FROM parent") == []
    database.close()


def test_where_the_disk_is_full_nothing_is_kept_and_it_is_said(tmp_path: Path, helper: ThreadPoolExecutor) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("CREATE TABLE parent (sid TEXT PRIMARY KEY)")
    database.execute("INSERT INTO parent VALUES ('kept')")
    for waits in (True, False):
        with pytest.raises(Unavailable, match="full"), database.transaction():
            database.execute("INSERT INTO parent VALUES ('first')")
            database.execute("PRAGMA max_page_count = 4")
            wait = database.begin("INSERT INTO parent VALUES (?)", ("x" * 100_000,), helper)
            if waits:
                wait()
            database.execute("SELECT sid FROM parent")
            database.execute("INSERT INTO parent VALUES ('behind')")
        assert database.execute("SELECT sid FROM parent") == [("kept",)]
    database.close()
