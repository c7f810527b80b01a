"""Callbacks of KYC providers: verified over the raw bytes, read, and kept as their verdict alone.

What the provider sends holds documents, links to pictures and a person's data. Of that nothing is written down: the
event with its status and tags is stored, and applied in the same transaction. One that could not be stored is sent
again by the provider, and what it tells is found by asking, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from codegen.runtime.errors import InvalidParams
from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import WebhookEvent, WebhookRequest
from handlers.kyc.providers import KycProviders
from handlers.kyc.verdicts import Received, Verdicts


class Callbacks:
    def __init__(self, providers: KycProviders, verdicts: Verdicts) -> None:
        self._providers, self._verdicts = providers, verdicts

    def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Raises `InvalidSignature`, `WebhookMalformed`."""
        if provider not in self._providers.ready:
            raise InvalidSignature  # nobody here knows its key
        now = self._verdicts.now()
        request = WebhookRequest(headers=dict(headers), body=body, received_at=now)
        plugin = self._providers[provider]
        head = plugin.verify_webhook(request)
        verdict = plugin.read_webhook(request)
        new = True
        if verdict is not None:
            # One that claims to come from the future does not count more than what the provider answers when asked.
            received = Received(head.event_id, verdict, min(verdict.occurred_at or now, now))
            try:
                new = self._verdicts.held.transaction(lambda: self._verdicts.take(provider, received, asked=False))
            except InvalidParams:
                raise WebhookMalformed(detail="the event's name cannot be kept") from None
        return WebhookEvent(provider=provider, event_id=head.event_id, duplicate=not new)
