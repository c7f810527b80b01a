"""The payment provider on Stripe's own SDK: sessions, refunds, and what happened on a day.

Every POST carries an idempotency key made from our own sid, so that a repeated call is the same act at Stripe too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

import stripe

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountOutOfRange, ProviderRefused, RefundTooLarge
from generated.models.onboarding import (
    BalanceChangePage,
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    PaymentMethod,
    PaymentNotice,
    ProviderDisputePage,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderRefundPage,
    ProviderSession,
    RefundOrder,
    RefundSupport,
    SessionState,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from providers.stripe import objects, webhooks
from providers.stripe.calls import NAME, Invalid, call, require_reference
from providers.stripe.http import StripeHttp
from providers.stripe.objects import JsonObject
from providers.stripe.settings import BASE_URL, StripeSettings

HOSTED_PAGES = "https://checkout.stripe.com"
NANO_PER_CENT = 10_000_000
MINIMUM = Money.from_cents(50)
"""Stripe's own lower limit for dollars."""
RETRIES = 2
"""The SDK repeats connection errors, 409 and 5xx; its client's default is none."""

PAGE = 100
"""Objects in an answer; Stripe's own limit."""

Listing = Callable[[Any], Any]


class StripeProvider(PaymentProvider):
    metadata = Metadata(
        NAME,
        "1.0",
        frozenset({"checkout", "partial_refund"}),
        StripeSettings,
        stand_in="providers.sandbox.stripe.room:open_room",
        title="Stripe",
    )

    def __init__(self, settings: StripeSettings) -> None:
        self._settings = settings
        self._client = stripe.StripeClient(
            settings.secret_key,
            base_addresses={"api": settings.api_url},
            max_network_retries=RETRIES,
            http_client=StripeHttp(),
        )

    def capabilities(self) -> PaymentCapabilities:
        return PaymentCapabilities(
            title="Card or bank, by Stripe",
            methods=[PaymentMethod.CHECKOUT],
            currencies=["USD"],
            refunds=RefundSupport.PARTIAL,
            minimum=MINIMUM,
            sandbox=not self._settings.live,
            note="You pay on Stripe's page and come back here.",
            hosted_origins=[self._hosted_origin()],
        )

    def _hosted_origin(self) -> str:
        """Stripe's own pages, or those beside another API: the sandbox's."""
        if self._settings.api_url == BASE_URL:
            return HOSTED_PAGES
        parts = urlsplit(self._settings.api_url)
        return f"{parts.scheme}://{parts.netloc}"

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        cents, rest = divmod(int(order.amount), NANO_PER_CENT)
        if rest or order.amount < MINIMUM:
            raise AmountOutOfRange(minimum=MINIMUM, maximum=Money.from_cents(99_999_999))
        ours = {objects.TOP_UP_MARK: order.top_up_sid, "user_sid": order.user_sid}
        mark = "&" if "?" in order.return_url else "?"
        params: Any = {
            "mode": "payment",
            "client_reference_id": order.top_up_sid,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": cents,
                        "product_data": {"name": order.description},
                    },
                }
            ],
            "success_url": f"{order.return_url}{mark}session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": order.cancel_url,
            "adaptive_pricing": {"enabled": False},  # the buyer pays what we asked for, in dollars
            "metadata": ours,
            "payment_intent_data": {"metadata": ours},
        }  # a session's own metadata stays with the session
        if order.expires_at is not None:
            params["expires_at"] = int(order.expires_at.timestamp())
        sessions = self._client.v1.checkout.sessions
        made = call(lambda: sessions.create(params, {"idempotency_key": f"top-up-{order.top_up_sid}"}))
        return Checkout(
            session_ref=made["id"],
            url=made["url"],
            payment_ref=objects.reference(made["payment_intent"]),
            state=SessionState(made["status"] or "open"),
            expires_at=objects.time(made["expires_at"]),
        )

    def fetch_session(self, session_ref: str) -> ProviderSession:
        require_reference(session_ref)
        expand = ["payment_intent.latest_charge.refunds"]
        found = call(lambda: self._client.v1.checkout.sessions.retrieve(session_ref, {"expand": expand}))
        return self._whole(found)

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        require_reference(payment_ref)
        params: Any = {
            "payment_intent": payment_ref,
            "limit": 1,
            "expand": ["data.payment_intent.latest_charge.refunds"],
        }
        page = call(lambda: self._client.v1.checkout.sessions.list(params))
        if not page["data"]:
            raise NotFound
        return self._whole(page["data"][0])

    def _whole(self, found: JsonObject) -> ProviderSession:
        """A session with all refunds and disputes of its payment."""
        session = objects.session(found)
        for place, paid in enumerate(session.payments):
            charge = found["payment_intent"]["latest_charge"]
            of_payment = {"payment_intent": paid.payment_ref}
            refunds = charge["refunds"]["data"]
            if charge["refunds"]["has_more"]:
                refunds = self._all(self._client.v1.refunds.list, of_payment)
            paid = objects.with_refunds(paid, refunds)
            if charge["disputed"]:
                paid = objects.with_disputes(paid, self._all(self._client.v1.disputes.list, of_payment))
            session.payments[place] = paid
        return session

    def expire_session(self, session_ref: str) -> ProviderSession:
        found = self.fetch_session(session_ref)
        if found.state is not SessionState.OPEN:
            return found
        with suppress(ProviderRefused):  # paid or expired in between: the state below tells
            call(lambda: self._client.v1.checkout.sessions.expire(session_ref))
        return self.fetch_session(session_ref)

    def refund(self, order: RefundOrder) -> ProviderRefund:
        require_reference(order.payment_ref)
        params: Any = {
            "payment_intent": order.payment_ref,
            "reason": "requested_by_customer",
            "metadata": {objects.REFUND_MARK: order.refund_sid},
        }
        if order.amount is not None:
            cents, rest = divmod(int(order.amount), NANO_PER_CENT)
            if rest or cents <= 0:
                raise RefundTooLarge(refundable=self._refundable(order.payment_ref))
            params["amount"] = cents
        try:
            made = call(
                lambda: self._client.v1.refunds.create(params, {"idempotency_key": f"refund-{order.refund_sid}"})
            )
        except Invalid as invalid:
            if invalid.stripe_code == "charge_already_refunded" or invalid.param == "amount":
                raise RefundTooLarge(refundable=self._refundable(order.payment_ref)) from None
            raise
        return objects.refund(made)

    def _refundable(self, payment_ref: str) -> Money:
        expand = ["latest_charge"]
        intent = call(lambda: self._client.v1.payment_intents.retrieve(payment_ref, {"expand": expand}))
        charge = intent["latest_charge"]
        return Money.from_cents(charge["amount_captured"] - charge["amount_refunded"] if charge is not None else 0)

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        page, following = self._page(self._client.v1.payment_intents.list, day, cursor, "data.latest_charge")
        return ProviderPaymentPage(
            payments=[paid for intent in page if (paid := objects.payment(intent)) is not None], next_cursor=following
        )

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        page, following = self._page(self._client.v1.refunds.list, day, cursor, "data.payment_intent")
        return ProviderRefundPage(refunds=list(map(objects.refund, page)), next_cursor=following)

    def list_disputes(self, day: date, *, cursor: str | None = None) -> ProviderDisputePage:
        page, following = self._page(self._client.v1.disputes.list, day, cursor, "data.payment_intent")
        return ProviderDisputePage(disputes=list(map(objects.dispute, page)), next_cursor=following)

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        page, following = self._page(self._client.v1.balance_transactions.list, day, cursor, "data.source")
        changes = [change for found in page if (change := objects.balance_change(found)) is not None]
        return BalanceChangePage(changes=changes, next_cursor=following)

    def _page(
        self, listing: Listing, day: date, cursor: str | None, *expand: str
    ) -> tuple[list[JsonObject], str | None]:
        """What was created on a day, behind `cursor`, and the next cursor."""
        since = datetime.combine(day, time(), UTC)
        params: JsonObject = {
            "created": {"gte": int(since.timestamp()), "lt": int((since + timedelta(days=1)).timestamp())},
            "limit": PAGE,
            "expand": list(expand),
        }
        if cursor is not None:
            params["starting_after"] = cursor
        page = call(lambda: listing(params))
        found: list[JsonObject] = page["data"]
        return found, found[-1]["id"] if page["has_more"] and found else None

    def _all(self, listing: Listing, params: JsonObject) -> list[JsonObject]:
        """Every object of a list, page by page."""
        found: list[JsonObject] = []
        asked = {**params, "limit": PAGE}
        while True:
            page = call(lambda: listing(asked))
            found += page["data"]
            if not page["has_more"] or not page["data"]:
                return found
            asked["starting_after"] = found[-1]["id"]

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return webhooks.verify(request, self._settings.webhook_keys)

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        return webhooks.read(request)
