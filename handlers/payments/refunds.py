"""Refunds that we start: limited to what is unspent of the payment, asked of the provider outside the transaction.

The refund's sid is the idempotency key at the provider. The ledger follows what the provider reports, not what we ask.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from codegen.runtime.context import Clock, Context, KeyedCall
from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money, money_text
from generated.errors.onboarding import (
    AmountInvalid,
    ProviderUnavailable,
    RefundTooLarge,
    RefundUnsupported,
    TopUpNotSettled,
)
from generated.models.onboarding import (
    ProviderRefund,
    Refund,
    RefundOrder,
    RefundSource,
    RefundStatus,
    RefundSupport,
    TopUp,
)
from generated.tables.onboarding import REFUND, TOP_UP, RefundPatch
from handlers.admin.acts import Acts
from handlers.payments import statements
from handlers.payments.fetching import fetch, fetched_events
from handlers.payments.providers import Providers
from handlers.payments.refund_rows import RefundRows
from handlers.payments.schedule import due_by, rarely
from handlers.payments.settlement import Settlement, Stale
from handlers.payments.states import CURRENCY

LOOK_AFTER = timedelta(minutes=1)
"""When to ask about the payment, should no webhook tell of the refund; and when to go on with one that was cut off."""
BATCH = 50


class Refunds:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._log = settlement, log
        self._store = Store.of(REFUND, database)
        self._top_ups = Store.of(TOP_UP, database)
        self._rows = RefundRows(database)
        self._due = database.prepare(statements.DUE_REFUNDS)
        self._acts = Acts(database)

    def start(self, context: Context, top_up_sid: str, cents: int | None, reason: str) -> Refund:
        """Raises what `PaymentsService.refund` declares."""
        if cents is not None and cents <= 0:
            raise AmountInvalid
        refund, is_new = self._database.run(lambda: self._begin(context, top_up_sid, cents, reason))
        if is_new:
            return self._ask(refund, context.call)
        return self._go_on(refund, context.call) if _unanswered(refund) else refund

    def run_once(self) -> int:
        """Go on with refunds of which it is not known what became of them; how many."""
        tried = 0
        silent: set[str] = set()
        for sid, provider in self._database.execute(self._due, (*due_by(self._clock.now()), BATCH)):
            if provider in silent:
                continue
            tried += 1
            try:
                self._go_on(self._database.run(partial(self._claim, sid)))
            except ProviderUnavailable:
                silent.add(provider)
            except DeclaredError:
                continue
            except Exception as error:  # one that fails does not stop the others
                self._log.line("refund not followed up", {"refund": sid, **described(error)}, "error")
        return tried

    def _claim(self, sid: str) -> Refund:
        """The refund, which is taken up again later where nothing comes of it."""
        refund = self._store.object(self._store.locked(sid, None))
        now = self._clock.now()
        wait = max(LOOK_AFTER, rarely(now - refund.created_at))
        return self._store.patch(sid, {"next_attempt_at": now + wait})

    def _go_on(self, refund: Refund, call: KeyedCall | None = None) -> Refund:
        """Look for a refund at the provider, which forgets in time that it was asked before; ask for it again only
        where it is not there."""
        top_up = self._top_ups.get(refund.top_up_sid)
        session = fetch(self._providers[top_up.provider], top_up)
        events = fetched_events(session, self._clock.now())
        try:
            self._settlement.ledger.transaction(lambda: self._settlement.apply(top_up.sid, events, top_up.rev))
        except Stale:
            return self._store.get(refund.sid)  # somebody else learned of it meanwhile; the job looks again
        found = self._store.get(refund.sid)
        return self._ask(found, call) if _unanswered(found) else found

    def _begin(self, context: Context, top_up_sid: str, cents: int | None, reason: str) -> tuple[Refund, bool]:
        """The refund of this call, and whether it is new: an attempt before may have made it."""
        sid = context.call.begin()
        if known := self._store.get_many([sid]):
            return known[sid], False
        top_up = self._top_ups.object(self._top_ups.locked(top_up_sid, None))
        refundable = self.refundable(top_up)
        amount = Money.from_cents(refundable.cents if cents is None else cents)
        if not 0 < amount <= refundable:
            raise RefundTooLarge(refundable=refundable)
        support = (
            self._providers[top_up.provider].capabilities().refunds
            if top_up.provider in self._providers
            else RefundSupport.NONE
        )
        if support == RefundSupport.NONE or (support == RefundSupport.FULL and amount != top_up.amount):
            raise RefundUnsupported(provider=top_up.provider)
        paid = self._settlement.paid(top_up)
        if paid is not None and paid.currency != CURRENCY:  # the provider would take our dollars for its money
            raise RefundUnsupported(provider=top_up.provider)
        now = self._clock.now()
        self._acts.record(
            context,
            "payments.refund",
            top_up_sid,
            {"amount_cents": cents},
            reason,
            before={"refundable": money_text(refundable)},
            after={"refundable": money_text(refundable - amount), "refund": sid},
        )
        refund = self._store.new(
            {
                "sid": sid,
                "top_up_sid": top_up.sid,
                "user_sid": top_up.user_sid,
                "provider": top_up.provider,
                "amount": amount,
                "started_by": RefundSource.OPERATOR,
                "reason": reason,
                "next_attempt_at": now + LOOK_AFTER,
            },
            now,
        )
        return refund, True

    def refundable(self, top_up: TopUp) -> Money:
        """What was paid beyond the credit and the unspent rest of it, held before KYC or not, without refunds that are
        under way. Raises `TopUpNotSettled`."""
        lot = self._settlement.lot_of(top_up)
        if lot is None:
            raise TopUpNotSettled
        credit = self._settlement.ledger.lots.get(lot)
        refunded, excess = int(top_up.refunded), int(top_up.excess)
        unspent = min(int(credit.remaining) + int(top_up.held), int(credit.amount) - max(refunded - excess, 0))
        return Money(max(unspent + max(excess - refunded, 0) - self._rows.waiting(top_up.sid), 0))

    def _ask(self, refund: Refund, call: KeyedCall | None) -> Refund:
        top_up = self._top_ups.get(refund.top_up_sid)
        assert top_up.payment_ref is not None, "a lot comes from a payment"
        try:
            answer = self._providers[refund.provider].refund(
                RefundOrder(
                    refund_sid=refund.sid, payment_ref=top_up.payment_ref, amount=refund.amount, reason=refund.reason
                )
            )
        except ProviderUnavailable:
            raise  # it may have been taken: the job asks again
        except DeclaredError as error:
            refusal = error
            self._database.run(lambda: self._refused(refund.sid, refusal, call))
            raise
        return self._database.run(lambda: self._answered(refund.sid, answer))

    def _refused(self, sid: str, error: DeclaredError, call: KeyedCall | None) -> None:
        self._store.patch(sid, {"status": RefundStatus.CANCELED, "next_attempt_at": None})
        if call is not None:
            call.decide(error)

    def _answered(self, sid: str, answer: ProviderRefund) -> Refund:
        refund = self._store.object(self._store.locked(sid, None))
        if not _unanswered(refund):  # a webhook was quicker
            return refund
        changes: RefundPatch = {"refund_ref": answer.refund_ref, "status": answer.status}
        twin = self._store.one({"provider": refund.provider, "refund_ref": answer.refund_ref})
        if twin is not None:  # a provider that does not tell ours apart had named it already
            changes["settled_at"] = twin.settled_at
            self._store.delete(twin.sid)
        if answer.status in (RefundStatus.FAILED, RefundStatus.CANCELED):
            changes["next_attempt_at"] = None
        return self._store.patch(sid, changes)


def _unanswered(refund: Refund) -> bool:
    """Whether it is not known to have reached the provider."""
    return refund.refund_ref is None and refund.settled_at is None and refund.status == RefundStatus.PENDING
