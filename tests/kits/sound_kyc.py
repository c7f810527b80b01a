"""A KYC provider without a fault, and the kit that tries it; those with a fault are made of it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, SecretStr

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from generated.errors.onboarding import InvalidSignature, ProviderUnavailable, WebhookMalformed
from generated.models.onboarding import (
    KycAttempt,
    KycCapabilities,
    KycOrder,
    KycStatus,
    KycVerdict,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import KycProvider
from providers.testing.kyc import KycKit
from tests.kits.kyc_vendor import PERSON, SIGNATURE, Attempt, KycVendor, signature

T = TypeVar("T")
API_KEY, SIGNING_KEY = "sound_api_0123456789", "sound_sig_9876543210"
PAGES = "https://verify.sound.example"
STATUS = {
    "open": KycStatus.IN_PROGRESS,
    "approved": KycStatus.COMPLETED,
    "denied": KycStatus.FAILED,
    "suspected": KycStatus.REVIEW,
    "looked_at": KycStatus.REVIEW,
}
RESULTS = {KycStatus.COMPLETED: "approved", KycStatus.FAILED: "denied", KycStatus.REVIEW: "suspected"}
FINAL = frozenset(RESULTS.values())


class SoundSettings(BaseModel):
    api_key: SecretStr
    signing_key: SecretStr


class SoundKyc(KycProvider):
    metadata = Metadata("sound", "1.0", frozenset(), SoundSettings)

    def __init__(self, settings: SoundSettings, vendor: KycVendor) -> None:
        self.settings, self.vendor = settings, vendor

    def capabilities(self) -> KycCapabilities:
        return KycCapabilities(title="Sound", manual_review=True, erasure=True, sandbox=True, hosted_origins=[PAGES])

    def start(self, order: KycOrder) -> KycAttempt:
        made = self.ask(lambda: self.vendor.open(order.session_sid, order.open_within))
        return self.opened(made)

    def opened(self, made: Attempt) -> KycAttempt:
        return KycAttempt(
            scan_ref=made.ref, redirect_url=f"{PAGES}/{made.ref}", expires_at=datetime.fromtimestamp(made.ends, UTC)
        )

    def fetch(self, scan_ref: str) -> KycVerdict:
        found = self.ask(lambda: self.vendor.attempt(scan_ref))
        told = {"id": f"asked-{found.ref}-{found.result}", "attempt": found.ref, "mark": found.mark, "at": found.at}
        return KycVerdict(**self.verdict({**told, "result": found.result, "person": PERSON}))

    def erase(self, scan_ref: str) -> None:
        self.ask(lambda: self.vendor.erase(scan_ref))

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        good = signature(request.body, self.settings.signing_key.get_secret_value())
        if not hmac.compare_digest(good.encode(), request.headers.get(SIGNATURE, "").encode()):
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["result"])

    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        event = self.event(request.body)
        return KycVerdict(**self.verdict(event)) if event["result"] in STATUS else None

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        status = STATUS[event["result"]]
        return {
            "event_id": event["id"],
            "scan_ref": event["attempt"],
            "session_sid": event["mark"],
            "final": event["result"] in FINAL,
            "status": status,
            "tags": [],
            "reason": "The picture is blurred." if status is KycStatus.FAILED else None,
            "occurred_at": datetime.fromtimestamp(event["at"], UTC),
        }

    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError:
            raise ProviderUnavailable(provider="sound", detail="no answer") from None
        except KeyError:
            raise NotFound from None

    def event(self, body: bytes) -> dict[str, Any]:
        try:
            event = json.loads(body)
            texts = [event[name] for name in ("id", "attempt", "mark", "result")]
            if all(isinstance(each, str) for each in texts) and type(event["at"]) is int and event["id"]:
                return dict(event)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise WebhookMalformed(detail="no event of ours")


class SoundKycKit(KycKit):
    """The kit for a provider that talks to a `KycVendor`; pytest does not collect it by this name."""

    provider: ClassVar[type[SoundKyc]] = SoundKyc
    signing_key = SIGNING_KEY
    secrets = (API_KEY, SIGNING_KEY)
    personal = tuple(PERSON.values())
    examples = 5

    @cached_property
    def vendor(self) -> KycVendor:
        return KycVendor()

    def make(self) -> SoundKyc:
        settings = SoundSettings(api_key=SecretStr(API_KEY), signing_key=SecretStr(SIGNING_KEY))
        return self.provider(settings, self.vendor)

    def decide(self, plugin: Any, scan_ref: str, status: KycStatus) -> WebhookRequest:
        return self.sign(self.vendor.end(scan_ref, RESULTS[status]), SIGNING_KEY)

    def preliminary(self, plugin: Any, scan_ref: str) -> WebhookRequest:
        return self.sign(self.vendor.end(scan_ref, "looked_at"), SIGNING_KEY)

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        now = datetime.now(UTC).replace(microsecond=0)
        return WebhookRequest(body=body, headers={SIGNATURE: signature(body, key)}, received_at=now)
