"""Bring what is known of a payment into the database: top-up, events, refunds, disputes and ledger, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountInvalid, NotInReview, TopUpNotOpen
from generated.models.onboarding import (
    KycStatus,
    NoticeKind,
    PaymentEvent,
    PaymentEventKind,
    PaymentEventStatus,
    ProviderRefund,
    TopUp,
    TopUpStatus,
)
from generated.tables.onboarding import PAYMENT_EVENT, TOP_UP, USER, TopUpPatch
from handlers.ledger.posting import Ledger, payment_key
from handlers.payments import schedule, statements, states
from handlers.payments.dispute_rows import DisputeRows
from handlers.payments.kyc_cap import FreedOfCap
from handlers.payments.moves import Move, kyc_held, moves, over_cap
from handlers.payments.postings import Postings
from handlers.payments.refund_rows import RefundRows
from handlers.payments.states import Observation, State
from handlers.work.alerts import alert, clear, notify


class Unmatched(Exception):
    """No top-up belongs to it, at least not yet."""


class Stale(Exception):
    """The top-up changed since the provider was asked; what it answered may be older than what is known."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """An observation and its origin. `event_id` is unique at the provider; `ref` is the object that it speaks of."""

    event_id: str
    ref: str
    observation: Observation
    payment_ref: str | None = None
    believed: bool = True
    """False: it is kept that this was said, but what a fetch says counts."""
    refunds: tuple[ProviderRefund, ...] | None = None
    """All refunds of the payment, where the provider was asked for them."""


def of_another_payment(top_up: TopUp, payment_ref: str | None, kind: PaymentEventKind) -> bool:
    """Whether money that goes back is that of another payment on the same checkout."""
    return (
        kind in states.REFUNDS | states.DISPUTE_STATUS.keys()
        and payment_ref is not None
        and top_up.payment_ref not in (None, payment_ref)
    )


def reached(top_up: TopUp) -> bool:
    """Whether it is known to have reached its provider; until then its own sid stands for the checkout's reference."""
    return top_up.session_ref != top_up.sid


_TELLING = (PaymentEventStatus.APPLIED, PaymentEventStatus.NEEDS_REVIEW)

HELD = "is held: it is beyond what can be added before verification. Verify your identity, and it is yours to spend."
RELEASED = "was held and is yours to spend now."


