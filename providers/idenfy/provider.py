"""The KYC provider on iDenfy's API: tokens, the state of an attempt, its erasure."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote, urlsplit

from codegen.runtime.clock import Clock, SystemClock
from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from generated.models.onboarding import (
    KycAttempt,
    KycCapabilities,
    KycOrder,
    KycVerdict,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import KycProvider
from providers.idenfy import verdicts, webhooks
from providers.idenfy.calls import NAME, Api, JsonObject, unreadable
from providers.idenfy.settings import BASE_URL, IdenfySettings

HOSTED_PAGES = "https://ui.idenfy.com"
"""Where `BASE_URL` sends browsers on to."""
_SCAN_REF, _TOKEN = re.compile("[0-9A-Za-z-]{1,40}"), re.compile("[0-9A-Za-z_-]{1,64}")


class IdenfyProvider(KycProvider):
    metadata = Metadata(
        NAME,
        "1.0",
        frozenset({"manual_review", "erasure"}),
        IdenfySettings,
        stand_in="providers.sandbox.idenfy.room:open_room",
        title="iDenfy",
    )

    def __init__(self, settings: IdenfySettings, clock: Clock | None = None) -> None:
        self._settings, self._clock = settings, clock or SystemClock()
        self._api = Api(settings.api_url, settings.credentials)

    def capabilities(self) -> KycCapabilities:
        parts = urlsplit(self._settings.api_url)
        origins = [f"{parts.scheme}://{parts.netloc}"]
        return KycCapabilities(
            title="iDenfy",
            manual_review=True,
            erasure=True,
            sandbox=self._settings.sandbox_url is not None,
            note="You need an identity document and a camera. It takes a few minutes.",
            hosted_origins=[*origins, HOSTED_PAGES] if self._settings.api_url == BASE_URL else origins,
        )

    def start(self, order: KycOrder) -> KycAttempt:
        """A token. Its `clientId` is new for each attempt, for iDenfy refuses a second one while the first is open;
        what the person might mistype is not sent along."""
        asked: JsonObject = {
            "clientId": order.client_id,
            "tokenType": "IDENTIFICATION",
            "externalRef": order.session_sid,
            "expiryTime": order.open_within,
            "successUrl": order.success_url,
            "errorUrl": order.failure_url,
            "unverifiedUrl": order.review_url,
        }
        if order.locale is not None:
            asked["locale"] = order.locale
        at = self._clock.now().replace(microsecond=0)
        made = self._api.post("/api/v2/token", asked)
        scan_ref, token = made.get("scanRef"), made.get("authToken")
        if not (_is(scan_ref, _SCAN_REF) and _is(token, _TOKEN)):
            raise unreadable()
        return KycAttempt(
            scan_ref=str(scan_ref),
            redirect_url=f"{self._settings.api_url}/api/v2/redirect?authToken={quote(str(token))}",
            expires_at=at + timedelta(seconds=order.open_within),
        )

    def fetch(self, scan_ref: str) -> KycVerdict:
        """The state as it is now. While people look at it it is REVIEWING, so any decision is one, unless the answer
        says that it is not final."""
        _require_reference(scan_ref)
        told = self._api.post("/api/v2/status", {"scanRef": scan_ref})
        overall = told.get("status")
        if not isinstance(overall, str) or told.get("scanRef", scan_ref) != scan_ref:
            raise unreadable()
        status, client = verdicts.status_of(overall), told.get("clientId")
        decided = overall in verdicts.DECIDED and told.get("final") is not False
        return KycVerdict(
            event_id=f"status:{scan_ref}:{status.value}",
            scan_ref=scan_ref,
            client_id=str(client) if isinstance(client, (str, int)) else None,
            final=decided or overall in verdicts.OVER,
            status=status,
            tags=verdicts.tags_of(told),
            reason=verdicts.reason_of(status, told),
        )

    def erase(self, scan_ref: str) -> None:
        """For good; a `Conflict` while the attempt is open."""
        _require_reference(scan_ref)
        self._api.post("/api/v2/delete", {"scanRef": scan_ref})

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return webhooks.verify(request, self._settings.webhook_keys)

    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        return webhooks.read(request)


def _is(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _require_reference(scan_ref: str) -> None:
    """What is no reference of theirs names nothing."""
    if not _is(scan_ref, _SCAN_REF):
        raise NotFound
