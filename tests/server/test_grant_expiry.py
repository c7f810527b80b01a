"""Granted credit ends at its time: nothing is spent after it, and what is left is posted to `breakage` exactly once."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import LedgerTransaction, TransactionKind
from handlers.ledger.expiry import GrantExpiry
from handlers.ledger.posting import Ledger
from handlers.ledger.standing import Standings
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables
from tests.server.faulty import Crash, Faulty

DOLLAR = 10**9
DAY = timedelta(days=1)


@pytest.fixture
def book(database: Database) -> Iterator[Book]:
    create_tables(database)
    yield Book(database)
    assert audit(database) == []


def grant(book: Book, user: str, amount: int, expires_at: datetime | None) -> None:
    book.adjustments.grant(
        book.context,
        user_sid=user,
        amount=Money(amount),
        reason="thanks",
        expires_at=expires_at,
    )


def expiries(book: Book) -> list[LedgerTransaction]:
    return book.ledger.transactions.find({"kind": TransactionKind.GRANT_EXPIRY})["items"]


def breakage(book: Book) -> int:
    entries = book.ledger.entries.list_full(1000)["items"]
    return -sum(int(entry.amount) for entry in entries if entry.account == "breakage")


def left(book: Book) -> list[int]:
    """What is left of each lot, in the order in which they were made."""
    return [int(lot.remaining) for lot in book.ledger.lots.list_full()["items"]]


def test_the_job_expires_at_the_very_second_and_not_before(book: Book) -> None:
    user, job = book.user(), GrantExpiry(book.ledger)
    grant(book, user, 5 * DOLLAR, START + DAY)
    grant(book, user, 3 * DOLLAR, None)
    book.charge(user, "a", DOLLAR)
    book.clock.time = START + DAY - timedelta(seconds=1)
    assert job.run_once() == 0
    book.clock.time = START + DAY
    assert job.run_once() == 1
    assert job.run_once() == 0
    (expiry,) = expiries(book)
    assert (expiry.effective_at, expiry.posted_at) == (START + DAY, START + DAY)
    assert expiry.source.startswith("operator:")
    assert expiry.posting_key == f"grant_expiry:{book.ledger.lots.list_full()['items'][0].sid}"
    assert (book.balance(user), breakage(book), left(book)) == (3 * DOLLAR, 4 * DOLLAR, [0, 3 * DOLLAR])


def test_nothing_is_spent_after_its_expiry_though_no_job_ran(book: Book) -> None:
    user = book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.clock.time = START + DAY
    book.charge(user, "a", 2 * DOLLAR, at=START)
    assert (book.balance(user), breakage(book)) == (-2 * DOLLAR, 5 * DOLLAR)
    kinds = [transaction.kind for transaction in book.ledger.transactions.list_full()["items"]]
    assert kinds[-2:] == [TransactionKind.GRANT_EXPIRY, TransactionKind.USAGE]
    assert GrantExpiry(book.ledger).run_once() == 0


def test_who_was_granted_nothing_has_nothing_that_expires(book: Book) -> None:
    user = book.user()
    book.top_up(user, "pi_1", DOLLAR)
    assert book.ledger.transaction(lambda: book.ledger.expire(user)) == 0
    grant(book, user, DOLLAR, None)
    assert book.ledger.transaction(lambda: book.ledger.expire(user)) == 0


def test_a_key_that_was_posted_expires_nothing(book: Book) -> None:
    user = book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.charge(user, "a", DOLLAR)
    book.clock.time = START + DAY
    assert book.charge(user, "a", DOLLAR) is None
    assert expiries(book) == []


def test_grants_are_spent_by_their_expiry_whatever_came_first(book: Book) -> None:
    user = book.user()
    book.top_up(user, "pi_1", DOLLAR)
    grant(book, user, 4 * DOLLAR, None)
    grant(book, user, 3 * DOLLAR, START + 3 * DAY)
    grant(book, user, 2 * DOLLAR, START + DAY)
    grant(book, user, DOLLAR, START + 2 * DAY)
    book.charge(user, "a", DOLLAR)
    assert left(book) == [DOLLAR, 4 * DOLLAR, 3 * DOLLAR, DOLLAR, DOLLAR]
    book.charge(user, "b", 3 * DOLLAR)
    assert left(book) == [DOLLAR, 4 * DOLLAR, 2 * DOLLAR, 0, 0]
    book.charge(user, "c", 5 * DOLLAR)
    assert left(book) == [DOLLAR, DOLLAR, 0, 0, 0]
    book.charge(user, "d", 3 * DOLLAR)
    assert left(book) == [0, 0, 0, 0, 0]
    assert book.balance(user) == -DOLLAR


def test_of_two_grants_with_one_expiry_the_older_is_spent_first(book: Book) -> None:
    user = book.user()
    grant(book, user, 2 * DOLLAR, START + DAY)
    grant(book, user, DOLLAR, START + DAY)
    book.charge(user, "a", DOLLAR)
    assert left(book) == [DOLLAR, DOLLAR]


def test_a_balance_that_is_set_is_that_without_expired_credit(book: Book) -> None:
    user = book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.top_up(user, "pi_1", DOLLAR)
    book.clock.time = START + DAY
    with pytest.raises(Conflict):
        book.adjustments.set_balance(book.context, sid=user, balance_cents=200, expected_prev_cents=600)
    done = book.adjustments.set_balance(book.context, sid=user, balance_cents=200, expected_prev_cents=100)
    assert (done.previous_cents, book.balance(user), breakage(book)) == (100, 2 * DOLLAR, 5 * DOLLAR)


def test_what_is_shown_has_no_expired_credit_in_it(book: Book) -> None:
    user = book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.top_up(user, "pi_1", DOLLAR)
    standings = Standings(book.database, book.ledger, book.clock)
    assert (standings.of(user).balance, standings.of(user).granted) == (6 * DOLLAR, 5 * DOLLAR)
    book.clock.time = START + DAY
    assert (standings.of(user).balance, standings.of(user).granted) == (DOLLAR, 0)
    GrantExpiry(book.ledger).run_once()
    assert (standings.of(user).balance, standings.of(user).granted) == (DOLLAR, 0)


def test_expiry_may_bring_a_balance_below_zero(book: Book) -> None:
    """A payment that was refunded after it was spent leaves debt beside granted credit."""
    user = book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.refund(user, "re_1", 2 * DOLLAR)
    assert book.balance(user) == 3 * DOLLAR
    book.clock.time = START + DAY
    GrantExpiry(book.ledger).run_once()
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    assert (billing.credit_balance, billing.debt_since) == (-2 * DOLLAR, START + DAY)


def test_a_clock_that_steps_back_revives_nothing(book: Book) -> None:
    user, other = book.user(), book.user()
    grant(book, user, 5 * DOLLAR, START + DAY)
    book.clock.time = START + DAY
    book.top_up(other, "pi_1", DOLLAR)
    book.clock.time = START
    book.charge(user, "a", DOLLAR)
    assert (book.balance(user), breakage(book)) == (-DOLLAR, 5 * DOLLAR)


def test_one_user_that_fails_does_not_keep_the_others(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    users = sorted(book.user() for _ in range(3))
    for user in users:
        grant(book, user, DOLLAR, START + DAY)
    book.clock.time = START + DAY
    expire = book.ledger.expire

    def failing(user: str) -> int:
        if user == users[0]:
            raise RuntimeError("this one")
        return expire(user)

    monkeypatch.setattr(book.ledger, "expire", failing)
    with pytest.raises(RuntimeError, match="this one"):
        GrantExpiry(book.ledger).run_once()
    assert [book.balance(user) for user in users] == [DOLLAR, 0, 0]


def test_many_at_once_expire_once(book: Book) -> None:
    """Jobs of several processes at the same instant, and charges that meet them."""
    users = [book.user() for _ in range(4)]
    for user in users:
        grant(book, user, 2 * DOLLAR, START + DAY)
        grant(book, user, 3 * DOLLAR, START + DAY)
    book.clock.time = START + DAY
    begin = threading.Barrier(4)

    def work(place: int) -> None:
        begin.wait()
        ledger = Ledger(book.database, book.clock)
        with suppress(Conflict):
            if place % 2:
                book.charge(users[0], f"c{place}", DOLLAR)
            GrantExpiry(ledger).run_once()
        book.database.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    GrantExpiry(book.ledger).run_once()
    assert (len(expiries(book)), breakage(book)) == (8, 20 * DOLLAR)
    assert [book.balance(user) for user in users] == [-2 * DOLLAR, 0, 0, 0]


def test_a_job_that_is_cut_off_anywhere_expires_once(database_url: str) -> None:
    database = Faulty.open(database_url)
    assert isinstance(database, Faulty)
    create_tables(database)
    book = Book(database)
    user = book.user()
    cut = 0
    for number in range(1, 40):
        ends = book.clock.time + DAY
        grant(book, user, number * DOLLAR, ends)
        grant(book, user, number * DOLLAR + 1, ends)
        book.clock.time = ends
        database.left = number
        try:
            GrantExpiry(book.ledger).run_once()
        except Crash:
            cut += 1
            assert book.balance(user) in (0, 2 * number * DOLLAR + 1), "all of a user's or nothing"
            assert audit(database) == []
            GrantExpiry(book.ledger).run_once()
        if database.left is not None:
            break
        assert (book.balance(user), len(expiries(book))) == (0, 2 * number)
    assert database.left is not None, "every statement was one to be cut off before"
    assert cut > 10
    database.left = None
    assert breakage(book) == sum(2 * each * DOLLAR + 1 for each in range(1, number + 1))
    assert audit(database) == []
    database.close()
