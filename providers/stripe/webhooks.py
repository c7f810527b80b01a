"""Stripe's webhooks: the signature over the raw bytes, and what an event says of a payment."""

from __future__ import annotations

from collections.abc import Iterable

import stripe
from pydantic_core import from_json

from codegen.runtime.values.types import NO_CURRENCY
from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import DisputeStatus, PaymentEventKind, PaymentNotice, WebhookHead, WebhookRequest
from providers.stripe import objects
from providers.stripe.objects import JsonObject

TOLERANCE = 300
"""Seconds a signature may be old."""
_SESSION_EVENTS = {
    "checkout.session.async_payment_succeeded": PaymentEventKind.PAYMENT_SUCCEEDED,
    "checkout.session.async_payment_failed": PaymentEventKind.PAYMENT_FAILED,
    "checkout.session.expired": PaymentEventKind.SESSION_EXPIRED,
}
_DISPUTE_EVENTS = frozenset(
    f"charge.dispute.{step}" for step in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
_DISPUTE_KINDS = {
    DisputeStatus.INQUIRY: PaymentEventKind.DISPUTE_INQUIRY,
    DisputeStatus.OPEN: PaymentEventKind.DISPUTE_OPENED,
    DisputeStatus.LOST: PaymentEventKind.DISPUTE_LOST,
    DisputeStatus.WON: PaymentEventKind.DISPUTE_WON,
}
_THIN = "v2.core.event"
"""Events of Stripe's second kind, which name an object and hold none; none of them is about a payment of ours."""


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
    live = event.get("livemode")
    if not isinstance(live, bool | None):
        raise WebhookMalformed(detail="livemode is true or false")
    try:
        return WebhookHead(event_id=event["id"], event_type=event["type"], sandbox=None if live is None else not live)
    except ValueError:
        raise WebhookMalformed(detail="the event's id or type is too long") from None


def _signed(text: str, header: str, key: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(text, header, key, TOLERANCE))
    except stripe.SignatureVerificationError:
        return False


def _event(body: bytes) -> JsonObject:
    try:
        event = from_json(body)
    except ValueError:
        raise WebhookMalformed(detail="the body is not JSON") from None
    if (
        not isinstance(event, dict)
        or event.get("object") not in ("event", _THIN)
        or not all(isinstance(event.get(name), str) for name in ("id", "type"))
    ):
        raise WebhookMalformed(detail="the body is no event")
    return event


def read(request: WebhookRequest) -> PaymentNotice | None:
    """What an event says of a payment; None for the many that say nothing we act on, and for those of connected
    accounts, which are others' money."""
    event = _event(request.body)
    if event["object"] == _THIN or event.get("account") is not None:
        return None
    try:
        return _notice(event["type"], event["data"]["object"], event)
    except (ArithmeticError, AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise WebhookMalformed(detail=f"{event['type']} cannot be read: {type(error).__name__}") from None


def _notice(kind: str, of: JsonObject, event: JsonObject) -> PaymentNotice | None:
    if kind == "checkout.session.completed":
        # "The form is complete": money has moved only where it says paid.
        paid = of.get("payment_status") != "unpaid"
        return _of_session(of, event, PaymentEventKind.PAYMENT_SUCCEEDED if paid else PaymentEventKind.PAYMENT_PENDING)
    if kind in _SESSION_EVENTS:
        return _of_session(of, event, _SESSION_EVENTS[kind])
    if kind == "charge.refunded":
        return _of_payment(of, event, PaymentEventKind.REFUND_CHANGED, "amount_refunded")
    if kind in ("refund.created", "refund.updated", "charge.refund.updated"):
        # A refund names its own amount only; what counts is the payment's total.
        return _of_payment(of, event, PaymentEventKind.REFUND_CHANGED, fetch_first=True)
    if kind == "refund.failed":
        return _of_payment(of, event, PaymentEventKind.REFUND_FAILED, fetch_first=True)
    return _of_dispute(kind, of, event) if kind in _DISPUTE_EVENTS else None


def _of_session(session: JsonObject, event: JsonObject, kind: PaymentEventKind) -> PaymentNotice | None:
    top_up_sid = objects.mark(session, objects.TOP_UP_MARK)
    if session.get("mode", "payment") != "payment" or ("metadata" in session and top_up_sid is None):
        return None  # another program's on the same account
    payment = objects.reference(session.get("payment_intent"))
    if payment is None and kind is PaymentEventKind.PAYMENT_SUCCEEDED:
        payment = session["id"]  # nothing had to be paid
    currency = objects.currency(session)
    return PaymentNotice(
        event_id=event["id"],
        kind=kind,
        external_ref=payment or session["id"],
        session_ref=session["id"],
        payment_ref=payment,
        top_up_sid=top_up_sid,
        amount_minor=session["amount_total"],
        currency=currency,
        occurred_at=objects.time(event["created"]),
        fetch_first=currency == NO_CURRENCY,
    )


def _of_dispute(kind: str, dispute: JsonObject, event: JsonObject) -> PaymentNotice | None:
    status = objects.dispute_status(dispute["status"])
    if kind == "charge.dispute.funds_reinstated":
        status = DisputeStatus.WON
    elif kind == "charge.dispute.funds_withdrawn" and status in (None, DisputeStatus.INQUIRY):
        status = DisputeStatus.OPEN
    if status is None:  # one that Stripe has invented since: what it means is seen in the payment
        return _of_payment(dispute, event, PaymentEventKind.OTHER, fetch_first=True)
    return _of_payment(dispute, event, _DISPUTE_KINDS[status])


def _of_payment(
    of: JsonObject, event: JsonObject, kind: PaymentEventKind, amount: str = "amount", *, fetch_first: bool = False
) -> PaymentNotice | None:
    payment = objects.reference(of.get("payment_intent"))
    if payment is None:
        return None  # ours all have one
    currency = objects.currency(of)
    untold = currency == NO_CURRENCY
    return PaymentNotice(
        event_id=event["id"],
        kind=kind,
        external_ref=of["id"],
        payment_ref=payment,
        amount_minor=0 if untold else of[amount],
        currency=currency,
        occurred_at=objects.time(event["created"]),
        fetch_first=fetch_first or untold,
    )
