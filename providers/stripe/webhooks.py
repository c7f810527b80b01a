"""Stripe's webhooks: the signature over the raw bytes, and what an event says of a payment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import stripe
from pydantic_core import from_json

from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import PaymentEventKind, PaymentNotice, WebhookHead, WebhookRequest

TOLERANCE = 300
"""Seconds a signature may be old."""
_SESSION_EVENTS = {
    "checkout.session.async_payment_succeeded": PaymentEventKind.PAYMENT_SUCCEEDED,
    "checkout.session.async_payment_failed": PaymentEventKind.PAYMENT_FAILED,
    "checkout.session.expired": PaymentEventKind.SESSION_EXPIRED,
}
_DISPUTE_ENDS = {
    "won": PaymentEventKind.DISPUTE_WON,
    "warning_closed": PaymentEventKind.DISPUTE_WON,
    "prevented": PaymentEventKind.DISPUTE_WON,
    "lost": PaymentEventKind.DISPUTE_LOST,
}


def verify(request: WebhookRequest, keys: Iterable[str]) -> WebhookHead:
    """Name the event of a webhook that one of `keys` has signed."""
    header = request.headers.get("stripe-signature")
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise WebhookMalformed(detail="the body is not UTF-8") from None
    if header is None or not any(_signed(text, header, key) for key in keys):
        raise InvalidSignature
    event = _event(request.body)
    try:
        return WebhookHead(event_id=event["id"], event_type=event["type"])
    except ValueError:
        raise WebhookMalformed(detail="the event's id or type is too long") from None


def _signed(text: str, header: str, key: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(text, header, key, TOLERANCE))
    except stripe.SignatureVerificationError:
        return False


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = from_json(body)
    except ValueError:
        raise WebhookMalformed(detail="the body is not JSON") from None
    if (
        not isinstance(event, dict)
        or event.get("object") != "event"
        or not all(isinstance(event.get(name), str) for name in ("id", "type"))
    ):
        raise WebhookMalformed(detail="the body is no event")
    return event


def read(request: WebhookRequest) -> PaymentNotice | None:
    """What an event says of a payment; None for the many that say nothing we act on."""
    event = _event(request.body)
    try:
        return _notice(event["type"], event["data"]["object"], event)
    except (ArithmeticError, AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise WebhookMalformed(detail=f"{event['type']} cannot be read: {type(error).__name__}") from None


def _notice(kind: str, of: dict[str, Any], event: dict[str, Any]) -> PaymentNotice | None:
    if kind.startswith("checkout.session.") and _foreign(of):
        return None
    if kind == "checkout.session.completed":
        # "The form is complete": money has moved only where it says paid.
        paid = of["payment_status"] != "unpaid"
        return _of_session(of, event, PaymentEventKind.PAYMENT_SUCCEEDED if paid else PaymentEventKind.PAYMENT_PENDING)
    if kind in _SESSION_EVENTS:
        return _of_session(of, event, _SESSION_EVENTS[kind])
    if kind == "charge.refunded":
        return _of_payment(of, event, PaymentEventKind.REFUND_CHANGED, of["amount_refunded"])
    if kind in ("refund.created", "refund.updated", "charge.refund.updated"):
        # A refund names its own amount only; what counts is the payment's total.
        return _of_payment(of, event, PaymentEventKind.REFUND_CHANGED, of["amount"], fetch_first=True)
    if kind == "refund.failed":
        return _of_payment(of, event, PaymentEventKind.REFUND_FAILED, of["amount"], fetch_first=True)
    if kind == "charge.dispute.created" and not of["status"].startswith("warning"):
        return _of_payment(of, event, PaymentEventKind.DISPUTE_OPENED, of["amount"])
    if kind == "charge.dispute.closed" and of["status"] in _DISPUTE_ENDS:
        return _of_payment(of, event, _DISPUTE_ENDS[of["status"]], of["amount"])
    return None


def _foreign(session: dict[str, Any]) -> bool:
    """Another program's on the same account: we mark ours in two ways."""
    return (
        "metadata" in session and not session["metadata"].get("top_up_sid") and not session.get("client_reference_id")
    )


def _of_session(session: dict[str, Any], event: dict[str, Any], kind: PaymentEventKind) -> PaymentNotice:
    payment = _id(session.get("payment_intent"))
    if payment is None and kind is PaymentEventKind.PAYMENT_SUCCEEDED:
        payment = session["id"]  # nothing had to be paid
    return PaymentNotice(
        event_id=event["id"],
        kind=kind,
        external_ref=payment or session["id"],
        session_ref=session["id"],
        payment_ref=payment,
        amount_minor=session["amount_total"],
        currency=session["currency"].upper(),
        occurred_at=_time(event["created"]),
    )


def _of_payment(
    of: dict[str, Any], event: dict[str, Any], kind: PaymentEventKind, amount: int, *, fetch_first: bool = False
) -> PaymentNotice:
    return PaymentNotice(
        event_id=event["id"],
        kind=kind,
        external_ref=of["id"],
        payment_ref=_id(of.get("payment_intent")),
        amount_minor=amount,
        currency=of["currency"].upper(),
        occurred_at=_time(event["created"]),
        fetch_first=fetch_first,
    )


def _id(reference: dict[str, Any] | str | None) -> str | None:
    """Objects stand as ids, or whole where they were expanded."""
    return str(reference["id"]) if isinstance(reference, dict) else reference


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
