"""Payment providers that are wrong about webhooks and secrets."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from generated.errors.onboarding import InvalidSignature, ProviderRefused, WebhookMalformed
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    PaymentEventKind,
    PaymentNotice,
    ProviderSession,
    WebhookHead,
    WebhookRequest,
)
from tests.kits.faults import caught_by
from tests.kits.sound import SIGNING_KEY, SoundProvider
from tests.kits.vendor import SIGNATURE, fits, signature, signed_at


@caught_by("a_webhook_of_other_bytes_is_refused")
class LooksForASignatureOnly(SoundProvider):
    """That there is one is enough."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if len(request.headers.get(SIGNATURE, "")) < 64:
            raise InvalidSignature
        return self.head(request)

    def head(self, request: WebhookRequest) -> WebhookHead:
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["type"])


@caught_by("a_webhook_of_other_bytes_is_refused")
class SignsThePaymentOnly(SoundProvider):
    """The amount is not covered."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        signed = super().verify_webhook
        try:
            return signed(request)
        except InvalidSignature:
            event = self.event(request.body)
            for amount in range(990, 1010):
                body = json.dumps({**event, "amount": amount}).encode()
                if fits(request.headers.get(SIGNATURE, ""), body, SIGNING_KEY):
                    return WebhookHead(event_id=event["id"], event_type=event["type"])
            raise


@caught_by("a_webhook_signed_by_others_is_refused")
class TakesAnyKey(SoundProvider):
    """It knows the form of a signature, and not whose it is."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        for key in (SIGNING_KEY, ""):
            if fits(request.headers.get(SIGNATURE, ""), request.body, key):
                return self.head(request)
        raise InvalidSignature

    def head(self, request: WebhookRequest) -> WebhookHead:
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["type"])


@caught_by("a_webhook_without_its_signature_is_refused")
class TakesUnsignedWebhooks(SoundProvider):
    """What has no signature was not forged."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if SIGNATURE in request.headers:
            return super().verify_webhook(request)
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["type"])


@caught_by("a_webhook_without_its_signature_is_refused")
class ComparesTheBeginning(SoundProvider):
    """It compares as many signs as were sent."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        sent = request.headers.get(SIGNATURE, "none")
        if not signature(request.body, SIGNING_KEY, signed_at(sent)).startswith(sent):
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["type"])


@caught_by("a_stale_webhook_is_refused")
class TakesStaleWebhooks(SoundProvider):
    """What was signed once is good for ever: who saw it can send it again."""

    def stale(self, header: str) -> bool:
        return False


@caught_by("a_webhook_of_the_vendor_is_taken")
class RefusesAllWebhooks(SoundProvider):
    """It signs with the other key."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if not fits(request.headers.get(SIGNATURE, ""), request.body, self.settings.api_key.get_secret_value()):
            raise InvalidSignature
        return super().verify_webhook(request)


@caught_by("a_webhook_that_cannot_be_read_is_malformed")
class LeaksTheParser(SoundProvider):
    """A body that is no JSON ends in a traceback, and comes again for days."""

    def event(self, body: bytes) -> dict[str, Any]:
        return dict(json.loads(body))


@caught_by("a_webhook_that_cannot_be_read_is_malformed")
class OverflowsOnDeepBodies(SoundProvider):
    """A hundred thousand brackets end in a RecursionError."""

    def event(self, body: bytes) -> dict[str, Any]:
        try:
            event = json.loads(body)
        except ValueError:
            raise WebhookMalformed(detail="no JSON") from None
        return super().event(json.dumps(event).encode())


@caught_by("an_event_has_the_same_name_each_time")
class NamesEventsAnew(SoundProvider):
    """Sent again, a webhook is taken for another one."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return super().verify_webhook(request).model_copy(update={"event_id": uuid4().hex})


@caught_by("an_event_has_the_same_name_each_time")
class ReadsAnotherName(SoundProvider):
    """The inbox and the payment's events know it under two names."""

    def notice(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().notice(event), "event_id": f"{event['id']}:{event['type']}"}


@caught_by("two_events_have_two_names")
class NamesEventsByType(SoundProvider):
    """The second payment of all is taken for a repeat."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        head = super().verify_webhook(request)
        return head.model_copy(update={"event_id": head.event_type})


@caught_by("a_notice_tells_of_its_payment")
class NoticesDollars(SoundProvider):
    """Ten dollars are told as ten cents."""

    def notice(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().notice(event), "amount_minor": event["amount"] // 100}


@caught_by("a_notice_tells_of_its_payment")
class NoticesAFailure(SoundProvider):
    """A payment is told as one that failed."""

    def notice(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().notice(event), "kind": PaymentEventKind.PAYMENT_FAILED}


@caught_by("a_notice_tells_of_its_payment")
class OverlooksPayments(SoundProvider):
    """It waits for an event of another name."""

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        return None if self.event(request.body)["type"] == "paid" else super().read_webhook(request)


@caught_by("a_notice_names_its_payment")
class NoticesItsMark(SoundProvider):
    """The checkout is named by our sid, under which it is not found."""

    def notice(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().notice(event), "session_ref": event["mark"]}


@caught_by("a_webhook_is_read_when_its_key_is_gone")
class VerifiesAgain(SoundProvider):
    """What waits in the inbox during a rotation of keys is never applied."""

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        self.verify_webhook(request)
        return super().read_webhook(request)


@caught_by("read_webhook_uses_no_network")
class FetchesWhileReading(SoundProvider):
    """The inbox waits for the vendor."""

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        notice = super().read_webhook(request)
        if notice is not None and notice.session_ref is not None:
            self.fetch_session(notice.session_ref)
        return notice


# --- secrets ---------------------------------------------------------------------------------------------------------


@caught_by("no_secret_is_told")
class PutsItsKeyIntoTheAddress(SoundProvider):
    """It stands in the browser's history, and in logs."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        made = super().create_checkout(order)
        return made.model_copy(update={"url": f"{made.url}?key={self.settings.api_key.get_secret_value()}"})


@caught_by("no_secret_is_told")
class TellsItsKeyInErrors(SoundProvider):
    """The vendor's message is handed on as it is."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        if not session_ref.startswith("cs_"):
            key = self.settings.api_key.get_secret_value()
            raise ProviderRefused(provider="sound", detail=f"{session_ref} is not of the account of {key}")
        return super().fetch_session(session_ref)


@caught_by("no_secret_is_told")
class ShowsItsKeyInItsRepr(SoundProvider):
    """A traceback with local variables shows it."""

    def __repr__(self) -> str:
        return f"Sound({self.settings.signing_key.get_secret_value()})"
