"""Any order of payments, refunds, disputes, adjustments and charges, keys that come twice and crashes between any two
statements: the ledger of a real database stays provable after every step, and its balances are the plain sums."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from codegen.runtime.errors import Conflict
from codegen.runtime.rpc.local import local
from codegen.runtime.values.types import Money
from generated.routes import SERVICES
from generated.services.onboarding import BillingService
from handlers.ledger.expiry import GrantExpiry
from handlers.ledger.posting import Ledger
from handlers.ledger.service import BillingHandler
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables
from tests.server.faulty import Crash, Faulty

AMOUNTS = st.integers(1, 10**13)
USERS = st.integers(0, 2)
DAYS = st.integers(0, 60)
CRASHES = st.none() | st.integers(1, 14)


class LedgerMachine(RuleBasedStateMachine):
    """Three users; what each must have is kept beside by plain sums."""

    open_database: Callable[[], Faulty]

    def __init__(self) -> None:
        super().__init__()
        self.database = self.open_database()
        self.book = Book(self.database)
        self.billing = local(BillingService, BillingHandler(self.book.ledger), SERVICES)
        self.users = [self.book.user() for _ in range(3)]
        self.balance, self.paid, self.held = [0] * 3, [0] * 3, [0] * 3
        self.first: list[datetime | None] = [None] * 3
        self.payments: list[tuple[int, str]] = []
        self.disputes: list[tuple[int, str, int]] = []
        self.done: list[Callable[[], object]] = []

    def teardown(self) -> None:
        self.database.close()

    def perform(self, act: Callable[[], object], crash: int | None) -> None:
        """Do it, with a crash before one of its statements; then again, until it is done; then once too often."""
        self.book.later()
        self.database.left = crash
        try:
            act()
        except Crash:
            assert audit(self.database) == [], "nothing is left of what did not end"
            assert act() is not None
        self.database.left = None
        self.done.append(act)

    def key(self) -> str:
        return f"key{len(self.done)}"

    def lot(self, data: st.DataObject, user: int) -> str | None:
        """Some payment's credit of this user, or none."""
        refs = [ref for owner, ref in self.payments if owner == user]
        ref = data.draw(st.sampled_from([None, *refs]))
        return self.book.lot(ref) if ref is not None else None

    @rule(user=USERS, amount=AMOUNTS, days=DAYS, crash=CRASHES)
    def top_up(self, user: int, amount: int, days: int, crash: int | None) -> None:
        ref, paid_at = f"pi{len(self.payments)}", START + timedelta(days=days)
        self.perform(lambda: self.book.top_up(self.users[user], ref, amount, paid_at), crash)
        self.payments.append((user, ref))
        self.balance[user] += amount
        self.paid[user] += amount
        self.first[user] = min(self.first[user] or paid_at, paid_at)

    @rule(user=USERS, amount=AMOUNTS, crash=CRASHES, data=st.data())
    def refund(self, user: int, amount: int, crash: int | None, data: st.DataObject) -> None:
        key, lot = self.key(), self.lot(data, user)
        self.perform(lambda: self.book.refund(self.users[user], key, amount, lot), crash)
        self.balance[user] -= amount

    @rule(user=USERS, amount=AMOUNTS, crash=CRASHES, data=st.data())
    def refund_failed(self, user: int, amount: int, crash: int | None, data: st.DataObject) -> None:
        key, lot = self.key(), self.lot(data, user)
        self.perform(lambda: self.book.refund_failed(self.users[user], key, amount, lot), crash)
        self.balance[user] += amount

    @rule(user=USERS, amount=AMOUNTS, crash=CRASHES, data=st.data())
    def dispute(self, user: int, amount: int, crash: int | None, data: st.DataObject) -> None:
        key, lot = self.key(), self.lot(data, user)
        self.perform(lambda: self.book.hold(self.users[user], key, amount, lot), crash)
        self.disputes.append((user, lot or "", amount))
        self.balance[user] -= amount
        self.held[user] += amount

    @precondition(lambda self: self.disputes)
    @rule(won=st.booleans(), crash=CRASHES)
    def close_dispute(self, won: bool, crash: int | None) -> None:
        user, lot, amount = self.disputes.pop()
        key, sid = self.key(), self.users[user]
        if won:
            self.perform(lambda: self.book.release(sid, key, amount, lot or None), crash)
            self.balance[user] += amount
        else:
            self.perform(lambda: self.book.lose(sid, key, amount), crash)
        self.held[user] -= amount

    @rule(user=USERS, amount=AMOUNTS, crash=CRASHES)
    def charge(self, user: int, amount: int, crash: int | None) -> None:
        key = self.key()
        self.perform(lambda: self.book.charge(self.users[user], key, amount), crash)
        self.balance[user] -= amount

    @rule(user=USERS, cents=st.integers(-(10**6), 10**6), crash=CRASHES)
    def set_balance(self, user: int, cents: int, crash: int | None) -> None:
        key, sid, context = self.key(), self.users[user], self.book.context
        self.perform(lambda: self.billing.set_credit_balance(context, sid=sid, balance_cents=cents, key=key), crash)
        self.balance[user] = cents * 10**7

    @rule(user=USERS, cents=st.integers(-(10**6), 10**6))
    def set_balance_from_another(self, user: int, cents: int) -> None:
        before = self.balance[user] // 10**7
        with pytest.raises(Conflict):
            self.book.adjustments.set_balance(
                self.book.context, sid=self.users[user], balance_cents=cents, expected_prev_cents=before + 1
            )

    @rule(user=USERS, amount=AMOUNTS, days=st.none() | DAYS, crash=CRASHES)
    def grant(self, user: int, amount: int, days: int | None, crash: int | None) -> None:
        key, sid, context = self.key(), self.users[user], self.book.context
        ends = self.book.clock.time + timedelta(days=days, hours=1) if days is not None else None
        self.perform(
            lambda: self.billing.grant(
                context, user_sid=sid, amount=Money(amount), reason="thanks", key=key, expires_at=ends
            ),
            crash,
        )
        self.balance[user] += amount

    @rule(days=DAYS, crash=CRASHES)
    def days_pass(self, days: int, crash: int | None) -> None:
        """Grants whose time comes are taken from their users, each once, wherever the job is cut off."""
        self.book.clock.time += timedelta(days=days)
        now = self.book.clock.time
        for lot in self.book.ledger.lots.list_full(1000)["items"]:
            if lot.expires_at is not None and lot.expires_at <= now:
                self.balance[self.users.index(lot.user_sid)] -= int(lot.remaining)
        self.database.left = crash
        with suppress(Crash):
            GrantExpiry(self.book.ledger).run_once()
        self.database.left = None
        GrantExpiry(self.book.ledger).run_once()
        assert GrantExpiry(self.book.ledger).run_once() == 0

    @rule(user=USERS, on=st.booleans())
    def freeze(self, user: int, on: bool) -> None:
        billing = self.book.adjustments.freeze(self.book.context, user_sid=self.users[user], on=on, reason="so")
        assert billing.frozen == (on or self.held[user] > 0)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def once_more(self, data: st.DataObject) -> None:
        """Whatever was done comes again, perhaps much later: nothing happens."""
        before = self.book.ledger.entries.list_full(1000)["items"]
        data.draw(st.sampled_from(self.done))()
        assert self.book.ledger.entries.list_full(1000)["items"] == before

    @invariant()
    def the_ledger_is_proved(self) -> None:
        assert audit(self.database) == []

    @invariant()
    def balances_are_the_plain_sums(self) -> None:
        ledger: Ledger = self.book.ledger
        for place, user in enumerate(self.users):
            billing = ledger.billings.one({"user_sid": user})
            assert billing is not None
            assert (billing.credit_balance, billing.lifetime_paid, billing.first_paid_at) == (
                self.balance[place],
                self.paid[place],
                self.first[place],
            )
            assert (billing.debt_since is not None) == (self.balance[place] < 0)
            assert billing.frozen or not self.held[place]
            assert -ledger.balances(user)["held"] == self.held[place]


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Callable[[], Faulty]]:
    """Opens a database with empty tables, each time it is called."""
    count = 0
    if database_url.startswith("sqlite"):

        def fresh() -> Faulty:
            nonlocal count
            count += 1
            opened = Faulty.open(f"sqlite:///{tmp_path}/{count}.db")
            opened.execute("PRAGMA synchronous = off")
            assert isinstance(opened, Faulty)
            create_tables(opened)
            return opened
    else:

        def fresh() -> Faulty:
            nonlocal count
            opened = Faulty.open(database_url)
            assert isinstance(opened, Faulty)
            if not count:
                create_tables(opened)
            count += 1
            opened.execute("SET session_replication_role = replica")  # no trigger keeps it from being emptied
            opened.execute('TRUNCATE "user", operator_act, chain_head, idempotent_calls, webhook_inbox_entry CASCADE')
            opened.execute("SET session_replication_role = origin")
            return opened

    yield fresh


def test_any_order(empty: Callable[[], Faulty], database_url: str) -> None:
    class Machine(LedgerMachine):
        open_database = staticmethod(empty)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40 if database_url.startswith("sqlite") else 20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
