"""The ledger as people read it: lines add up, page after page, on both databases."""

import random
from functools import partial

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.history import History, HistoryLine, View
from handlers.ledger.standing import Standings
from tests.server.audited import audit
from tests.server.book import Book, create_tables


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


def everything(history: History, user: str, view: View, limit: int) -> list[HistoryLine]:
    lines: list[HistoryLine] = []
    before = None
    while True:
        page = history.page(user, limit, before, view)
        assert len(page.lines) <= limit
        lines += page.lines
        before = page.before
        if before is None:
            return lines


def busy(book: Book, user: str, other: str) -> None:
    """Payments, refunds, usage into debt, disputes and grants, with another user's between them."""
    pick = random.Random(7)
    for number in range(30):
        amount = pick.randint(1, 10**11)
        key = f"{user}-{number}"
        match pick.randint(0, 4):
            case 0:
                book.top_up(user, key, amount)
            case 1:
                book.post(user, TransactionKind.USAGE, key, partial(rules.charge, account="revenue:llm", amount=amount))
            case 2:
                book.post(
                    user, TransactionKind.REFUND, key, partial(rules.refund, provider="stripe", amount=amount, lot=None)
                )
            case 3:
                book.post(user, TransactionKind.DISPUTE_HOLD, key, partial(rules.hold, amount=amount, lot=None))
            case _:
                book.post(
                    user,
                    TransactionKind.ADJUSTMENT,
                    key,
                    partial(rules.adjust, target=amount - 5 * 10**10),
                    source=f"plan:{key}",
                )
        book.top_up(other, f"{other}-{number}", amount)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_lines_add_up(book: Book, limit: int) -> None:
    user, other = book.user(), book.user()
    busy(book, user, other)
    history = History(book.database)
    standing = Standings(book.database, book.ledger, book.clock).of(user)
    now: dict[View, int] = {
        "all": standing.balance,
        "purchased": standing.purchased,
        "granted": standing.granted,
        "held": standing.held,
        "receivable": -standing.debt,
    }
    for view, balance in now.items():
        lines = everything(history, user, view, limit)
        for line in lines:
            assert line.balance == balance, view
            balance -= line.amount
            assert all(entry.user_sid == user for entry in line.entries)
        assert balance == 0, "the oldest line begins at nothing"
        assert len({line.transaction.sid for line in lines}) == len(lines)
    lines = everything(history, user, "all", limit)
    assert len(lines) == 30
    assert sum(int(line.amount) for line in lines) == standing.balance
    assert audit(book.database) == []


def test_nothing(book: Book) -> None:
    user = book.user()
    page = History(book.database).page(user, 5)
    assert (page.lines, page.before) == ((), None)
    standing = Standings(book.database, book.ledger, book.clock).of(user)
    assert (standing.balance, standing.blocked, standing.next_tier) == (Money(0), True, None)


def test_a_page_is_two_reads(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    user = book.user()
    busy(book, user, book.user())
    history = History(book.database)
    asked: list[str] = []
    execute = book.database.execute

    def counted(sql: str, params: object = ()) -> object:
        asked.append(sql)
        return execute(sql, params)  # type: ignore[arg-type]

    monkeypatch.setattr(book.database, "execute", counted)
    history.page(user, 10)
    assert len(asked) == 2
