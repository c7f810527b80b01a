"""Payments done again: what each stored event and each decision of an operator asks of the ledger."""

from __future__ import annotations

from typing import Any

from codegen.runtime.storage.store import Store
from generated.errors.onboarding import NotInReview
from generated.models.onboarding import OperatorAct, PaymentEvent, PaymentEventKind, PaymentEventStatus, TopUp
from generated.tables.onboarding import PAYMENT_EVENT
from handlers.payments import states
from handlers.payments.fetching import LEARNED
from handlers.payments.settlement import Settlement
from handlers.payments.states import DISPUTE_STATUS, UNNAMED, Observation

Kind = PaymentEventKind


class Payments:
    """Over the settlement of the fresh database, which judges and posts as it does in the live one: what is held
    before verification is decided there again, by the cap and by the payments of the user so far."""

    def __init__(self, settlement: Settlement) -> None:
        self._settlement = settlement
        self._events = Store.of(PAYMENT_EVENT, settlement.database)

    def again(self, event: PaymentEvent, row: dict[str, Any]) -> None:
        """Take an event, whose `row` is kept as it is, and post what follows from it."""

        def work() -> None:
            top_up = None if event.top_up_sid is None else self._settlement.top_ups.get(event.top_up_sid)
            before = None if top_up is None else self._settlement.state(top_up)
            self._events.insert(row)
            if top_up is None or before is None or event.status == PaymentEventStatus.IGNORED:
                return
            observation = _observation(top_up, event)
            after = states.merge(before, observation)
            if after is not before:
                self._settlement.advance(top_up, before, after, event.provider_event_id, observation.at)

        self._settlement.ledger.transaction(work)

    def decide(self, act: OperatorAct) -> None:
        """Credit a payment that an operator looked at, or not."""
        credit, cents = act.arguments["credit"], act.arguments.get("amount_cents")

        def work() -> None:
            try:
                self._settlement.decide(act.subject, credit, cents, f"decision:{act.request_id}")
            except NotInReview:  # what was refunded in other money was seen: that changes nothing
                return

        self._settlement.ledger.transaction(work)


def _observation(top_up: TopUp, event: PaymentEvent) -> Observation:
    learned = event.provider_event_id.startswith(LEARNED)
    kind = Kind(event.kind)
    if learned and kind == Kind.REFUND_FAILED:  # learned from a total that fell
        kind = Kind.REFUND_CHANGED
    unnamed = learned and kind in DISPUTE_STATUS and event.external_ref == top_up.payment_ref
    ref = UNNAMED if unnamed else event.external_ref
    at = states.believable(event.occurred_at, top_up.created_at, event.received_at)
    return Observation(kind, event.amount_minor, event.currency, at, ref, fetched=learned)
