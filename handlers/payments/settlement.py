"""Bring what is known of a payment into the database: top-up, events, refunds, disputes and ledger, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import NotInReview
from generated.models.onboarding import (
    DisputeStatus,
    LedgerTransaction,
    PaymentEvent,
    PaymentEventKind,
    PaymentEventStatus,
    TopUp,
    TopUpStatus,
    TransactionKind,
)
from generated.tables.onboarding import CREDIT_LOT, DISPUTE, PAYMENT_EVENT, TOP_UP, TopUpPatch
from handlers.ledger import wallet as rules
from handlers.ledger.posting import Ledger, payment_key
from handlers.ledger.wallet import Wallet
from handlers.payments import states
from handlers.payments.refund_rows import RefundRows
from handlers.payments.states import Dispute, Move, News, State
from handlers.work.alerts import alert, clear, notify

REASONS: dict[states.Act, tuple[TransactionKind, str]] = {
    "top_up": (TransactionKind.TOP_UP, "Top-up"),
    "refund": (TransactionKind.REFUND, "Refund of a top-up"),
    "refund_failed": (TransactionKind.REFUND, "Refund that came back"),
    "hold": (TransactionKind.DISPUTE_HOLD, "Payment disputed: amount held"),
    "release": (TransactionKind.DISPUTE_RELEASE, "Dispute won: amount released"),
    "loss": (TransactionKind.DISPUTE_LOSS, "Dispute lost: amount returned to the payer"),
}


class Unmatched(Exception):
    """No top-up belongs to it, at least not yet."""


class Stale(Exception):
    """The top-up changed since the provider was asked; what it answered may be older than what is known."""


@dataclass(frozen=True, slots=True)
class Told:
    """News with where it comes from. `event_id` is unique at the provider; `ref` is the object it speaks of."""

    event_id: str
    ref: str
    news: News
    payment_ref: str | None = None
    believed: bool = True
    """False: keep that it was told, but what a fetch says counts."""


def strange(top_up: TopUp, payment_ref: str | None, kind: PaymentEventKind) -> bool:
    """Whether money that goes back is that of another payment on the same checkout."""
    return (
        kind in states.REFUNDS | states.DISPUTES
        and payment_ref is not None
        and top_up.payment_ref not in (None, payment_ref)
    )


class Settlement:
    """The one way of a payment to the ledger. Call `apply` inside `ledger.transaction`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.ledger = Ledger(database, clock)
        self.top_ups = Store.of(TOP_UP, database)
        self._events = Store.of(PAYMENT_EVENT, database)
        self._disputes = Store.of(DISPUTE, database)
        self._lots = Store.of(CREDIT_LOT, database)
        self._refunds = RefundRows(database)

    # --- finding ----------------------------------------------------------------------------------------------

    def find(self, provider: str, session_ref: str | None, payment_ref: str | None) -> TopUp | None:
        """The top-up that a payment or a checkout belongs to; of several payments on one checkout the unpaid one, or
        else the first."""
        if payment_ref is not None:
            found = self.top_ups.one({"provider": provider, "payment_ref": payment_ref})
            if found is not None:
                return found
        if session_ref is None:
            return None
        on_it = self.top_ups.find({"provider": provider, "session_ref": session_ref})["items"]
        return next((one for one in on_it if one.payment_ref is None), on_it[0] if on_it else None)

    def state(self, top_up: TopUp) -> State:
        """What is known of a payment."""
        disputes = self._disputes.find({"top_up_sid": top_up.sid})["items"]
        paid_at = top_up.settled_at
        if paid_at is None and (paid := self.paid(top_up)) is not None:
            paid_at = paid.occurred_at
        reviewed = paid_at is not None and top_up.status == TopUpStatus.NEEDS_REVIEW
        return State(
            asked=int(top_up.amount),
            credited=self._credited(top_up),
            paid_at=paid_at,
            review=top_up.review_reason if reviewed else None,
            failed=top_up.status == TopUpStatus.FAILED,
            expired=top_up.status == TopUpStatus.EXPIRED,
            refunded=int(top_up.refunded),
            refund_failed=self._events.one({"top_up_sid": top_up.sid, "kind": PaymentEventKind.REFUND_FAILED})
            is not None,
            disputes={one.dispute_ref: Dispute(int(one.amount), one.status) for one in disputes},
        )

    def paid(self, top_up: TopUp) -> PaymentEvent | None:
        """The event that told of its payment."""
        return self._events.one({"top_up_sid": top_up.sid, "kind": PaymentEventKind.PAYMENT_SUCCEEDED})

    def _credited(self, top_up: TopUp) -> int:
        lot = self.lot_of(top_up)
        return int(self._lots.get(lot).amount) if lot is not None else 0

    def lot_of(self, top_up: TopUp) -> str | None:
        """The credit that came of a payment."""
        if top_up.payment_ref is None:
            return None
        return self.ledger.lot_of(payment_key(top_up.provider, top_up.payment_ref))

    # --- applying ---------------------------------------------------------------------------------------------

    def apply(self, sid: str, told: Sequence[Told], rev: int | None = None) -> TopUp:
        """Merge news into a top-up and post what follows. Events that were applied before change nothing.

        With `rev`, raises `Stale` where the top-up was changed since it had this one.
        """
        top_up = self.top_ups.object(self.top_ups.locked(sid, None))
        if rev is not None and top_up.rev != rev:
            raise Stale
        for each in told:
            self._apply(self._payment(sid, each), each)
        return self.top_ups.get(sid)

    def decide(self, sid: str, credit: bool, by: str) -> TopUp:
        """An operator's decision about a payment that differs from what was asked for."""
        top_up = self.top_ups.object(self.top_ups.locked(sid, None))
        before = self.state(top_up)
        paid = self.paid(top_up)
        if paid is None:
            raise NotInReview("the provider has not said that it was paid")
        minor = paid.amount_minor if paid.currency == states.CURRENCY else before.asked // states.NANO_PER_MINOR
        amount = min(before.asked, minor * states.NANO_PER_MINOR) if credit else 0
        after = replace(before, review=None, credited=amount, failed=not credit, paid_at=paid.occurred_at)
        return self._store(top_up, before, after, f"decision:{by}", paid.occurred_at)

    def _payment(self, sid: str, told: Told) -> TopUp:
        """The top-up that news is for. A second payment on one checkout is a top-up of its own."""
        top_up = self.top_ups.get(sid)
        if told.payment_ref is None or told.payment_ref == top_up.payment_ref:
            return top_up
        known = self.top_ups.one({"provider": top_up.provider, "payment_ref": told.payment_ref})
        if known is not None:
            return known
        if told.news.kind == PaymentEventKind.PAYMENT_SUCCEEDED:
            if top_up.payment_ref is None:
                return self.top_ups.patch(sid, {"payment_ref": told.payment_ref})
            return self.top_ups.new(
                {
                    "user_sid": top_up.user_sid,
                    "provider": top_up.provider,
                    "session_ref": top_up.session_ref,
                    "payment_ref": told.payment_ref,
                    "amount": top_up.amount,
                },
                self.clock.now(),
            )
        if strange(top_up, told.payment_ref, told.news.kind):
            raise Unmatched
        return top_up

    def _apply(self, top_up: TopUp, told: Told) -> None:
        news = told.news
        before = self.state(top_up)
        after = states.learn(before, news) if told.believed else before
        if after is before and news.fetched:
            return  # asked, and nothing new
        status = PaymentEventStatus.APPLIED if after is not before else PaymentEventStatus.IGNORED
        if after.review is not None and before.review is None:
            status = PaymentEventStatus.NEEDS_REVIEW
        if news.kind in states.REFUNDS and told.believed and news.currency != states.CURRENCY and before.credited:
            status = PaymentEventStatus.NEEDS_REVIEW
            self._review(top_up, f"{news.minor} of {news.currency}'s smallest unit refunded, not dollars")
        # What was learned by asking may be learned again after it was otherwise: the rev tells the occasions apart.
        event_id = f"{told.event_id}:{top_up.rev}" if news.fetched else told.event_id
        # A total that fell is a refund that came back; that this happened must not be forgotten.
        fell = after.refund_failed and not before.refund_failed
        kept = self._events.insert_once(
            {
                "provider": top_up.provider,
                "provider_event_id": event_id,
                "external_ref": told.ref,
                "user_sid": top_up.user_sid,
                "top_up_sid": top_up.sid,
                "amount_minor": news.minor,
                "currency": news.currency,
                "kind": PaymentEventKind.REFUND_FAILED if fell else news.kind,
                "status": status,
                "occurred_at": news.at.replace(microsecond=0),
            },
            self.clock.now(),
            ("provider", "provider_event_id"),
        )
        if kept is not None and after is not before:
            self._store(top_up, before, after, event_id, news.at)

    def _store(self, top_up: TopUp, before: State, after: State, cause: str, at: datetime) -> TopUp:
        """Post what follows, and write down what is known now."""
        for move in states.moves(before, after):
            self._post(top_up, move, cause, at)
        self._keep_disputes(top_up, before, after, at)
        status = after.status
        changes: TopUpPatch = {"status": status, "refunded": Money(after.refunded)}
        if after.credited and top_up.settled_at is None and after.paid_at is not None:
            changes["settled_at"] = after.paid_at.replace(microsecond=0)
        if status != TopUpStatus.OPEN:
            changes["url"] = changes["next_check_at"] = None
        if after.review is not None and before.review is None:
            changes["review_reason"] = after.review
            self._review(top_up, after.review)
        if top_up.status == TopUpStatus.NEEDS_REVIEW and status != top_up.status:
            clear(self.database, self.clock, "payment_review", top_up.sid)
        self._tell(top_up, before, after)
        return self.top_ups.patch(top_up.sid, changes)

    def _post(self, top_up: TopUp, move: Move, cause: str, at: datetime) -> LedgerTransaction | None:
        assert top_up.payment_ref is not None, "only a payment moves money"
        payment = payment_key(top_up.provider, top_up.payment_ref)
        lot = self.ledger.lot_of(payment)
        returned = move.act in ("refund", "refund_failed")
        # A payment is credited once, a dispute has each step once; a total may move any number of times.
        step = f":refund:{cause}" if returned else f":dispute:{move.ref}:{move.act}" if move.ref else ""

        def draw(wallet: Wallet) -> None:
            match move.act:
                case "top_up":
                    rules.top_up(wallet, top_up.provider, move.amount)
                case "refund":
                    rules.refund(wallet, top_up.provider, move.amount, lot)
                case "refund_failed":
                    rules.refund_failed(wallet, top_up.provider, move.amount, lot)
                case "hold":
                    rules.dispute_opened(wallet, move.amount, lot)
                case "release":
                    rules.dispute_won(wallet, move.amount, lot)
                case "loss":
                    rules.dispute_lost(wallet, top_up.provider, move.amount)

        kind, reason = REASONS[move.act]
        if returned:
            self._refunds.moved(top_up, move, at)
        return self.ledger.post(
            user_sid=top_up.user_sid,
            kind=kind,
            key=payment + step,
            source=payment,
            reason=reason,
            effective_at=at,
            draw=draw,
        )

    def _keep_disputes(self, top_up: TopUp, before: State, after: State, at: datetime) -> None:
        when = at.replace(microsecond=0)
        for ref, dispute in after.disputes.items():
            closed_at = when if dispute.status != DisputeStatus.OPEN else None
            if ref not in before.disputes:
                self._disputes.new(
                    {
                        "top_up_sid": top_up.sid,
                        "user_sid": top_up.user_sid,
                        "provider": top_up.provider,
                        "dispute_ref": ref,
                        "amount": Money(dispute.amount),
                        "status": dispute.status,
                        "opened_at": when,
                        "closed_at": closed_at,
                    },
                    self.clock.now(),
                )
            elif before.disputes[ref] != dispute:
                known = self._disputes.one({"provider": top_up.provider, "dispute_ref": ref})
                assert known is not None, "what the state knows is kept"
                self._disputes.patch(known.sid, {"status": dispute.status, "closed_at": closed_at})

    # --- telling ----------------------------------------------------------------------------------------------

    def _review(self, top_up: TopUp, reason: str) -> None:
        alert(self.database, self.clock, "payment_review", top_up.sid, reason)

    def _tell(self, top_up: TopUp, before: State, after: State) -> None:
        if after.credited and not before.credited:
            notify(
                self.database,
                self.clock,
                top_up.user_sid,
                "payment_settled",
                f"payment_settled:{top_up.sid}",
                f"Your payment of ${Money(after.credited)} has arrived.",
            )
        elif after.status == TopUpStatus.FAILED and before.status == TopUpStatus.OPEN:
            notify(
                self.database,
                self.clock,
                top_up.user_sid,
                "payment_failed",
                f"payment_failed:{top_up.sid}",
                f"Your payment of ${top_up.amount} did not go through.",
            )
