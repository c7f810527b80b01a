"""Postings that meet, by threads on real databases: all queue, each counts once, and hardly one starts again."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Restart
from generated.models.onboarding import TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.posting import payment_key
from tests.server.audited import audit
from tests.server.book import Book, create_tables

DOLLAR = 10**9


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


def together(database: Database, threads: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of some threads, let go at once, came to: its result, or the error it met."""
    outcomes: list[Any] = [None] * threads
    gate = threading.Barrier(threads)

    def run(place: int) -> None:
        gate.wait()
        try:
            outcomes[place] = work(place)
        except Exception as error:
            outcomes[place] = error
        finally:
            database.close()

    running = [threading.Thread(target=run, args=(place,)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return outcomes


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[Restart]:
    """The restarts that happen from now on."""
    seen: list[Restart] = []
    create = Restart.__init__

    def note(self: Restart, *args: Any) -> None:
        create(self, *args)
        seen.append(self)

    monkeypatch.setattr(Restart, "__init__", note)
    return seen


def assert_queued(database: Database, restarts: list[Restart], postings: int) -> None:
    """Without the queue most postings would start again. With it one may: PostgreSQL frees a lock a moment before it
    notes that the transaction has ended, and takes the next one for concurrent."""
    assert len(restarts) <= (postings // 10 if database.dialect == "postgresql" else 0), restarts


@pytest.mark.parametrize("threads", [2, 8])
def test_postings_for_one_user(book: Book, threads: int, restarts: list[Restart]) -> None:
    user = book.user()

    def work(place: int) -> int:
        for number in range(12):
            book.top_up(user, f"{place}-{number}", 3 * DOLLAR)
            book.charge(user, f"{place}-{number}", DOLLAR)
        return 1

    assert together(book.database, threads, work) == [1] * threads
    assert book.balance(user) == 24 * threads * DOLLAR
    assert_queued(book.database, restarts, 24 * threads)
    assert audit(book.database) == []


def test_postings_for_different_users(book: Book, restarts: list[Restart]) -> None:
    users = [book.user() for _ in range(8)]

    def work(place: int) -> int:
        for number in range(12):
            book.top_up(users[place], f"{place}-{number}", (place + 1) * DOLLAR)
        return 1

    assert together(book.database, 8, work) == [1] * 8
    assert [book.balance(user) for user in users] == [12 * (place + 1) * DOLLAR for place in range(8)]
    assert_queued(book.database, restarts, 96)
    assert audit(book.database) == []


@pytest.mark.parametrize("threads", [2, 8])
def test_the_same_key_at_once_is_posted_once(book: Book, threads: int) -> None:
    user = book.user()
    for number in range(10):

        def pay(_: int, ref: str = f"pi_{number}") -> object:
            return book.top_up(user, ref, DOLLAR)

        outcomes = together(book.database, threads, pay)
        assert sum(outcome is not None for outcome in outcomes) == 1, outcomes
    assert book.balance(user) == 10 * DOLLAR
    assert audit(book.database) == []


def test_whoever_read_before_its_turn_starts_again(book: Book) -> None:
    """Postings inside plain transactions that read first: slower on PostgreSQL, and as right."""
    user = book.user()

    def work(place: int) -> int:
        for number in range(6):

            def posting(key: str = f"{place}-{number}") -> object:
                assert book.ledger.billings.one({"user_sid": user}) is not None
                return book.ledger.post(
                    user_sid=user,
                    kind=TransactionKind.GRANT,
                    key=key,
                    source="plan:x",
                    reason="r",
                    effective_at=book.clock.now(),
                    draw=lambda wallet: rules.grant(wallet, DOLLAR),
                )

            while True:
                try:
                    book.database.run(posting)
                    break
                except Restart:
                    continue
        return 1

    assert together(book.database, 4, work) == [1] * 4
    assert book.balance(user) == 24 * DOLLAR
    assert audit(book.database) == []


def test_acts_and_postings_meet(book: Book) -> None:
    """Operators who set the same balance, each from what it was: one wins each round."""
    user = book.user()
    for cents in (100, 200, 300):

        def work(place: int, cents: int = cents) -> int:
            return book.adjustments.set_balance(
                book.context, sid=user, balance_cents=cents, expected_prev_cents=cents - 100
            ).previous_cents

        outcomes = together(book.database, 4, work)
        assert sorted(map(str, outcomes))[0] == str(cents - 100)
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3, outcomes
    assert audit(book.database) == []


def test_an_audit_sees_one_moment(book: Book) -> None:
    """While postings go on, ten for each audit: each has more to read, and without a limit twenty would never end."""
    user = book.user()
    stop, turns = threading.Event(), threading.Semaphore(0)

    def work(place: int) -> int:
        if place:
            found = []
            try:
                for _ in range(20):
                    turns.release(10)
                    found.append(audit(book.database))
            finally:
                stop.set()
                turns.release()
            assert found == [[]] * 20
            return 1
        number = 0
        while turns.acquire() and not stop.is_set():
            number += 1
            book.top_up(user, f"pi_{number}", DOLLAR)
        return number

    posted, audits = together(book.database, 2, work)
    assert (audits, book.balance(user)) == (1, posted * DOLLAR)
    assert book.lot("pi_1") == book.ledger.lot_of(payment_key("stripe", "pi_1"))
