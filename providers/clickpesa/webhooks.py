"""ClickPesa's webhooks: the checksum of their JSON, and which payment they speak of; the rest is asked for."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import PaymentEventKind, PaymentNotice, WebhookHead, WebhookRequest
from providers.clickpesa import checksum, objects, references
from providers.clickpesa.checksum import JsonObject

HEADER = "x-clickpesa-signature"
"""Where some programs expect the checksum; the vendor names no header. It is looked at where the body has none."""
MOST_BYTES = 32_768
"""Of a webhook; an event has less than one thousand."""
_DIGEST = re.compile("[0-9a-f]{64}")
_KINDS = {"PAYMENT RECEIVED": PaymentEventKind.PAYMENT_SUCCEEDED, "PAYMENT FAILED": PaymentEventKind.PAYMENT_FAILED}
_REFERENCE = re.compile("[A-Za-z0-9_-]{1,100}")


def verify(request: WebhookRequest, keys: Sequence[str]) -> WebhookHead:
    """Name the event of a webhook that one of `keys` has signed."""
    event = _event(request.body)
    given = event.get("checksum") or request.headers.get(HEADER)
    if not isinstance(given, str) or _DIGEST.fullmatch(given) is None:
        raise InvalidSignature
    try:
        signed = list(_signed(event))
    except ValueError:
        raise WebhookMalformed(detail="the body is not text that can be signed") from None
    good = [hmac.compare_digest(given, checksum.digest(key, text)) for key in keys for text in signed]
    if not any(good):
        raise InvalidSignature
    return WebhookHead(event_id=_event_id(event, request.body), event_type=_name(event)[:128])


def _signed(event: JsonObject) -> Iterator[bytes]:
    """What may have been signed of an event. By the old way only where that covers every value and no value can pass
    for another: an object and a word."""
    signed = checksum.without_checksum(event)
    plain = {name: value for name, value in signed.items() if name in ("event", "eventType", "data")}
    yield checksum.canonical_bytes(signed)
    if plain != signed:
        yield checksum.canonical_bytes(plain)
    elif len(plain) == 2:
        yield checksum.old_bytes(signed)


def _event(body: bytes) -> JsonObject:
    """An event by its two spellings."""
    if len(body) > MOST_BYTES:  # nobody has signed it yet, and what is signed is known only once it was taken apart
        raise WebhookMalformed(detail="the body is larger than any event")
    try:
        event = checksum.parsed(body.decode())
    except ValueError:
        raise WebhookMalformed(detail="the body is not JSON") from None
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict) or not _name(event):
        raise WebhookMalformed(detail="the body is no event")
    return event


def _name(event: JsonObject) -> str:
    name = event.get("event") or event.get("eventType")
    return name.upper() if isinstance(name, str) and not isinstance(name, checksum.Number) else ""


def _event_id(event: JsonObject, body: bytes) -> str:
    """Nothing in a webhook names it: it is what it says, the status of a payment. Of others, the digest of the body."""
    data = event["data"]
    ref, status = _payment_ref(data), data.get("status")
    if ref is None or not isinstance(status, str):
        return sha256(body).hexdigest()
    return f"{ref}:{status.upper()}"[:255]


def _payment_ref(data: JsonObject) -> str | None:
    """The payment's id, in the newer shape of the data or the older one."""
    ref = data.get("id") or data.get("paymentId")
    return str(ref) if isinstance(ref, str) and _REFERENCE.fullmatch(ref) else None


def read(request: WebhookRequest, rates: Sequence[Decimal]) -> PaymentNotice | None:
    """Which payment of ours an event speaks of; None for events that are not about one."""
    event = _event(request.body)
    kind, data = _KINDS.get(_name(event)), event["data"]
    order = data.get("orderReference")
    ours = references.read(order) if isinstance(order, str) else None
    if kind is None or ours is None:
        return None
    ref = _payment_ref(data)
    try:
        amount = data.get("collectedAmount", data.get("amount"))
        currency = data.get("collectedCurrency", data.get("currency"))
        minor, code = objects.money(amount, currency, ours, rates)
        return PaymentNotice(
            event_id=_event_id(event, request.body),
            kind=kind,
            external_ref=ref or order,
            session_ref=order,
            payment_ref=ref,
            amount_minor=minor,
            currency=code,
            occurred_at=_time(data, request),
            fetch_first=True,
        )
    except (OSError, OverflowError, TypeError, ValueError) as error:
        raise WebhookMalformed(detail=f"{_name(event)} cannot be read: {type(error).__name__}") from None


def _time(data: JsonObject, request: WebhookRequest) -> Any:
    told = data.get("updatedAt") or data.get("createdAt")
    return objects.time(told) if told is not None else request.received_at
