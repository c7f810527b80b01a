"""Stripe's objects, as dictionaries, in our words: the same for what an event holds and for what the API answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from codegen.runtime.values.types import NO_CURRENCY
from generated.models.onboarding import (
    BalanceChange,
    DisputeStatus,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
    RefundStatus,
    SessionState,
)

JsonObject = dict[str, Any]
TOP_UP_MARK, REFUND_MARK = "top_up_sid", "refund_sid"
"""Names in an object's metadata by which we know our own."""
_ACCOUNT_FEES = ("stripe_fee", "stripe_fx_fee", "tax_fee")
"""Balance transactions whose amount is itself a fee."""
_SID = re.compile("[0-9A-Za-z]{4,26}")
_CURRENCY = re.compile("[A-Z]{3}")
_DISPUTE_STATUS = {
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    # What never became a chargeback.
    "warning_closed": DisputeStatus.WON,
    "prevented": DisputeStatus.WON,
}
_CONTESTED = {DisputeStatus.LOST: PaymentState.REVERSED, DisputeStatus.OPEN: PaymentState.ON_HOLD}


def session(found: JsonObject) -> ProviderSession:
    """A Checkout session with its payment. Amount and currency are the session's: a buyer may have paid in another
    currency."""
    payments = []
    intent = found["payment_intent"]
    paid = payment(intent) if intent is not None else None
    if paid is not None and found["status"] == "complete":
        told = {
            "session_ref": found["id"],
            "top_up_sid": paid.top_up_sid or mark(found, TOP_UP_MARK),
            "amount_minor": found["amount_total"],
            "currency": currency(found),
        }
        payments.append(paid.model_copy(update=told))
    return ProviderSession(session_ref=found["id"], state=SessionState(found["status"]), payments=payments)


def payment(intent: JsonObject) -> ProviderPayment | None:
    """A PaymentIntent with its last charge; None for one that nobody has tried to pay."""
    charge = intent["latest_charge"]
    if charge is None:
        return None
    return ProviderPayment(
        payment_ref=intent["id"],
        top_up_sid=mark(intent, TOP_UP_MARK),
        state=_state(intent, charge),
        amount_minor=intent["amount"],
        currency=currency(intent),
        refunded_minor=charge["amount_refunded"],
        failure=charge["failure_code"] if charge["status"] == "failed" else None,
        occurred_at=time(charge["created"]),
    )


def _state(intent: JsonObject, charge: JsonObject) -> PaymentState:
    if intent["status"] == "succeeded":
        return PaymentState.REFUNDED if charge["refunded"] else PaymentState.SUCCEEDED
    return PaymentState.PENDING if intent["status"] == "processing" else PaymentState.FAILED


def with_refunds(paid: ProviderPayment, refunds: Iterable[JsonObject]) -> ProviderPayment:
    """The payment with all its refunds. What they add up to is its total: a refund that failed is not in it."""
    found = [refund(each) for each in refunds]
    lost = (RefundStatus.FAILED, RefundStatus.CANCELED)
    total = sum(each.amount_minor for each in found if each.status not in lost)
    return paid.model_copy(update={"refunds": found, "refunded_minor": total})


def with_disputes(paid: ProviderPayment, disputes: Iterable[JsonObject]) -> ProviderPayment:
    """The payment with all its disputes."""
    found = [dispute(each) for each in disputes]
    statuses = {each.status for each in found}
    state = next((_CONTESTED[status] for status in _CONTESTED if status in statuses), paid.state)
    return paid.model_copy(update={"disputes": found, "state": state})


def refund(found: JsonObject) -> ProviderRefund:
    status = found["status"] or "pending"
    return ProviderRefund(
        refund_ref=found["id"],
        payment_ref=reference(found["payment_intent"]),
        top_up_sid=_top_up_of(found),
        refund_sid=mark(found, REFUND_MARK),
        status=RefundStatus("pending" if status == "requires_action" else status),
        amount_minor=found["amount"],
        currency=currency(found),
        occurred_at=time(found["created"]),
    )


def dispute(found: JsonObject) -> ProviderDispute:
    """A status that is not known holds the amount until a known one comes."""
    return ProviderDispute(
        dispute_ref=found["id"],
        payment_ref=reference(found["payment_intent"]),
        top_up_sid=_top_up_of(found),
        status=dispute_status(found["status"]) or DisputeStatus.OPEN,
        amount_minor=found["amount"],
        currency=currency(found),
        occurred_at=time(found["created"]),
    )


def _top_up_of(found: JsonObject) -> str | None:
    """The top-up of what belongs to a payment; known where the payment was expanded."""
    intent = found["payment_intent"]
    return mark(intent, TOP_UP_MARK) if isinstance(intent, dict) else None


def balance_change(found: JsonObject) -> BalanceChange | None:
    """A balance transaction with its source; None for one that is neither about a payment nor a fee: a payout."""
    source = found["source"]
    if not isinstance(source, dict) or source["object"] not in ("charge", "refund", "dispute"):
        return _fee_of_account(found)
    payment_ref = reference(source["payment_intent"])
    if payment_ref is None:
        return None
    charge = source["object"] == "charge"
    return BalanceChange(
        change_ref=found["id"],
        external_ref=payment_ref if charge else source["id"],
        payment_ref=payment_ref,
        top_up_sid=mark(source, TOP_UP_MARK) if charge else None,
        fee_minor=found["fee"],
        currency=currency(found),
        occurred_at=time(found["created"]),
    )


def _fee_of_account(found: JsonObject) -> BalanceChange | None:
    """What Stripe takes for the account itself, or gives back, or for one of its other movements; None where that is
    nothing."""
    taken = -found["amount"] if found.get("type") in _ACCOUNT_FEES else 0
    if taken + found["fee"] == 0:
        return None
    return BalanceChange(
        change_ref=found["id"],
        external_ref=found["id"],
        fee_minor=taken + found["fee"],
        currency=currency(found),
        occurred_at=time(found["created"]),
    )


def dispute_status(status: str | None) -> DisputeStatus | None:
    """A dispute's status by Stripe's; None for one that is not known. While an appeal is open the money is gone."""
    if status is None:
        return None
    if status in _DISPUTE_STATUS:
        return _DISPUTE_STATUS[status]
    if status.startswith("warning_"):
        return DisputeStatus.INQUIRY
    return DisputeStatus.LOST if status.startswith("appeal_") else None


def mark(found: JsonObject, name: str) -> str | None:
    """The sid that we left in an object's metadata; None for another program's object on the same account."""
    metadata = found.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and _SID.fullmatch(value) else None


def currency(found: JsonObject) -> str:
    told = str(found.get("currency")).upper()
    return told if _CURRENCY.fullmatch(told) else NO_CURRENCY


def reference(to: JsonObject | str | None) -> str | None:
    """Objects stand as ids, or whole where they were expanded."""
    return str(to["id"]) if isinstance(to, dict) else to


def time(seconds: int) -> datetime:
    """A moment in Unix time. TypeError for what is no whole number in JSON: Python takes `true` for 1."""
    if type(seconds) is not int:
        raise TypeError("a time is a whole number of seconds")
    return datetime.fromtimestamp(seconds, UTC)
