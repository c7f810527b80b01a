"""Forgejo's webhooks: the signature over the raw bytes, and the push that one tells of.

The event's name and its number stand in headers that nobody signs, so both are made of the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, TypeGuard

from pydantic_core import from_json

from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import PushNotice, WebhookHead, WebhookRequest

HEADER = "x-forgejo-signature"
OLD_HEADER = "x-gitea-signature"
_COMMIT = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
_NONE = re.compile("0{40}(0{24})?")
_BRANCH = "refs/heads/"
JsonObject = dict[str, Any]


def verify(request: WebhookRequest, keys: Iterable[str]) -> WebhookHead:
    """Name the event of a webhook that one of `keys` has signed."""
    given = (request.headers.get(HEADER) or request.headers.get(OLD_HEADER) or "").encode(errors="replace")
    if not any(hmac.compare_digest(_signature(request.body, key), given) for key in keys):
        raise InvalidSignature
    push = read(request)
    if push is not None:
        return WebhookHead(event_id=push.event_id, event_type="push")
    return WebhookHead(event_id=f"other:{hashlib.sha256(request.body).hexdigest()}", event_type="other")


def _signature(body: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest().encode()


def read(request: WebhookRequest) -> PushNotice | None:
    """The push to a branch; None for anything else that a forge tells."""
    told = _object(request.body)
    ref, before, after = told.get("ref"), told.get("before"), told.get("after")
    if not isinstance(ref, str) or not ref.startswith(_BRANCH) or before is None or after is None:
        return None
    if not (is_commit(before) and is_commit(after)):
        raise WebhookMalformed(detail="before and after are names of commits")
    owner, name = _repository(told.get("repository"))
    digest = hashlib.sha256("\n".join((owner, name, ref, before, after)).encode(errors="replace")).hexdigest()
    return PushNotice(
        event_id=f"push:{digest}",
        owner=owner,
        name=name,
        branch=ref.removeprefix(_BRANCH),
        before=None if _NONE.fullmatch(before) else before,
        after=None if _NONE.fullmatch(after) else after,
    )


def _object(body: bytes) -> JsonObject:
    try:
        found = from_json(body)
    except ValueError:
        raise WebhookMalformed(detail="the body is not JSON") from None
    if not isinstance(found, dict):
        raise WebhookMalformed(detail="the body is no object")
    return found


def is_commit(value: object) -> TypeGuard[str]:
    """Whether it is a commit's whole name, by SHA-1 or SHA-256."""
    return isinstance(value, str) and _COMMIT.fullmatch(value) is not None


def _repository(told: object) -> tuple[str, str]:
    """Its owner and its name."""
    found = told if isinstance(told, dict) else {}
    owner: Any = found.get("owner")
    login = owner.get("login", owner.get("username")) if isinstance(owner, dict) else None
    name = found.get("name")
    if not (isinstance(login, str) and isinstance(name, str) and login and name):
        raise WebhookMalformed(detail="the repository is not named")
    return login, name
