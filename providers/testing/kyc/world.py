"""What the laws of verification are tried with: orders, attempts, and how the plugin's author has them end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from codegen.runtime.testing.arguments import Arguments
from codegen.runtime.values.sid import new_sid
from generated.conformance.onboarding import KycProviderConformance
from generated.models.onboarding import KycAttempt, KycOrder, KycStatus, KycVerdict, WebhookRequest
from generated.plugins.onboarding import KycProvider
from providers.testing.webhooks import SignedWebhookLaws

HOUR = 3600


@dataclass(frozen=True)
class Decided:
    """An attempt that is over: what was asked for, what came of it, and the callback that told of it."""

    order: KycOrder
    attempt: KycAttempt
    callback: WebhookRequest


class KycWorld(KycProviderConformance, SignedWebhookLaws):
    """The base of the kit. A plugin's author gives `provider`, `make`, `decide`, `sign`, `signing_key`, `secrets` and
    `personal`.

    All plugins that one kit object makes speak to the same vendor: the second is the first after a restart.
    """

    personal: ClassVar[Sequence[str]] = ()
    """What callbacks tell of the person (a name, a date of birth, a link to a picture): none of it may be handed on."""

    def decide(self, plugin: Any, scan_ref: str, status: KycStatus) -> WebhookRequest:
        """Have the vendor end this attempt: `COMPLETED`, `FAILED`, or `REVIEW` for one that is suspected; answers the
        signed callback that tells of it, the last one where there are several."""
        pytest.fail(f"give {type(self).__name__} a `decide`: end an attempt, answer its callback")

    def preliminary(self, plugin: Any, scan_ref: str) -> WebhookRequest:
        """Have the machine approve this attempt before people look at it; answers the signed callback of that. Where
        `manual_review` is not among what the plugin can do, it is not asked for."""
        pytest.fail(f"give {type(self).__name__} a `preliminary`: approve an attempt that people will look at again")

    # --- what the laws are tried with ---------------------------------------------------------------------------

    def order(self, **fields: Any) -> KycOrder:
        """A new order."""
        made = {
            "session_sid": new_sid(),
            "user_sid": new_sid(),
            "client_id": new_sid(),
            "success_url": "https://site.example/kyc/return?ended=success",
            "failure_url": "https://site.example/kyc/return?ended=failure",
            "review_url": "https://site.example/kyc/return?ended=review",
            "open_within": HOUR,
        }
        return KycOrder(**{**made, **fields})

    def decided(self, plugin: KycProvider, status: KycStatus = KycStatus.COMPLETED) -> Decided:
        """An attempt that ended so."""
        order = self.order()
        attempt = plugin.start(order)
        return Decided(order, attempt, self.decide(plugin, attempt.scan_ref, status))

    def webhook(self, plugin: KycProvider) -> WebhookRequest:
        return self.decided(plugin).callback

    @staticmethod
    def verdict(plugin: KycProvider, callback: WebhookRequest) -> KycVerdict:
        """What a callback says."""
        found = plugin.read_webhook(callback)
        assert found is not None, "an attempt ended, and its callback does not concern us"
        return found

    def good_calls(self, plugin: Any, method: str) -> Iterator[Arguments]:
        """Calls of `calls` where the author gives some, else those that follow from an order and how it ended."""
        if method in self.calls:
            yield from super().good_calls(plugin, method)
            return
        match method:
            case "start":
                yield {"order": self.order()}
            case "fetch":
                yield {"scan_ref": plugin.start(self.order()).scan_ref}
                yield {"scan_ref": self.decided(plugin).attempt.scan_ref}
            case "erase":
                if plugin.capabilities().erasure:
                    yield {"scan_ref": self.decided(plugin).attempt.scan_ref}
            case "verify_webhook" | "read_webhook":
                yield {"request": self.decided(plugin).callback}
            case _:
                yield from super().good_calls(plugin, method)