class Settlement:
    """The one way of a payment to the ledger. Call what writes inside `ledger.transaction`."""

    def __init__(self, database: Database, clock: Clock, kyc_free_cap: Money) -> None:
        self.database, self.clock, self._cap = database, clock, kyc_free_cap
        self.ledger = Ledger(database, clock)
        self.top_ups = Store.of(TOP_UP, database)
        self._events = Store.of(PAYMENT_EVENT, database)
        self._users = Store.of(USER, database)
        self._over_cap_of = database.prepare(statements.OVER_CAP_OF_USER)
        self._freed_of_cap = FreedOfCap(database)
        self._verified_over_cap = database.prepare(statements.VERIFIED_USERS_OVER_CAP)
        self._disputes = DisputeRows(database)
        self._postings = Postings(self.ledger)
        self._refunds = RefundRows(database)

    # --- reading ----------------------------------------------------------------------------------------------

    def find(
        self, provider: str, session_ref: str | None, payment_ref: str | None, top_up_sid: str | None = None
    ) -> TopUp | None:
        """The top-up that a payment or a checkout belongs to, by their names at the provider or by our mark on it; of
        several payments on one checkout the unpaid one, or else the first."""
        if payment_ref is not None:
            found = self.top_ups.one({"provider": provider, "payment_ref": payment_ref})
            if found is not None:
                return found
        if session_ref is not None:
            on_it = self.top_ups.find({"provider": provider, "session_ref": session_ref})["items"]
            if on_it:
                return next((one for one in on_it if one.payment_ref is None), on_it[0])
        marked = self.top_ups.get_many([top_up_sid]).get(top_up_sid) if top_up_sid is not None else None
        return marked if marked is not None and marked.provider == provider else None

    def state(self, top_up: TopUp) -> State:
        """What is known of a payment."""
        paid_at = top_up.settled_at
        if paid_at is None and (paid := self.paid(top_up)) is not None:
            paid_at = _paid_at(top_up, paid)
        reviewed = paid_at is not None and top_up.status == TopUpStatus.NEEDS_REVIEW
        return State(
            asked=int(top_up.amount),
            credited=self._credited(top_up),
            excess=int(top_up.excess),
            paid_at=paid_at,
            review=top_up.review_reason if reviewed else None,
            failed=top_up.status == TopUpStatus.FAILED,
            expired=top_up.status == TopUpStatus.EXPIRED,
            refunded=int(top_up.refunded),
            refund_failed=self._events.one({"top_up_sid": top_up.sid, "kind": PaymentEventKind.REFUND_FAILED})
            is not None,
            over_cap=int(top_up.over_cap),
            freed=self._freed(top_up) if top_up.over_cap else 0,
            disputes=self._disputes.of(top_up),
        )

    def paid(self, top_up: TopUp) -> PaymentEvent | None:
        """The event that told of its payment; others that say the same, or that were not believed, were ignored."""
        kind = PaymentEventKind.PAYMENT_SUCCEEDED
        found = (self._events.one({"top_up_sid": top_up.sid, "kind": kind, "status": status}) for status in _TELLING)
        return next((event for event in found if event is not None), None)

    def _credited(self, top_up: TopUp) -> int:
        lot = self.lot_of(top_up)
        return int(self.ledger.lots.get(lot).amount) if lot is not None else 0

    def lot_of(self, top_up: TopUp) -> str | None:
        """The credit that came of a payment."""
        if top_up.payment_ref is None:
            return None
        return self.ledger.lot_of(payment_key(top_up.provider, top_up.payment_ref))

    def _freed(self, top_up: TopUp) -> int:
        assert top_up.payment_ref is not None, "only a payment is beyond a cap"
        return self._freed_of_cap.before(top_up.user_sid, payment_key(top_up.provider, top_up.payment_ref))

    def adopt(self, top_up: TopUp, session_ref: str) -> TopUp:
        """The top-up with its checkout, which it may not know yet; its `rev` stays as it is otherwise."""
        return top_up if reached(top_up) else self.top_ups.patch(top_up.sid, {"session_ref": session_ref})

    # --- applying ---------------------------------------------------------------------------------------------

    def apply(self, sid: str, events: Sequence[ProviderEvent], rev: int | None = None) -> TopUp:
        """Merge events into a top-up and post what follows. Those that were applied before change nothing.

        With `rev`, raises `Stale` where the top-up was changed since it had this one.
        """
        top_up = self.top_ups.object(self.top_ups.locked(sid, None))
        if rev is not None and top_up.rev != rev:
            raise Stale
        for event in events:
            self._apply(self._of_payment(sid, event), event)
        return self.top_ups.get(sid)

    def decide(self, sid: str, credit: bool, cents: int | None, cause: str) -> TopUp:
        """An operator's decision about a payment that differs from what was asked for. Raises `NotInReview`;
        `AmountInvalid` for more than was asked for or paid."""
        top_up = self.top_ups.object(self.top_ups.locked(sid, None))
        before = self.state(top_up)
        paid = self.paid(top_up)
        if before.review is None or paid is None:
            raise NotInReview
        in_dollars = paid.amount_minor * states.NANO_PER_MINOR if paid.currency == states.CURRENCY else None
        most = before.asked if in_dollars is None else min(before.asked, in_dollars)
        amount = most if cents is None else int(Money.from_cents(cents))
        if credit and not 0 < amount <= most:
            raise AmountInvalid
        after = replace(before, review=None, failed=not credit)
        if credit:
            after = replace(after, credited=amount, excess=in_dollars - amount if in_dollars is not None else 0)
        return self.advance(top_up, before, after, cause, _paid_at(top_up, paid))

    def seen(self, sid: str) -> bool:
        """An operator has looked at what was refunded in other money; whether anybody had to."""
        return clear(self.database, self.clock, "payment_review", sid)

    def close(self, sid: str, cause: str) -> TopUp:
        """Wait no more for a payment; one that comes all the same is credited. Raises `TopUpNotOpen`."""
        top_up = self.top_ups.object(self.top_ups.locked(sid, None))
        before = self.state(top_up)
        if before.status != TopUpStatus.OPEN:
            raise TopUpNotOpen
        return self.advance(top_up, before, replace(before, expired=True), cause, self.clock.now())

    def release(self, user_sid: str) -> None:
        """What was held until KYC is the user's to spend. Call it in the transaction that completes KYC."""
        for (sid,) in self.database.execute(self._over_cap_of, (user_sid,)):
            top_up = self.top_ups.object(self.top_ups.locked(sid, None))
            before = self.state(top_up)
            kept = self.advance(top_up, before, replace(before, over_cap=0), "kyc_completed", self.clock.now())
            self._tell_held(kept, -kyc_held(before))

    def release_due(self) -> int:
        """Release what is still held of users whose KYC was completed by somebody who did not; how many users."""
        due = self.database.execute(self._verified_over_cap)
        failed: Exception | None = None
        for (user_sid,) in due:
            try:
                self.ledger.transaction(partial(self.release, user_sid))
            except Exception as error:  # one that fails does not stop the others
                failed = error
        if failed is not None:
            raise failed
        return len(due)

    def _of_payment(self, sid: str, event: ProviderEvent) -> TopUp:
        """The top-up that an event is about. A second payment on one checkout is a top-up of its own."""
        top_up = self.top_ups.get(sid)
        if event.payment_ref is None or event.payment_ref == top_up.payment_ref:
            return top_up
        known = self.top_ups.one({"provider": top_up.provider, "payment_ref": event.payment_ref})
        if known is not None:
            return known
        kind = event.observation.kind
        if kind == PaymentEventKind.PAYMENT_SUCCEEDED:
            if top_up.payment_ref is None:
                return self.top_ups.patch(sid, {"payment_ref": event.payment_ref})
            return self.top_ups.new(
                {
                    "user_sid": top_up.user_sid,
                    "provider": top_up.provider,
                    "session_ref": top_up.session_ref,
                    "payment_ref": event.payment_ref,
                    "amount": top_up.amount,
                    "created_at": top_up.created_at,
                },
                self.clock.now(),
            )
        if of_another_payment(top_up, event.payment_ref, kind):
            raise Unmatched
        return top_up

    def _apply(self, top_up: TopUp, event: ProviderEvent) -> None:
        told, now = event.observation, self.clock.now()
        at = states.believable(told.at, top_up.created_at, now)
        observation = replace(told, at=at)
        before = self.state(top_up)
        after = states.merge(before, observation) if event.believed else before
        if told.kind == PaymentEventKind.REFUND_CHANGED and (after is not before or event.refunds is not None):
            self._refunds.keep(top_up, after.refunded, event.refunds, at, now)
        if after is before and told.fetched:
            return  # asked, and nothing new
        status = PaymentEventStatus.APPLIED if after is not before else PaymentEventStatus.IGNORED
        if after.review is not None and before.review is None:
            status = PaymentEventStatus.NEEDS_REVIEW
        if _in_other_money(told) and event.believed and before.credited:
            status = PaymentEventStatus.NEEDS_REVIEW
            self._review(top_up, f"{states.in_other_money(told.minor, told.currency)} were refunded, not dollars")
        # What was learned by asking may be learned again after it was otherwise: the rev tells the occasions apart.
        event_id = f"{event.event_id}:{top_up.rev}" if told.fetched else event.event_id
        # A total that fell is a refund that came back; that this happened must not be forgotten.
        fell = after.refund_failed and not before.refund_failed
        kept = self._events.insert_once(
            {
                "provider": top_up.provider,
                "provider_event_id": event_id,
                "external_ref": event.ref,
                "user_sid": top_up.user_sid,
                "top_up_sid": top_up.sid,
                "amount_minor": told.minor,
                "currency": told.currency,
                "kind": PaymentEventKind.REFUND_FAILED if fell else told.kind,
                "status": status,
                "occurred_at": told.at.replace(microsecond=0),
            },
            now,
            ("provider", "provider_event_id"),
        )
        if kept is not None and after is not before:
            self.advance(top_up, before, after, event_id, at)

    def advance(self, top_up: TopUp, before: State, after: State, cause: str, at: datetime) -> TopUp:
        """Bring a payment from one state to a later one: post what follows, and write down what is known now. `cause`
        names the event or decision, `at` is when it happened."""
        if after.credited and not before.credited:
            beyond = self._over_cap(top_up.user_sid, after.credited)
            after = replace(after, over_cap=beyond, freed=self._freed(top_up) if beyond else 0)
        for move in moves(before, after):
            self._postings.post(top_up, move, cause, at)
        self._disputes.keep(top_up, before, after, self.clock.now())
        status = after.status
        changes: TopUpPatch = {
            "status": status,
            "refunded": Money(after.refunded),
            "excess": Money(after.excess),
            "over_cap": Money(after.over_cap),
            "held": Money(kyc_held(after)),
            "next_check_at": schedule.next_check(after, top_up.created_at, self.clock.now()),
        }
        if after.credited and top_up.settled_at is None and after.paid_at is not None:
            changes["settled_at"] = after.paid_at.replace(microsecond=0)
        if status != TopUpStatus.OPEN:
            changes["url"] = None
            clear(self.database, self.clock, "payment_unknown", top_up.sid)
        if after.review is not None and before.review is None:
            changes["review_reason"] = after.review
            self._review(top_up, after.review)
        if top_up.status == TopUpStatus.NEEDS_REVIEW and status != top_up.status:
            clear(self.database, self.clock, "payment_review", top_up.sid)
        self._notify(top_up, before, after)
        kept = self.top_ups.patch(top_up.sid, changes)
        if before.credited:
            self._hold_others(kept, cause, at)
        return kept

    def _hold_others(self, changed: TopUp, cause: str, at: datetime) -> None:
        """What went back of one payment leaves room under the cap for others; what came back of it takes that away."""
        for (sid,) in self.database.execute(self._over_cap_of, (changed.user_sid,)):
            other = self.top_ups.object(self.top_ups.locked(sid, None))
            held = kyc_held(self.state(other))
            more = held - int(other.held)
            if sid == changed.sid or not more:
                continue
            self._postings.post(other, Move("kyc_hold" if more > 0 else "kyc_release", abs(more)), cause, at)
            self._tell_held(self.top_ups.patch(sid, {"held": Money(held)}), more)

    def _over_cap(self, user_sid: str, credited: int) -> int:
        """Settled money is never refused; what a user without KYC may not add is held."""
        if self._users.get(user_sid).kyc_status == KycStatus.COMPLETED:
            return 0
        billing = self.ledger.billings.one({"user_sid": user_sid})
        return over_cap(credited, int(billing.lifetime_paid) if billing is not None else 0, self._cap)

    # --- who has to know --------------------------------------------------------------------------------------

    def _review(self, top_up: TopUp, reason: str) -> None:
        alert(self.database, self.clock, "payment_review", top_up.sid, reason)

    def _tell_held(self, top_up: TopUp, more: int) -> None:
        """Tell a user that more of a payment is held, or less."""
        if not more:
            return
        kind: NoticeKind = "payment_held" if more > 0 else "payment_released"
        text = f"${Money(abs(more))} of your payment of ${top_up.amount} {HELD if more > 0 else RELEASED}"
        notify(self.database, self.clock, top_up.user_sid, kind, f"{kind}:{top_up.sid}:{top_up.rev}", text)

    def _notify(self, top_up: TopUp, before: State, after: State) -> None:
        if after.credited and not before.credited:
            kind, text = "payment_settled", f"Your payment of ${Money(after.credited)} has arrived."
            if held := kyc_held(after):
                kind, text = "payment_held", f"{text} ${Money(held)} of it {HELD}"
        elif after.status == TopUpStatus.FAILED and before.status == TopUpStatus.OPEN:
            kind, text = "payment_failed", f"Your payment of ${top_up.amount} did not go through."
        else:
            return
        notify(self.database, self.clock, top_up.user_sid, kind, f"{kind}:{top_up.sid}", text)


def _paid_at(top_up: TopUp, paid: PaymentEvent) -> datetime:
    return states.believable(paid.occurred_at, top_up.created_at, paid.received_at)


def _in_other_money(told: Observation) -> bool:
    """Whether a refund is told in a currency that is not credited."""
    return told.kind in states.REFUNDS and told.minor != 0 and told.currency != states.CURRENCY
