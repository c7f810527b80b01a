"""What a provider says of a checkout when it is asked, as events of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from codegen.runtime.errors import NotFound
from codegen.runtime.values.types import NO_CURRENCY
from generated.models.onboarding import (
    DisputeStatus,
    PaymentEventKind,
    PaymentState,
    ProviderPayment,
    ProviderSession,
    SessionState,
    TopUp,
)
from generated.plugins.onboarding import PaymentProvider
from handlers.payments.settlement import ProviderEvent
from handlers.payments.states import DISPUTE_STATUS, Observation

PAID = frozenset({PaymentState.SUCCEEDED, PaymentState.ON_HOLD, PaymentState.REFUNDED, PaymentState.REVERSED})
"""States of a payment that had succeeded, whatever became of it."""
LEARNED = "check:"
"""What the names of events begin with that were learned by asking."""
LONGEST_NAME = 230
"""The `rev` of its top-up stands behind an event's name."""

_KIND = {status: kind for kind, status in DISPUTE_STATUS.items()}
_CONTESTED = {
    PaymentState.ON_HOLD: PaymentEventKind.DISPUTE_OPENED,
    PaymentState.REVERSED: PaymentEventKind.DISPUTE_LOST,
    PaymentState.SUCCEEDED: PaymentEventKind.DISPUTE_WON,
}
"""What the state of a payment says where no dispute is named."""


def fetch(provider: PaymentProvider, top_up: TopUp) -> ProviderSession:
    """What a provider says of a top-up: of its checkout or, where that does not know its payment, of the payment.

    Raises `NotFound` where it knows neither, and the provider's errors.
    """
    payment_ref = top_up.payment_ref
    try:
        session = provider.fetch_session(top_up.session_ref)
    except NotFound:
        if payment_ref is None:
            raise
        return provider.fetch_payment(payment_ref)
    if payment_ref is None or any(payment.payment_ref == payment_ref for payment in session.payments):
        return session
    try:
        # It was paid on another checkout: one that was made twice, since the provider forgot the first request for it.
        return provider.fetch_payment(payment_ref)
    except NotFound:
        return session


def fetched_events(session: ProviderSession, now: datetime) -> list[ProviderEvent]:
    """What a fetched checkout says."""
    events = [event for payment in session.payments for event in _of_payment(payment, session, now)]
    if session.state == SessionState.EXPIRED:
        expired = Observation(PaymentEventKind.SESSION_EXPIRED, 0, NO_CURRENCY, now, fetched=True)
        events.append(ProviderEvent(_event_id(session.session_ref, expired.kind), session.session_ref, expired))
    return events


def _event_id(ref: str, what: str) -> str:
    """Names what was learned by asking; a long reference by its digest."""
    name = f"{LEARNED}{ref}:{what}"
    return name if len(name) <= LONGEST_NAME else f"{LEARNED}{sha256(ref.encode()).hexdigest()}:{what}"


def _of_payment(payment: ProviderPayment, session: ProviderSession, now: datetime) -> Iterator[ProviderEvent]:
    ref = payment.payment_ref

    def event(kind: PaymentEventKind, minor: int, at: datetime) -> ProviderEvent:
        observation = Observation(kind, minor, payment.currency, at, fetched=True)
        refunds = tuple(payment.refunds) if kind == PaymentEventKind.REFUND_CHANGED else None
        return ProviderEvent(_event_id(ref, kind), ref, observation, ref, refunds=refunds)

    if payment.state == PaymentState.FAILED and session.state == SessionState.COMPLETE:
        yield event(PaymentEventKind.PAYMENT_FAILED, payment.amount_minor, payment.occurred_at)
    if payment.state not in PAID:
        return
    yield event(PaymentEventKind.PAYMENT_SUCCEEDED, payment.amount_minor, payment.occurred_at)
    yield event(PaymentEventKind.REFUND_CHANGED, payment.refunded_minor, now)
    rest = payment.amount_minor - payment.refunded_minor
    if not payment.disputes and payment.state in _CONTESTED and rest > 0:
        yield event(_CONTESTED[payment.state], rest, now)
    for dispute in payment.disputes:
        kind = _KIND[dispute.status]
        opening = dispute.status in (DisputeStatus.INQUIRY, DisputeStatus.OPEN)
        at = dispute.occurred_at if opening else now
        observation = Observation(kind, dispute.amount_minor, dispute.currency, at, dispute.dispute_ref, fetched=True)
        yield ProviderEvent(_event_id(dispute.dispute_ref, kind), dispute.dispute_ref, observation, ref)
