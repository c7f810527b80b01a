"""Posting reads by the right index, also where almost all entries are one account's: history costs nothing."""

import pytest

from codegen.runtime.storage.database import Database
from handlers.audit import u64
from handlers.ledger import statements
from tests.server.book import Book, create_tables

DOLLAR = 10**9
ENTRY_INDEX, LOT_INDEX = "ix_ledger_entry__account_and_position", "ix_credit_lot__user_sid_and_remaining"


@pytest.fixture
def book(database: Database) -> Book:
    """A user with a long history and no credit left of it."""
    create_tables(database)
    book = Book(database)
    user = book.user()

    def many() -> None:
        for number in range(600):
            book.top_up(user, f"pi_{number}", DOLLAR)
            book.charge(user, f"c{number}", DOLLAR)

    book.ledger.transaction(many)
    database.execute("ANALYZE")
    return book


def plan(database: Database, sql: str, *params: object) -> str:
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    return "\n".join(str(row[-1]) for row in database.execute(explain + database.prepare(sql), params))


def test_plans(book: Book) -> None:
    database, new = book.database, book.user()
    account = f"user:{new}:purchased"
    balance = plan(database, statements.BALANCE, account, account)
    assert ENTRY_INDEX in balance
    before = plan(database, statements.BEFORE_POSTING, "key", *[account] * 8, new)
    assert before.count(ENTRY_INDEX) == 4
    assert "uq_ledger_transaction__posting_key" in before
    assert "uq_ledger_entry__position" in before
    assert "Seq Scan on ledger" not in before
    assert LOT_INDEX in plan(database, statements.OPEN_LOTS, new)
    assert LOT_INDEX in plan(
        database, statements.OPEN_LOTS, book.ledger.transactions.list_full(1)["items"][0].user_sid or ""
    )


def test_a_page_of_the_history_begins_at_its_place(book: Book) -> None:
    database = book.database
    account = f"user:{book.user()}:purchased"
    found = plan(database, statements.NEWEST_OF_ACCOUNT, account, u64(database, 40), account, "10")
    assert ENTRY_INDEX in found
    # Both databases seek the pair itself, rather than the account and then its entries one by one.
    assert ("(account,position)<" if database.dialect == "sqlite" else "ROW(") in found
