"""Receipts and monthly statements: what stands on them, that it adds up, whose they are, and the bytes of their PDF."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from handlers.ledger.months import Month, Months
from handlers.ledger.pages.statement import cents_of, rows_of, spent_of
from handlers.payments.settlement import Settlement
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.test_held_on_pages import Clock, paid, text_of
from tests.server.test_pages import House, World

DOLLAR = 10**9


@pytest.fixture
def book(database: Database) -> Iterator[Book]:
    create_tables(database)
    yield Book(database)
    assert audit(database) == []


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


# --- months ---------------------------------------------------------------------------------------------------------


def test_a_month_begins_where_the_one_before_ended(book: Book) -> None:
    user, months = book.user(), Months(book.database, book.clock)
    for day, amount in (("2026-05-21", 10 * DOLLAR), ("2026-05-31", 0), ("2026-06-01", 5 * DOLLAR), ("2026-07-02", 0)):
        book.clock.time = at(day)
        if amount:
            book.top_up(user, f"pi_{day}", amount)
        book.charge(user, f"charge:{day}", 3_333_333_333)
    may, june, july = (months.statement(user, name) for name in ("2026-05", "2026-06", "2026-07"))
    assert (int(may.opening), int(may.closing)) == (0, 10 * DOLLAR - 2 * 3_333_333_333)
    assert may.closing == june.opening and june.closing == july.opening
    assert (int(may.paid), int(may.spent)) == (10 * DOLLAR, 2 * 3_333_333_333)
    assert int(july.closing) == 15 * DOLLAR - 4 * 3_333_333_333
    assert [(str(each.day), each.category.value, int(each.charge)) for each in june.days] == [
        ("2026-06-01", "llm", 3_333_333_333)
    ]
    assert (may.previous, may.following) == (None, Month.of("2026-06")) and july.following is None
    assert sum(cents_of(june, rows_of(june, {}))) == Money.from_cents(june.closing.cents)
    told = june.model(user)
    assert (told.month, told.spent) == ("2026-06", june.spent) and len(told.entries) == sum(
        len(line.entries) for line in june.lines
    )


def test_usage_is_one_row_a_day(book: Book) -> None:
    user, months = book.user(), Months(book.database, book.clock)
    book.clock.time = at("2026-05-21")
    book.top_up(user, "pi_1", 10 * DOLLAR)
    for number in range(40):
        book.clock.time = at("2026-05-21" if number < 39 else "2026-05-22")
        book.charge(user, f"charge:{number}", 4_400_000)
    month = months.statement(user, "2026-05")
    paid, first, second = rows = rows_of(month, {})
    assert (paid.what, first.what, second.what) == ("Top-up", "Usage", "Usage")
    assert (first.why, first.amount, second.amount) == ("39 charges", -39 * 4_400_000, -4_400_000)
    opening, *amounts = cents_of(month, rows)
    assert sum(amounts, opening) == Money.from_cents(month.closing.cents)
    assert spent_of(rows, amounts) == Money.from_cents(18)  # of 17.6 cents: 10 dollars less 9.82


@pytest.mark.parametrize("name", ["2026-04", "2026-06", "2026-5", "2026-13", "1969-12", "x", "2026-05-01", ""])
def test_months_that_there_are_not(book: Book, name: str) -> None:
    with pytest.raises(NotFound):
        Months(book.database, book.clock).statement(book.user(), name)


@given(st.dates(datetime(1970, 2, 1).date(), datetime(2099, 11, 30).date()))
def test_a_month_ends_where_the_next_begins(day: object) -> None:
    month = Month.of(f"{day:%Y-%m}")
    assert Month.at(month.until).since == month.until and month.since.day == 1
    assert month.name == Month.at(month.since).name


# --- pages ----------------------------------------------------------------------------------------------------------


def test_a_statement_and_a_receipt_on_paper(world: World) -> None:
    settlement = Settlement(world.database, Clock(), Money.from_cents(10_000))
    first = paid(world, settlement, "1")
    month = f"{datetime.now(UTC):%Y-%m}"
    said = text_of(world, f"/statements/{month}")
    assert "Balance before $0.00 Paid in $10.00 Spent $0.00 Balance after $10.00" in said and "+$10.00" in said
    assert f"/statements/{month}" in world.get("/ledger").text
    assert f"/receipts/{first.sid}" in world.get("/topup").text
    for path, name in (
        (f"/statements/{month}.pdf", f"hero-statement-{month}.pdf"),
        (f"/receipts/{first.sid}.pdf", f"hero-receipt-{first.sid}.pdf"),
    ):
        answer = world.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
        assert answer.content.startswith(b"%PDF-") and world.get(path).content == answer.content
        assert answer.headers["cache-control"] == world.get("/ledger").headers["cache-control"]


def test_papers_of_others_are_not_there(world: World) -> None:
    settlement = Settlement(world.database, Clock(), Money.from_cents(10_000))
    theirs = paid(world, settlement, "1")
    other = World(world.house)
    for path in (f"/receipts/{theirs.sid}", f"/receipts/{theirs.sid}.pdf", "/receipts/.pdf", "/receipts/x.pdf"):
        assert other.get(path).status_code == 404, path
    for path in ("/statements/2019-01", "/statements/x", "/statements/2019-01.pdf", "/statements/.pdf"):
        assert world.get(path).status_code == 404, path
