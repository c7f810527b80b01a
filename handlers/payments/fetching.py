"""What a provider says when it is asked about a checkout, as news."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from generated.models.onboarding import (
    PaymentEventKind,
    PaymentState,
    ProviderPayment,
    ProviderSession,
    SessionState,
)
from handlers.payments.settlement import Told
from handlers.payments.states import News

PAID = frozenset({PaymentState.SUCCEEDED, PaymentState.ON_HOLD, PaymentState.REFUNDED, PaymentState.REVERSED})
"""States of a payment that had succeeded, whatever became of it."""
NO_CURRENCY = "XXX"
"""ISO 4217's code where no money is spoken of."""
MOST_NAME = 230
"""Of a name, which gets the rev of its top-up beside it."""


def told_by(session: ProviderSession, now: datetime) -> list[Told]:
    """The news in a fetched checkout."""
    told = [each for payment in session.payments for each in _of_payment(payment, session, now)]
    if session.state == SessionState.EXPIRED:
        told.append(
            Told(
                _event_id(session.session_ref, "session_expired"),
                session.session_ref,
                News(PaymentEventKind.SESSION_EXPIRED, 0, NO_CURRENCY, now, fetched=True),
            )
        )
    return told


def _event_id(ref: str, what: str) -> str:
    """Names what was learned by asking; a long reference by its digest."""
    name = f"check:{ref}:{what}"
    return name if len(name) <= MOST_NAME else f"check:{sha256(ref.encode()).hexdigest()}:{what}"


def _of_payment(payment: ProviderPayment, session: ProviderSession, now: datetime) -> list[Told]:
    ref = payment.payment_ref

    def news(kind: PaymentEventKind, minor: int, at: datetime) -> Told:
        return Told(_event_id(ref, kind), ref, News(kind, minor, payment.currency, at, fetched=True), ref)

    if payment.state == PaymentState.FAILED:
        done = session.state == SessionState.COMPLETE
        return [news(PaymentEventKind.PAYMENT_FAILED, payment.amount_minor, payment.occurred_at)] if done else []
    if payment.state not in PAID:
        return []
    return [
        news(PaymentEventKind.PAYMENT_SUCCEEDED, payment.amount_minor, payment.occurred_at),
        news(PaymentEventKind.REFUND_CHANGED, payment.refunded_minor, now),
    ]
