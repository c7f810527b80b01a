"""`payments.*` and the payment webhooks: what is called from outside, handed on to whoever does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import Webhook, own_transactions
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    Receipt,
    ReconciliationReport,
    Refund,
    TopUp,
    TopUpStarted,
    WebhookRetried,
)
from generated.services.onboarding import PaymentsService
from generated.tables.onboarding import REFUND, TOP_UP, USER
from handlers.ledger.history import History
from handlers.ledger.posting import payment_key
from handlers.payments.checks import Checks
from handlers.payments.decisions import Decisions
from handlers.payments.inbox import Inbox
from handlers.payments.providers import PAYMENT, Providers, webhook_path
from handlers.payments.reconcile import Reconciler
from handlers.payments.refunds import Refunds
from handlers.payments.settings import PaymentSettings
from handlers.payments.settlement import Settlement
from handlers.payments.topups import TopUps
from handlers.plugins import installed
from handlers.work.alerts import alert


@dataclass(frozen=True, slots=True)
class Payments:
    """Everything that deals with payments over one database, made once."""

    providers: Providers
    settlement: Settlement
    top_ups: TopUps
    inbox: Inbox
    checks: Checks
    refunds: Refunds
    reconciler: Reconciler
    decisions: Decisions

    @classmethod
    def over(
        cls, database: Database, clock: Clock, settings: PaymentSettings, providers: Providers, log: Log
    ) -> Payments:
        settlement = Settlement(database, clock, Money.from_cents(settings.kyc_free_cap_cents))
        top_ups = TopUps(database, clock, settings, providers)
        inbox = Inbox(database, clock, providers, settlement, log)
        checks = Checks(database, clock, providers, settlement, top_ups, log)
        reconciler = Reconciler(database, clock, providers, settlement, checks, log)
        return cls(
            providers,
            settlement,
            top_ups,
            inbox,
            checks,
            Refunds(database, clock, providers, settlement, log),
            reconciler,
            Decisions(database, settlement, checks, inbox, reconciler),
        )

    @classmethod
    def installed(cls, database: Database, clock: Clock, settings: PaymentSettings, log: Log) -> Payments:
        """With the installed providers; those that cannot be used are told in the log by name."""
        found = installed(PAYMENT, settings)
        found.log(log)
        return cls.over(database, clock, settings, Providers.of(found), log)

    def tell_broken(self) -> int:
        """Have an operator look at the providers that cannot be used; how many."""
        settlement = self.settlement
        for broken in self.providers.broken:
            alert(settlement.database, settlement.clock, "plugin_broken", broken.name, broken.reason)
        return len(self.providers.broken)


class PaymentsHandler(PaymentsService):
    """`PaymentsService`, with what pages need beside it."""

    def __init__(self, payments: Payments, settings: PaymentSettings) -> None:
        self._payments, self._limited = payments, settings.rate_limits

    @property
    def providers(self) -> Providers:
        """The providers on offer, for pages that show a choice."""
        return self._payments.providers

    @own_transactions
    def create_top_up(
        self,
        context: Context,
        *,
        provider: str,
        amount_cents: int,
        phone: str | None = None,
        form_token: str | None = None,
    ) -> TopUpStarted:
        """Start a top-up; the provider is called outside of any transaction."""
        return self._payments.top_ups.start(context, user_of(context), provider, amount_cents, phone)

    @own_transactions
    def check(self, context: Context, *, top_up_sid: str) -> TopUp:
        """Ask the provider how an open top-up stands."""
        self._own(context, top_up_sid)
        return self._payments.checks.ask(top_up_sid, self._limited)

    @own_transactions
    def cancel(self, context: Context, *, top_up_sid: str) -> TopUp:
        """Close an open checkout that was not paid."""
        self._own(context, top_up_sid)
        return self._payments.checks.cancel(top_up_sid)

    def receipt(self, context: Context, *, top_up_sid: str) -> Receipt:
        """A payment with its refunds and what it moved in the ledger."""
        top_up = self._own(context, top_up_sid)
        database = context.database
        entries = []
        if top_up.payment_ref is not None:
            source = payment_key(top_up.provider, top_up.payment_ref)
            found = History(database).of_source(source)
            fees = {entry.transaction_sid for entry in found if entry.account == "fees"}  # between provider and house
            entries = [entry for entry in found if entry.transaction_sid not in fees]
        refunds = Store.of(REFUND, database).find({"top_up_sid": top_up_sid}, limit=1000)["items"]
        return Receipt(
            top_up=top_up,
            credited=Money(self._payments.settlement.state(top_up).credited),
            user=Store.of(USER, database).get(top_up.user_sid),
            refunds=refunds,
            entries=entries,
        )

    @own_transactions
    def refund(
        self, context: Context, *, top_up_sid: str, reason: str, amount_cents: int | None = None, key: str | None = None
    ) -> Refund:
        """Return money to the payer; the ledger follows once the provider reports it."""
        return self._payments.refunds.start(context, top_up_sid, amount_cents, reason)

    @own_transactions
    def resolve_review(
        self,
        context: Context,
        *,
        top_up_sid: str,
        credit: bool,
        reason: str,
        amount_cents: int | None = None,
        key: str | None = None,
    ) -> TopUp:
        """Decide about a payment that differs from what was asked for."""
        return self._payments.decisions.resolve_review(context, top_up_sid, credit, amount_cents, reason)

    @own_transactions
    def recheck(self, context: Context, *, top_up_sid: str, reason: str) -> TopUp:
        """Ask the provider about a top-up again."""
        return self._payments.decisions.recheck(context, top_up_sid, reason)

    @own_transactions
    def close(self, context: Context, *, top_up_sid: str, reason: str) -> TopUp:
        """Give up waiting for a top-up."""
        return self._payments.decisions.close(context, top_up_sid, reason)

    @own_transactions
    def retry_event(self, context: Context, *, entry_sid: str, reason: str) -> WebhookRetried:
        """Apply a webhook once more."""
        return self._payments.decisions.retry_event(context, entry_sid, reason)

    @own_transactions
    def reconcile(self, context: Context, *, day: date, reason: str | None = None) -> ReconciliationReport:
        """Compare both sides of a UTC day."""
        return self._payments.decisions.reconcile(context, day, reason)

    def _own(self, context: Context, sid: str) -> TopUp:
        """A top-up of the caller; an operator sees all."""
        top_up = Store.of(TOP_UP, context.database).get(sid)
        if context.caller.scope != "admin" and top_up.user_sid != user_of(context):
            raise NotFound
        return top_up


def provider_webhooks(payments: Payments) -> list[Webhook]:
    """The webhook of each provider on offer: verify, store, answer."""

    def route(name: str, path: str) -> Webhook:
        def call(context: Context, body: bytes, headers: Mapping[str, str]) -> bytes:
            return payments.inbox.receive(name, body, headers).model_dump_json().encode()

        return Webhook(name, path, call)

    return [route(name, webhook_path(name, can)) for name, can in payments.providers.capabilities().items()]
