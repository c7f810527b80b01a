"""Writes that are sent at once: all or none, errors by their kind, and a connection that goes on after them."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from codegen.runtime.storage.database import Database, Duplicate, UnknownReference


@pytest.fixture
def tables(database: Database) -> Database:
    database.execute("CREATE TABLE parent (sid TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE child (sid TEXT PRIMARY KEY, parent_sid TEXT NOT NULL REFERENCES parent (sid))")
    return database


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


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
