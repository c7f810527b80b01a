"""ClickPesa's payments, as dictionaries, in our words: the same for what the API answers and for a day's list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import Any

from codegen.runtime.values.types import NO_CURRENCY
from generated.models.onboarding import PaymentState, ProviderPayment, ProviderSession, SessionState
from providers.clickpesa import references
from providers.clickpesa.references import Reference

JsonObject = dict[str, Any]
_STATES = {
    "PENDING": PaymentState.PENDING,
    "PROCESSING": PaymentState.PENDING,
    "ON-HOLD": PaymentState.PENDING,  # the merchant has to act first: it is not received
    "SUCCESS": PaymentState.SUCCEEDED,
    "SETTLED": PaymentState.SUCCEEDED,
    "FAILED": PaymentState.FAILED,
    "REFUNDED": PaymentState.REFUNDED,
    "REVERSED": PaymentState.REVERSED,
}
RETURNED = (PaymentState.REFUNDED, PaymentState.REVERSED)
"""The whole payment went back to its payer, before it was settled or after."""
PAID = (PaymentState.SUCCEEDED, *RETURNED)
_CURRENCY = re.compile("[A-Z]{3}")
_MINOR = 100
"""Smallest units in a unit, of dollars and of shillings."""
_MOST = 10**15
"""No payment is as much as this."""


def session(session_ref: str, found: Iterable[JsonObject], rates: Sequence[Decimal]) -> ProviderSession:
    """A checkout with its payments.

    A push is one try: it is over when that failed. Tries on a link that failed are no payments, it can be paid still.
    """
    push = is_push(session_ref)
    payments = [payment(each, rates, session_ref) for each in found]
    payments = [each for each in payments if push or each.state is not PaymentState.FAILED]
    paid = any(each.state in PAID for each in payments)
    failed = bool(payments) and all(each.state is PaymentState.FAILED for each in payments)
    state = SessionState.COMPLETE if paid or failed else SessionState.OPEN
    return ProviderSession(session_ref=session_ref, state=state, payments=payments)


def is_push(session_ref: str) -> bool:
    ours = references.read(session_ref)
    return ours is not None and ours.push


def payment(found: JsonObject, rates: Sequence[Decimal], session_ref: str | None = None) -> ProviderPayment:
    """One payment. A status that is not known is not paid."""
    ref = session_ref or str(found["orderReference"])
    state = _STATES.get(str(found["status"]).upper(), PaymentState.PENDING)
    minor, currency = money(found.get("collectedAmount"), found.get("collectedCurrency"), references.read(ref), rates)
    return ProviderPayment(
        payment_ref=str(found["id"]),
        session_ref=ref,
        state=state,
        amount_minor=minor,
        currency=currency,
        refunded_minor=minor if state in RETURNED else 0,
        failure=str(found.get("message") or "failed") if state is PaymentState.FAILED else None,
        occurred_at=time(found.get("updatedAt") or found["createdAt"]),
    )


def money(amount: Any, currency: Any, ours: Reference | None, rates: Iterable[Decimal]) -> tuple[int, str]:
    """An amount in its currency's smallest unit.

    The shillings of a push are the dollars that were asked for, where they are exactly what the push asked for by one
    of the rates; otherwise they are shillings. What cannot be read is of no currency.
    """
    code = str(currency).upper()
    try:
        units = Decimal(str(amount))
    except InvalidOperation:
        units = Decimal(-1)
    known = _CURRENCY.fullmatch(code) is not None and units.is_finite() and 0 <= units < _MOST
    if not known or units * _MINOR != int(units * _MINOR):
        return 0, NO_CURRENCY
    if ours is not None and ours.push and code == "TZS" and units in {shillings(ours.cents, rate) for rate in rates}:
        return ours.cents, "USD"
    return int(units * _MINOR), code


def shillings(cents: int, rate: Decimal) -> int:
    """What a push asks for: whole shillings, never less than the dollars are worth."""
    return int((cents * rate / _MINOR).to_integral_value(ROUND_UP))


def time(text: Any) -> datetime:
    """A moment in ISO 8601, to the second; in UTC where it names no zone. ValueError or TypeError for anything else."""
    if not isinstance(text, str):
        raise TypeError("a time is text")
    at = datetime.fromisoformat(text).replace(microsecond=0)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
