"""How far the streams of a node were read, and behind which commits and lines operators go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import STREAM_CURSOR, USAGE_SKIP
from handlers.admin.acts import Acts
from handlers.usage.skips import SkippedLine, Skips
from handlers.usage.streams import Streams
from tests.server.book import START, Book, create_tables

PATH = "usage/usage_2026-05-20-20.jsonl"
SECOND = timedelta(seconds=1)


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


def test_a_stream_goes_on_where_it_was_left(book: Book) -> None:
    streams = Streams(book.database, "n1", skipped=False)
    mine = streams.get("s")
    assert (mine.last, mine.latest, mine.skipped) == (0, None, False)
    assert streams.get("s") is mine and len(streams) == 1
    mine.accept(1, START, counts=True)
    mine.accept(2, START - SECOND, counts=True)
    mine.accept(3, START + SECOND, counts=False)
    streams.get("empty")
    book.database.run(lambda: streams.write(START))
    (kept,) = Store.of(STREAM_CURSOR, book.database).list_full()["items"]
    assert (kept.node_id, kept.stream_id, kept.last_seq, kept.last_occurred_at) == ("n1", "s", 3, START)
    assert not kept.skipped

    again = Streams(book.database, "n1", skipped=True)
    found = again.get("s")
    assert (found.last, found.latest, found.skipped) == (3, START, False), "it is known already"
    assert again.get("new").skipped
    assert Streams(book.database, "n2", skipped=False).get("s").last == 0, "another node's"
    found.accept(4, START + SECOND, counts=True)
    book.database.run(lambda: again.spill(START))
    assert len(again) == 0
    assert (again.get("s").last, again.get("s").latest) == (4, START + SECOND)


def test_a_stream_of_which_all_was_set_aside_judges_no_other_line(book: Book) -> None:
    streams = Streams(book.database, "n1", skipped=True)
    streams.get("s").accept(7, START, counts=False)
    book.database.run(lambda: streams.write(START))
    found = Streams(book.database, "n1", skipped=False).get("s")
    assert (found.last, found.latest, found.skipped) == (7, datetime(1970, 1, 1, tzinfo=UTC), False)


def test_after_a_skip_every_stream_of_the_node_may_go_on_with_any_number(book: Book) -> None:
    for node in ("n1", "n2"):
        known = Streams(book.database, node, skipped=False)
        known.get("s").accept(1, START, counts=True)
        book.database.run(partial(known.write, START))
    streams = Streams(book.database, "n1", skipped=False)
    met = streams.get("met")
    streams.get("begun").accept(3, START, counts=True)
    book.database.run(streams.lines_were_skipped)
    assert met.skipped and streams.get("later").skipped and streams.get("s").skipped
    assert not Streams(book.database, "n2", skipped=False).get("s").skipped
    met.accept(5, START, counts=True)
    book.database.run(lambda: streams.write(START))
    again = Streams(book.database, "n1", skipped=False)
    assert [again.get(stream).skipped for stream in ("met", "begun", "s")] == [False, True, True]
    again.get("s").accept(9, START, counts=True)
    book.database.run(lambda: again.write(START))
    assert not Streams(book.database, "n1", skipped=False).get("s").skipped


# --- operators' skips -----------------------------------------------------------------------------------------------


def test_skips_are_whole_commits_or_lines_of_them(book: Book) -> None:
    assert not Skips.of(book.database, "n1")
    store = Store.of(USAGE_SKIP, book.database)

    def skip(commit: str, line: int | None = None, path: str | None = None, node: str = "n1") -> str:
        act = book.database.run(lambda: Acts(book.database).record(book.context, "usage.skip", node, {}, "a test"))
        place = {"node_id": node, "commit": commit, "line": line, "path": path}
        return store.new({**place, "reason": "a test", "act_sid": act.sid}, START).sid  # type: ignore[typeddict-item]

    skip("e" * 40, node="n2")
    first, _ = skip("b" * 40), skip("b" * 40)
    only_commits = Skips.of(book.database, "n1")
    assert only_commits and only_commits.commits == {"b" * 40: first} and only_commits.lines == {}
    for line, path in ((3, PATH), (4, None)):
        skip("c" * 40, line, path)
    found = Skips.of(book.database, "n1")
    assert found.commits == {"b" * 40: first}
    assert found.lines == {"c" * 40: {SkippedLine(PATH, 3), SkippedLine(None, 4)}}
    assert Skips(lines=found.lines) and not Skips()
