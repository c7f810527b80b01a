"""Who posts waits for their turn: what that takes on PostgreSQL, and what a posting does that met another."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate
from generated.models.onboarding import TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.posting import Ledger
from handlers.ledger.statements import TAKE_TURN_POSTGRESQL
from tests.server.audited import audit
from tests.server.book import Book, create_tables

DOLLAR = 10**9


class Recorded:
    """A database that says it is PostgreSQL, and writes down when a turn is taken and when a posting reads."""

    dialect = "postgresql"

    def __init__(self, database: Database) -> None:
        self._database, self.steps = database, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, sql: str, *params: Any) -> Any:
        if sql == TAKE_TURN_POSTGRESQL:
            self.steps.append("turn")
            return []
        self.steps.append("read")
        return self._database.execute(sql, *params)


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


@pytest.fixture
def recorded(book: Book) -> Recorded:
    made = Recorded(book.database)
    book.ledger.database = made  # type: ignore[assignment]
    return made


def grant(ledger: Ledger, user: str, key: str) -> None:
    ledger.post(
        user_sid=user,
        kind=TransactionKind.GRANT,
        key=key,
        source="plan:x",
        reason="r",
        effective_at=ledger.clock.now(),
        draw=lambda wallet: rules.grant(wallet, DOLLAR),
    )


def test_the_turn_is_taken_once_and_before_anything_is_read(book: Book, recorded: Recorded) -> None:
    user, ledger = book.user(), book.ledger

    def two() -> None:
        grant(ledger, user, "a")
        ledger.transaction(lambda: grant(ledger, user, "b"))
        grant(ledger, user, "c")

    ledger.transaction(two)
    assert recorded.steps[0] == "turn" and recorded.steps.count("turn") == 1
    assert audit(book.database) == [] and book.balance(user) == 3 * DOLLAR


def test_a_turn_ends_with_its_transaction(book: Book, recorded: Recorded) -> None:
    user, ledger = book.user(), book.ledger
    for key in ("a", "b"):
        with pytest.raises(ZeroDivisionError):
            ledger.transaction(lambda: 1 / 0)
        ledger.transaction(lambda key=key: grant(ledger, user, key))  # type: ignore[misc]
    assert recorded.steps.count("turn") == 4
    assert audit(book.database) == [] and book.balance(user) == 2 * DOLLAR


def test_a_posting_in_a_transaction_of_others_takes_its_turn_by_itself(book: Book, recorded: Recorded) -> None:
    user, ledger = book.user(), book.ledger
    book.database.run(lambda: grant(ledger, user, "a"))
    assert recorded.steps[0] == "turn" and recorded.steps.count("turn") == 1
    assert audit(book.database) == [] and book.balance(user) == DOLLAR


def test_there_are_no_turns_where_a_transaction_has_its_own_from_the_beginning(
    book: Book, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorded, "dialect", "sqlite")
    user = book.user()
    book.ledger.transaction(lambda: grant(book.ledger, user, "a"))
    assert "turn" not in recorded.steps and book.balance(user) == DOLLAR
    assert audit(book.database) == []


def test_a_posting_that_met_another_is_made_again(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    user, execute_all = book.user(), book.database.execute_all
    met = [Duplicate(("posting_key",))]

    def meeting(statements: Any) -> None:
        if met:
            raise met.pop()
        execute_all(statements)

    monkeypatch.setattr(book.database, "execute_all", meeting)
    book.ledger.transaction(lambda: grant(book.ledger, user, "a"))
    assert met == [] and book.balance(user) == DOLLAR
    assert audit(book.database) == []
