"""What payment events and operators' decisions ask of the ledger, by the keys under which it is posted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    OperatorAct,
    PaymentEvent,
    PaymentEventKind,
    PaymentEventStatus,
    TopUp,
)
from generated.tables.onboarding import OPERATOR_ACT, PAYMENT_EVENT, TOP_UP
from handlers.ledger.posting import payment_key
from handlers.payments import states
from handlers.payments.fetching import LEARNED
from handlers.payments.moves import Move, moves
from handlers.payments.postings import posting_key
from handlers.payments.states import DISPUTE_STATUS, UNNAMED, Observation, State

Kind = PaymentEventKind
MOST = 1000
DECISION = "payments.resolve_review"


@dataclass(frozen=True, slots=True)
class Posting:
    """A move of a payment, the event or decision that it follows from, and when that happened."""

    top_up: TopUp
    move: Move
    cause: str
    at: datetime


class PaymentMoves:
    """Computed from the rows of one payment at a time; the last payment is remembered."""

    def __init__(self, database: Database) -> None:
        self._top_ups = Store.of(TOP_UP, database)
        self._events = Store.of(PAYMENT_EVENT, database)
        self._acts = Store.of(OPERATOR_ACT, database)
        self._known: tuple[str, dict[str, Posting]] = ("", {})

    def posting(self, source: str, key: str) -> Posting | None:
        """What is posted under a key for the payment that is this source; None for what no event asks for."""
        if self._known[0] != source:
            _, provider, ref = source.split(":", 2)
            top_up = self._top_ups.one({"provider": provider, "payment_ref": ref})
            self._known = source, self.of(top_up) if top_up is not None else {}
        return self._known[1].get(key)

    def of(self, top_up: TopUp) -> dict[str, Posting]:
        """All that is posted for a payment, without what is held before KYC: no row keeps how far beyond the cap it
        was."""
        if top_up.payment_ref is None:
            return {}
        payment = payment_key(top_up.provider, top_up.payment_ref)
        found = {}
        for before, after, cause, at in self._changes(top_up):
            for move in moves(before, after):
                found[posting_key(payment, move, cause)] = Posting(top_up, move, cause, at)
        return found

    def _changes(self, top_up: TopUp) -> Iterator[tuple[State, State, str, datetime]]:
        """The states of a payment, each with the cause that led to the next one."""
        events = self._events.find({"top_up_sid": top_up.sid}, limit=MOST)["items"]
        acts = self._acts.find({"subject": top_up.sid}, limit=MOST)["items"]
        decided = [act for act in acts if act.act == DECISION]
        state, paid = State(asked=int(top_up.amount)), None
        causes: list[PaymentEvent | OperatorAct] = [*events, *decided]
        for each in sorted(causes, key=lambda one: one.sid):
            if isinstance(each, PaymentEvent):
                if each.status == PaymentEventStatus.IGNORED:
                    continue
                at = states.believable(each.occurred_at, top_up.created_at, each.received_at)
                if each.kind == Kind.PAYMENT_SUCCEEDED:
                    paid, at = paid or each, top_up.settled_at or at
                after, cause = states.merge(state, _observation(top_up, each, at)), each.provider_event_id
            else:
                after, cause = _decided(state, each, paid), f"decision:{each.request_id}"
                at = state.paid_at or each.occurred_at
            yield state, after, cause, at
            state = after


def _observation(top_up: TopUp, event: PaymentEvent, at: datetime) -> Observation:
    learned = event.provider_event_id.startswith(LEARNED)
    kind = Kind(event.kind)
    if learned and kind == Kind.REFUND_FAILED:  # learned from a total that fell
        kind = Kind.REFUND_CHANGED
    unnamed = learned and kind in DISPUTE_STATUS and event.external_ref == top_up.payment_ref
    ref = UNNAMED if unnamed else event.external_ref
    return Observation(kind, event.amount_minor, event.currency, at, ref, fetched=learned)


def _decided(state: State, act: OperatorAct, paid: PaymentEvent | None) -> State:
    """The state after an operator credited, or did not, what differs from what was asked for."""
    if state.review is None or paid is None:
        return state
    if not act.arguments["credit"]:
        return replace(state, review=None, failed=True)
    told, cents = paid.currency == states.CURRENCY, act.arguments.get("amount_cents")
    in_dollars = paid.amount_minor * states.NANO_PER_MINOR if told else None
    most = state.asked if in_dollars is None else min(state.asked, in_dollars)
    amount = most if cents is None else int(Money.from_cents(cents))
    excess = 0 if in_dollars is None else in_dollars - amount
    return replace(state, review=None, credited=amount, excess=excess)
