"""Audit of a payment's events: each posting follows from one, at its time and by its amount, and so do the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.runtime.values.types import money_text
from generated.models.onboarding import OperatorAct, PaymentEventKind, PaymentEventStatus
from handlers.payments.fetching import LEARNED
from handlers.payments.moves import Act, Move
from handlers.payments.postings import posting_key
from handlers.payments.states import CLOCK_SKEW, CURRENCY, DISPUTE_STATUS, NANO_PER_MINOR, REFUNDS, UNNAMED

Kind = PaymentEventKind
REFUND_FAILED_ACTS: tuple[Act, ...] = ("refund_failed", "excess_refund_failed")
REFUND_ACTS: tuple[Act, ...] = ("refund", "excess_refund", *REFUND_FAILED_ACTS)
DISPUTE_ACTS: tuple[Act, ...] = ("hold", "release", "loss", "reinstatement")
ACTS: Mapping[Kind, tuple[Act, ...]] = {
    Kind.PAYMENT_SUCCEEDED: ("overpayment", *REFUND_ACTS, *DISPUTE_ACTS),
    Kind.REFUND_CHANGED: REFUND_ACTS,
    Kind.REFUND_FAILED: REFUND_FAILED_ACTS,
    Kind.DISPUTE_INQUIRY: ("release", "reinstatement"),
    Kind.DISPUTE_OPENED: ("reinstatement", "hold"),
    Kind.DISPUTE_LOST: ("hold", "loss"),
    Kind.DISPUTE_WON: ("release", "reinstatement"),
}
"""What may be posted because of an event."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row of `payment_event`; the times are stored ones."""

    kind: Kind
    user_sid: str | None
    provider: str
    event_id: str
    ref: str
    minor: int
    currency: str
    status: PaymentEventStatus
    occurred_at: int
    received_at: int

    @property
    def nano(self) -> int | None:
        """Its amount in nano-dollars; None where it is not one in dollars."""
        return self.minor * NANO_PER_MINOR if self.currency == CURRENCY else None

    @property
    def refunded(self) -> int | None:
        """The total refunded that it tells; None where it tells none, as an event of one refund that failed."""
        told = self.kind == Kind.REFUND_CHANGED or self.event_id.startswith(LEARNED)
        return self.nano if self.kind in REFUNDS and told else None

    def was_at(self, time: int | None) -> bool:
        """Whether something of this time is its doing: its own, or when it came in where its own cannot be."""
        believable = abs(self.occurred_at - self.received_at) <= CLOCK_SKEW.total_seconds()
        return time == self.occurred_at or (time == self.received_at and not believable)


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction of a payment: what came into `cash`, and what was put on hold, in nano-dollars."""

    sid: str
    key: str
    effective_at: int
    cash: int
    held: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A credited top-up with what belongs to it; `key` is that of its posting."""

    key: str
    ref: str
    asked: int
    credited: int
    excess: int
    refunded: int
    settled_at: int
    reviewed: bool
    events: Sequence[Event]
    steps: Sequence[Step]
    decisions: Sequence[OperatorAct]
    dispute_refs: Sequence[str]


def problems(payment: Payment) -> Iterator[str]:
    """What does not follow from the events and the operators' decisions about a payment."""
    counted = [event for event in payment.events if event.status != PaymentEventStatus.IGNORED]
    yield from _paid(payment, [event for event in counted if event.kind == Kind.PAYMENT_SUCCEEDED])
    yield from _refunded(payment, counted)
    yield from _steps(payment, counted)


def _paid(payment: Payment, told: Sequence[Event]) -> Iterator[str]:
    if not told:
        yield "no event told that it was paid"
        return
    event = told[0]
    expected = PaymentEventStatus.NEEDS_REVIEW if payment.reviewed else PaymentEventStatus.APPLIED
    if event.status != expected or event.ref != payment.ref:
        yield f"the event {event.event_id} is {event.status} and speaks of {event.ref}"
    if not event.was_at(payment.settled_at):
        yield f"the event {event.event_id} does not tell that it was settled then"
    paid = event.nano
    unpriced = paid is None and payment.reviewed and payment.excess == 0
    # Events tell whole cents; that exactly what was asked for was credited is proved by `payments.top_ups`.
    whole = (payment.credited + payment.excess) // NANO_PER_MINOR * NANO_PER_MINOR
    if not unpriced and whole != paid:
        yield f"the event {event.event_id} tells of {event.minor} {event.currency}"
    for act in payment.decisions:
        cents = act.arguments.get("amount_cents")
        most = payment.asked if paid is None else min(payment.asked, paid)
        if payment.credited != (most if cents is None else cents * NANO_PER_MINOR):
            yield f"the operator's act {act.sid} credits another amount"


