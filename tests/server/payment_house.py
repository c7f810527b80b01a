"""Payments over a real database and a provider in memory: what is true there, and what it tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from codegen.runtime.context import Caller, Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    PaymentEventKind,
    PaymentNotice,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
    SessionState,
    TopUp,
    TopUpStarted,
    User,
)
from generated.routes import SERVICES
from generated.services.onboarding import PaymentsService
from generated.tables.onboarding import USER
from handlers.ledger.billing import billings
from handlers.payments.providers import Providers
from handlers.payments.service import Payments, PaymentsHandler
from handlers.payments.settings import PaymentSettings
from handlers.settings import load
from tests.migrated import migrate
from tests.server.audited import audit
from tests.server.stub_provider import StubProvider

Kind = PaymentEventKind
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return START + self.ahead


@dataclass
class House:
    database: Database
    clock: Clock
    provider: StubProvider
    payments: Payments
    settings: PaymentSettings

    def user(self, number: int) -> User:
        return Store.of(USER, self.database).new(
            {"mycelium_address": f"400::{number:x}", "public_key": f"{number:064x}"}, self.clock.now()
        )

    def start(self, user: User, form_token: str | None = None) -> TopUpStarted:
        """A top-up of ten dollars, as a call from outside starts it."""
        service = local(PaymentsService, PaymentsHandler(self.payments, self.settings), SERVICES)
        context = Context(Caller("user", user.sid), self.clock, self.database, "test")
        return service.create_top_up(context, provider="stub", amount_cents=1000, form_token=form_token)

    def top_up(self, user: User) -> TopUp:
        started = self.start(user)
        return self.payments.settlement.top_ups.get(started.top_up_sid)

    def truth(
        self,
        top_up: TopUp,
        refunded: int,
        disputes: Sequence[ProviderDispute] = (),
        refunds: Sequence[ProviderRefund] = (),
    ) -> None:
        """What the provider answers when it is asked: paid, so much refunded, these disputes, and these refunds where
        it names them."""
        self.provider.sessions[top_up.session_ref] = ProviderSession(
            session_ref=top_up.session_ref,
            state=SessionState.COMPLETE,
            payments=[
                ProviderPayment(
                    payment_ref=f"pi_{top_up.sid}",
                    session_ref=top_up.session_ref,
                    state=PaymentState.SUCCEEDED,
                    amount_minor=1000,
                    currency="USD",
                    refunded_minor=refunded,
                    refunds=list(refunds),
                    disputes=list(disputes),
                    occurred_at=START,
                )
            ],
        )

    def told(
        self, top_up: TopUp, kind: Kind, minor: int = 1000, mark: str = "", at: datetime = START, **fields: Any
    ) -> bytes:
        of_session = kind in (Kind.PAYMENT_SUCCEEDED, Kind.PAYMENT_PENDING, Kind.PAYMENT_FAILED, Kind.SESSION_EXPIRED)
        disputed = kind.value.startswith("dispute")
        notice = PaymentNotice(
            event_id=f"evt_{top_up.sid}_{kind}{mark}",
            kind=kind,
            amount_minor=minor,
            currency="USD",
            external_ref=f"du_{top_up.sid}" if disputed else f"pi_{top_up.sid}",
            occurred_at=at,
            session_ref=top_up.session_ref if of_session else None,
            payment_ref=None if kind == Kind.SESSION_EXPIRED else f"pi_{top_up.sid}",
            **fields,
        )
        return notice.model_dump_json().encode()

    def receive(self, *bodies: bytes) -> None:
        for body in bodies:
            self.payments.inbox.receive("stub", body, {"signed": "yes"})

    def jobs(self) -> None:
        for _ in range(4):
            self.payments.inbox.run_once()
            self.clock.ahead += timedelta(seconds=30)

    def end(self, user: User) -> tuple[int, dict[str, int]]:
        billing = billings(self.database).one({"user_sid": user.sid})
        assert billing is not None
        balances = self.payments.settlement.ledger.balances(user.sid)
        assert balances["held"] <= 0
        return int(billing.credit_balance), {part: amount for part, amount in balances.items() if amount}


@contextmanager
def payment_house(database: Database, directory: Path, **given: Any) -> Iterator[House]:
    """Migrated, and audited in the end; `given` settings are its own."""
    migrate(database)
    clock, provider = Clock(), StubProvider()
    settings = load(PaymentSettings, var_dir=directory, database_url=database.url, rate_limits=False, **given)
    payments = Payments.over(database, clock, settings, Providers({"stub": provider}), Log(lambda _: None))
    yield House(database, clock, provider, payments, settings)
    assert audit(database) == []
