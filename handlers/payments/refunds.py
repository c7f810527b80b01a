"""Refunds that we start: limited to what is unspent of the payment, asked of the provider outside the transaction.

The refund's sid is the idempotency key at the provider. The ledger follows what the provider reports, not what we ask.
"""

from __future__ import annotations

from base64 import b32encode
from datetime import timedelta
from hashlib import sha256

from codegen.runtime.context import Clock
from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
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
from generated.tables.onboarding import CREDIT_LOT, REFUND, TOP_UP
from handlers.payments import statements
from handlers.payments.providers import Providers
from handlers.payments.refund_rows import RefundRows
from handlers.payments.settlement import Settlement

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
        self._lots = Store.of(CREDIT_LOT, database)
        self._rows = RefundRows(database)
        self._cut_off = database.prepare(statements.UNANSWERED_REFUNDS)

    def start(self, top_up_sid: str, cents: int | None, reason: str, key: str | None) -> Refund:
        """Raises what `PaymentsService.refund` declares."""
        if cents is not None and cents <= 0:
            raise AmountInvalid
        refund = self._database.run(lambda: self._begin(top_up_sid, cents, reason, key))
        return self._ask(refund) if refund.refund_ref is None and refund.status == RefundStatus.PENDING else refund

    def run_once(self) -> int:
        """Go on with refunds that were cut off before the provider's answer was written down; how many."""
        before = int((self._clock.now() - LOOK_AFTER).timestamp())
        rows = self._database.execute(self._cut_off, (before, BATCH))
        for (sid,) in rows:
            try:
                self._ask(self._store.get(sid))
            except DeclaredError:
                continue
            except Exception as error:  # one that fails does not stop the others
                self._log.line("refund not asked for", {"refund": sid, **described(error)}, "error")
        return len(rows)

    def _begin(self, top_up_sid: str, cents: int | None, reason: str, key: str | None) -> Refund:
        sid = _sid_of(top_up_sid, key) if key is not None else new_sid()
        if key is not None and self._store.exists(sid):
            return self._store.get(sid)
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
        now = self._clock.now().replace(microsecond=0)
        return self._store.new(
            {
                "sid": sid,
                "top_up_sid": top_up.sid,
                "user_sid": top_up.user_sid,
                "provider": top_up.provider,
                "amount": amount,
                "started_by": RefundSource.OPERATOR,
                "reason": reason,
                "created_at": now,
            },
            now,
        )

    def refundable(self, top_up: TopUp) -> Money:
        """The unspent rest of the payment, without refunds that are under way. Raises `TopUpNotSettled`."""
        lot = self._settlement.lot_of(top_up)
        if lot is None:
            raise TopUpNotSettled
        credit = self._lots.get(lot)
        rest = min(int(credit.remaining), int(credit.amount) - int(top_up.refunded))
        return Money(max(rest - self._rows.waiting(top_up.sid), 0))

    def _ask(self, refund: Refund) -> Refund:
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
        except DeclaredError:
            self._database.run(lambda: self._store.patch(refund.sid, {"status": RefundStatus.CANCELED}))
            raise
        return self._database.run(lambda: self._answered(refund.sid, top_up.sid, answer))

    def _answered(self, sid: str, top_up_sid: str, answer: ProviderRefund) -> Refund:
        refund = self._store.object(self._store.locked(sid, None))
        if refund.refund_ref is None:
            failed = answer.status in (RefundStatus.FAILED, RefundStatus.CANCELED)
            status = answer.status if failed or refund.settled_at is None else refund.status
            refund = self._store.patch(sid, {"refund_ref": answer.refund_ref, "status": status})
        self._top_ups.patch(top_up_sid, {"next_check_at": (self._clock.now() + LOOK_AFTER).replace(microsecond=0)})
        return refund


def _sid_of(top_up_sid: str, key: str) -> str:
    """The sid of the refund with this idempotency key: the same key is the same refund."""
    return b32encode(sha256(f"{top_up_sid}\n{key}".encode()).digest())[:26].decode()
