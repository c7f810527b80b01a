"""What a provider says when it is asked about a checkout, as news."""

from __future__ import annotations

from datetime import datetime

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


def told_by(session: ProviderSession, now: datetime, rev: int) -> list[Told]:
    """The news in a fetched checkout. `rev` is that of the top-up when the provider was asked."""
    told = [each for payment in session.payments for each in _of_payment(payment, session, now, rev)]
    if session.state == SessionState.EXPIRED:
        told.append(Told(f"check:{session.session_ref}:session_expired", session.session_ref,
                         News(PaymentEventKind.SESSION_EXPIRED, 0, "XXX", now, fetched=True)))
    return told


def _of_payment(payment: ProviderPayment, session: ProviderSession, now: datetime, rev: int) -> list[Told]:
    ref = payment.payment_ref

    def news(kind: PaymentEventKind, minor: int, at: datetime, mark: str = "") -> Told:
        return Told(f"check:{ref}:{kind}{mark}", ref, News(kind, minor, payment.currency, at, fetched=True), ref)

    if payment.state == PaymentState.FAILED:
        done = session.state == SessionState.COMPLETE
        return [news(PaymentEventKind.PAYMENT_FAILED, payment.amount_minor, payment.occurred_at)] if done else []
    if payment.state not in PAID:
        return []
    # A total may come to the same amount more than once: the rev tells the occasions apart.
    return [news(PaymentEventKind.PAYMENT_SUCCEEDED, payment.amount_minor, payment.occurred_at),
            news(PaymentEventKind.REFUND_CHANGED, payment.refunded_minor, now, f":{payment.refunded_minor}:{rev}")]
