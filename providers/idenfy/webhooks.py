"""iDenfy's callbacks: the signature over the raw bytes, and what a callback says of an attempt."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic_core import from_json

from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import KycVerdict, WebhookHead, WebhookRequest
from providers.idenfy import verdicts
from providers.idenfy.verdicts import JsonObject

HEADER = "idenfy-signature"
_REFERENCE = re.compile("[!-~]{1,64}")
_OVERALL = re.compile("[A-Z][A-Z_-]{0,39}")


class Event(NamedTuple):
    """A callback, as far as it has a name: the same event is told with the same four values each time."""

    body: JsonObject
    scan_ref: str
    final: bool | None
    overall: str
    finished: int | None

    @property
    def name(self) -> str:
        """`scanRef` alone does not do: the automatic result and that of people share it."""
        final = {True: "final", False: "preliminary", None: "untold"}[self.final]
        return f"{self.scan_ref}:{final}:{self.overall}:{'' if self.finished is None else self.finished}"


def verify(request: WebhookRequest, keys: Iterable[str]) -> WebhookHead:
    """Name the event of a callback that one of `keys` has signed. One without a signature is refused: a body that
    nobody signed proves nothing, though iDenfy sends such where no key is set."""
    given = request.headers.get(HEADER, "").encode(errors="replace")
    if not any(hmac.compare_digest(_signature(request.body, key), given) for key in keys):
        raise InvalidSignature
    event = _event(request.body)
    return WebhookHead(event_id=event.name, event_type=event.overall)


def _signature(body: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest().encode()


def read(request: WebhookRequest) -> KycVerdict | None:
    """What a callback says of an attempt; None for one that says nothing of its outcome."""
    event = _event(request.body)
    told = event.body.get("status")
    if not event.overall or not isinstance(told, dict):
        return None
    status = verdicts.status_of(event.overall)
    client = event.body.get("clientId")
    return KycVerdict(
        event_id=event.name,
        scan_ref=event.scan_ref,
        session_sid=verdicts.ours(event.body.get("externalRef")),
        client_id=str(client) if isinstance(client, (str, int)) else None,
        final=event.overall in verdicts.OVER or (event.final is True and event.overall in verdicts.DECIDED),
        status=status,
        tags=verdicts.tags_of(told),
        reason=verdicts.reason_of(status, told),
        occurred_at=verdicts.time(event.finished),
    )


def _event(body: bytes) -> Event:
    try:
        found = from_json(body)
    except ValueError:
        raise WebhookMalformed(detail="the body is not JSON") from None
    if not isinstance(found, dict):
        raise WebhookMalformed(detail="the body is no object")
    scan_ref, final, finished = found.get("scanRef"), found.get("final"), found.get("finishTime")
    told = found.get("status")
    overall: Any = told.get("overall") if isinstance(told, dict) else None
    if not isinstance(scan_ref, str) or _REFERENCE.fullmatch(scan_ref) is None:
        raise WebhookMalformed(detail="scanRef is missing")
    if not isinstance(final, bool | None):
        raise WebhookMalformed(detail="final is true or false")
    if overall is not None and not (isinstance(overall, str) and _OVERALL.fullmatch(overall)):
        raise WebhookMalformed(detail="status.overall is no status")
    try:
        verdicts.time(finished)
    except ValueError as error:
        raise WebhookMalformed(detail=f"finishTime: {error}") from None
    return Event(found, scan_ref, final, overall or "", finished)