def _refunded(payment: Payment, counted: Sequence[Event]) -> Iterator[str]:
    totals = {event.refunded for event in counted} - {None}
    if payment.refunded not in totals and (payment.refunded or totals):
        yield f"no event told that {money_text(payment.refunded)} of it were refunded"


def _causes(payment: Payment, counted: Sequence[Event]) -> dict[str, tuple[Event, Move]]:
    """By the keys of the postings that may follow from events: the event, and the move without its amount."""
    found: dict[str, tuple[Event, Move]] = {}
    for event in counted:
        if event.kind == Kind.PAYMENT_SUCCEEDED:
            found |= {key: (event, move) for key, move in _with_credit(payment, event.event_id).items()}
            continue
        for act in ACTS.get(event.kind, ()):
            for ref in (event.ref, UNNAMED) if act in DISPUTE_ACTS else (None,):
                move = Move(act, 0, ref)
                found[posting_key(payment.key, move, event.event_id)] = (event, move)
        if event.kind in DISPUTE_STATUS:  # it names the one that was known without a name, which ends that one
            for act in DISPUTE_ACTS:
                move = Move(act, 0, UNNAMED)
                found.setdefault(posting_key(payment.key, move, event.event_id), (event, move))
    return found


def _with_credit(payment: Payment, cause: str) -> dict[str, Move]:
    """By their keys, what may be posted together with the credit: what was paid beyond it, and what had gone back or
    was contested by then."""
    moves = (
        Move(act, 0, ref)
        for act in ACTS[Kind.PAYMENT_SUCCEEDED]
        for ref in (payment.dispute_refs if act in DISPUTE_ACTS else (None,))
    )
    return {posting_key(payment.key, move, cause): move for move in moves}


def _steps(payment: Payment, counted: Sequence[Event]) -> Iterator[str]:
    causes, decided = _causes(payment, counted), dict[str, Move]()
    for act in payment.decisions:
        decided |= _with_credit(payment, f"decision:{act.request_id}")
    returned = 0
    totals: dict[Event, int] = {}
    held: set[str | None] = set()
    for step in payment.steps:
        with_credit = decided.get(step.key)
        if step.key == payment.key or with_credit is not None:
            if step.effective_at != payment.settled_at:
                yield f"transaction {step.sid} is of another time"
            if with_credit is not None and with_credit.act in REFUND_ACTS:
                returned -= step.cash
            if with_credit is not None and with_credit.act == "hold":
                opening = next((event for event in counted if _opens(with_credit.ref, event)), None)
                yield from _contested(payment, step, opening)
            continue
        if step.key not in causes:
            yield f"no event told of transaction {step.sid}"
            continue
        event, move = causes[step.key]
        if not event.was_at(step.effective_at):
            yield f"transaction {step.sid} is of another time than its event {event.event_id}"
        if event.kind == Kind.PAYMENT_SUCCEEDED:
            returned -= step.cash if move.act in REFUND_ACTS else 0
            continue
        if event.status != PaymentEventStatus.APPLIED:
            yield f"the event {event.event_id} is {event.status}, but transaction {step.sid} follows from it"
        if move.act in REFUND_ACTS:
            returned -= step.cash
            totals[event] = returned
        elif move.act == "hold" and move.ref != UNNAMED and move.ref not in held:
            held.add(move.ref)
            yield from _contested(payment, step, event)
    for event, total in totals.items():
        if event.nano is None or min(event.nano, payment.credited + payment.excess) != total:
            yield f"after the event {event.event_id} {money_text(total)} were refunded, which is not what it tells"


def _opens(ref: str | None, event: Event) -> bool:
    """Whether an event tells of the dispute `ref` that its money is, or was, contested."""
    return event.ref == ref and event.kind in (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST)


def _contested(payment: Payment, step: Step, event: Event | None) -> Iterator[str]:
    """Whether what is held first for a dispute is what the event tells; None where none is known by its name."""
    if event is not None and step.held != min(payment.asked if event.nano is None else event.nano, payment.asked):
        yield f"the event {event.event_id} tells of another amount than transaction {step.sid} holds"
