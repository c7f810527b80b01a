"""A ledger to test with: users, payments and what else moves money, each as its own transaction, as handlers do it."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    InboxState,
    LedgerTransaction,
    PaymentEventKind,
    PaymentEventStatus,
    TopUpStatus,
    TransactionKind,
)
from generated.tables.onboarding import PAYMENT_EVENT, TOP_UP, USER, WEBHOOK_INBOX_ENTRY, UserNew
from handlers.identity.hooks import open_billing
from handlers.ledger import wallet as rules
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.posting import Ledger, payment_key
from handlers.ledger.wallet import Wallet
from tests.migrated import migrate

START = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)
_numbers = itertools.count(1)


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


def create_tables(database: Database) -> None:
    """The tables of the program, empty."""
    migrate(database)


class Book:
    """The ledger of `database`, with what a test does to it. Amounts are nano-dollars."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, Clock()
        self.ledger = Ledger(database, self.clock)
        self.adjustments = Adjustments(self.ledger)
        self.top_ups = Store.of(TOP_UP, database)
        self.events = Store.of(PAYMENT_EVENT, database)

    @property
    def context(self) -> Context:
        return Context(ADMIN, self.clock, self.database, "test")

    def user(self, sid: str | None = None) -> str:
        """The sid of a new user, with a balance."""
        number = next(_numbers)
        values: UserNew = {"mycelium_address": f"400::{number:x}", "public_key": f"{number:064x}"}
        if sid is not None:
            values["sid"] = sid
        user = Store.of(USER, self.database).new(values, self.clock.now())
        open_billing(self.context, user)
        return user.sid

    def post(
        self,
        user: str,
        kind: TransactionKind,
        key: str,
        draw: Callable[[Wallet], object],
        source: str = "",
        at: datetime | None = None,
    ) -> LedgerTransaction | None:
        return self.ledger.transaction(
            lambda: self.ledger.post(
                user_sid=user,
                kind=kind,
                key=key,
                source=source or f"payment:stripe:{key}",
                reason=kind.value,
                effective_at=at or self.clock.now(),
                draw=draw,
            )
        )

    def top_up(self, user: str, ref: str, amount: int, at: datetime | None = None) -> LedgerTransaction | None:
        """A payment that settled: the row, its event and its posting."""
        settled_at = at or self.clock.now()

        def work() -> LedgerTransaction | None:
            made = self.top_ups.insert_once(
                {
                    "user_sid": user,
                    "provider": "stripe",
                    "session_ref": f"cs_{ref}",
                    "payment_ref": ref,
                    "amount": Money(amount),
                    "status": TopUpStatus.SETTLED,
                    "created_at": settled_at,
                    "settled_at": settled_at,
                },
                self.clock.now(),
                ("provider", "payment_ref"),
            )
            if made is not None:
                Store.of(WEBHOOK_INBOX_ENTRY, self.database).new(
                    {
                        "provider": "stripe",
                        "provider_event_id": f"evt_{ref}",
                        "event_type": "paid",
                        "headers": {},
                        "body": b"",
                        "state": InboxState.APPLIED,
                    },
                    self.clock.now(),
                )
                self.events.new(
                    {
                        "provider": "stripe",
                        "provider_event_id": f"evt_{ref}",
                        "external_ref": ref,
                        "user_sid": user,
                        "top_up_sid": made.sid,
                        "amount_minor": amount // 10**7,
                        "currency": "USD",
                        "kind": PaymentEventKind.PAYMENT_SUCCEEDED,
                        "status": PaymentEventStatus.APPLIED,
                        "occurred_at": settled_at,
                    },
                    self.clock.now(),
                )
            return self.post(
                user,
                TransactionKind.TOP_UP,
                payment_key("stripe", ref),
                lambda wallet: rules.top_up(wallet, "stripe", amount),
                at=settled_at,
                source=payment_key("stripe", ref),
            )

        return self.ledger.transaction(work)

    def lot(self, ref: str) -> str | None:
        """The credit of a payment."""
        return self.ledger.lot_of(payment_key("stripe", ref))

    def refund(self, user: str, key: str, amount: int, lot: str | None = None) -> LedgerTransaction | None:
        return self.post(user, TransactionKind.REFUND, key, lambda w: rules.refund(w, "stripe", amount, lot))

    def refund_failed(self, user: str, key: str, amount: int, lot: str | None = None) -> LedgerTransaction | None:
        return self.post(user, TransactionKind.REFUND, key, lambda w: rules.refund_failed(w, "stripe", amount, lot))

    def hold(self, user: str, key: str, amount: int, lot: str | None = None) -> LedgerTransaction | None:
        return self.post(user, TransactionKind.DISPUTE_HOLD, key, lambda w: rules.hold(w, amount, lot))

    def release(self, user: str, key: str, amount: int, lot: str | None = None) -> LedgerTransaction | None:
        return self.post(user, TransactionKind.DISPUTE_RELEASE, key, lambda w: rules.release(w, amount, lot))

    def lose(self, user: str, key: str, amount: int) -> LedgerTransaction | None:
        return self.post(user, TransactionKind.DISPUTE_LOSS, key, lambda w: rules.dispute_lost(w, "stripe", amount))

    def charge(self, user: str, key: str, amount: int, at: datetime | None = None) -> LedgerTransaction | None:
        return self.post(
            user,
            TransactionKind.USAGE,
            key,
            lambda w: rules.charge(w, "revenue:llm", amount),
            at=at,
            source=f"usage:node-1@{'a' * 40}:usage/{key}.jsonl:1",
        )

    def balance(self, user: str) -> int:
        billing = self.ledger.billings.one({"user_sid": user})
        assert billing is not None
        return int(billing.credit_balance)

    def later(self, seconds: int = 1) -> None:
        self.clock.time += timedelta(seconds=seconds)
