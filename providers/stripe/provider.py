"""The payment provider on Stripe's own SDK: sessions, refunds, and the day's payments.

Every POST carries an idempotency key made from our own sid, so that a repeated call is the same act at Stripe too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import stripe

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountOutOfRange, ProviderRefused, ProviderUnavailable, RefundTooLarge
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    PaymentMethod,
    PaymentNotice,
    PaymentState,
    ProviderPayment,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderSession,
    RefundOrder,
    RefundStatus,
    RefundSupport,
    SessionState,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from providers.stripe import webhooks
from providers.stripe.settings import BASE_URL, StripeSettings

NAME = "stripe"
HOSTED_PAGES = "https://checkout.stripe.com"
NANO_PER_CENT = 10_000_000
MINIMUM = Money.from_cents(50)
"""Stripe's own lower limit for dollars."""
TIMEOUT = 15
"""Seconds per request; the SDK's default is 80."""
RETRIES = 2
"""The SDK repeats connection errors, 409 and 5xx; its client's default is none."""

T = TypeVar("T")
_REFERENCE = re.compile("[A-Za-z0-9_]{1,255}")


class StripeProvider(PaymentProvider):
    metadata = Metadata(
        NAME,
        "1.0",
        frozenset({"checkout", "partial_refund"}),
        StripeSettings,
        stand_in="providers.sandbox.stripe.room:open_room",
    )

    def __init__(self, settings: StripeSettings) -> None:
        self._settings = settings
        self._client = stripe.StripeClient(
            settings.secret_key,
            base_addresses={"api": settings.api_url},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
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
        ours = {"top_up_sid": order.top_up_sid, "user_sid": order.user_sid}
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
        session = _call(
            lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": f"top-up-{order.top_up_sid}"})
        )
        return Checkout(
            session_ref=session.id,
            url=session.url,
            payment_ref=_id(session.payment_intent),
            state=SessionState(session.status or "open"),
            expires_at=_time(session.expires_at),
        )

    def fetch_session(self, session_ref: str) -> ProviderSession:
        _require_reference(session_ref)
        session = _call(
            lambda: self._client.v1.checkout.sessions.retrieve(
                session_ref, {"expand": ["payment_intent.latest_charge"]}
            )
        )
        return _session(session)

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        _require_reference(payment_ref)
        page = _call(
            lambda: self._client.v1.checkout.sessions.list(
                {"payment_intent": payment_ref, "limit": 1, "expand": ["data.payment_intent.latest_charge"]}
            )
        )
        if not page.data:
            raise NotFound
        return _session(page.data[0])

    def expire_session(self, session_ref: str) -> ProviderSession:
        found = self.fetch_session(session_ref)
        if found.state is not SessionState.OPEN:
            return found
        with suppress(ProviderRefused):  # paid or expired in between: the state below tells
            _call(lambda: self._client.v1.checkout.sessions.expire(session_ref))
        return self.fetch_session(session_ref)

    def refund(self, order: RefundOrder) -> ProviderRefund:
        _require_reference(order.payment_ref)
        params: Any = {
            "payment_intent": order.payment_ref,
            "reason": "requested_by_customer",
            "metadata": {"refund_sid": order.refund_sid},
        }
        if order.amount is not None:
            cents, rest = divmod(int(order.amount), NANO_PER_CENT)
            if rest or cents <= 0:
                raise RefundTooLarge(refundable=self._refundable(order.payment_ref))
            params["amount"] = cents
        try:
            refund = _call(
                lambda: self._client.v1.refunds.create(params, {"idempotency_key": f"refund-{order.refund_sid}"})
            )
        except _Invalid as invalid:
            if invalid.stripe_code == "charge_already_refunded" or invalid.param == "amount":
                raise RefundTooLarge(refundable=self._refundable(order.payment_ref)) from None
            raise
        status = "pending" if refund.status == "requires_action" else refund.status
        return ProviderRefund(
            refund_ref=refund.id,
            status=RefundStatus(status or "pending"),
            amount_minor=refund.amount,
            currency=refund.currency.upper(),
        )

    def _refundable(self, payment_ref: str) -> Money:
        intent = _call(lambda: self._client.v1.payment_intents.retrieve(payment_ref, {"expand": ["latest_charge"]}))
        charge: Any = intent.latest_charge
        return Money.from_cents(charge.amount_captured - charge.amount_refunded if charge is not None else 0)

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        since = datetime.combine(day, time(), UTC)
        params: Any = {
            "created": {"gte": int(since.timestamp()), "lt": int((since + timedelta(days=1)).timestamp())},
            "limit": 100,
            "expand": ["data.latest_charge"],
        }
        if cursor is not None:
            params["starting_after"] = cursor
        page = _call(lambda: self._client.v1.payment_intents.list(params))
        payments = [payment for intent in page.data if (payment := _payment(intent)) is not None]
        return ProviderPaymentPage(
            payments=payments, next_cursor=page.data[-1].id if page.has_more and page.data else None
        )

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return webhooks.verify(request, self._settings.webhook_keys)

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        return webhooks.read(request)


# --- Stripe's objects as ours ---------------------------------------------------------------------------------------


def _session(session: Any) -> ProviderSession:
    """Amount and currency are the session's: a buyer may have paid in another currency."""
    payments = []
    payment = _payment(session.payment_intent) if session.payment_intent is not None else None
    if payment is not None and session.status == "complete":
        payments.append(
            payment.model_copy(
                update={
                    "session_ref": session.id,
                    "amount_minor": session.amount_total,
                    "currency": session.currency.upper(),
                }
            )
        )
    return ProviderSession(session_ref=session.id, state=SessionState(session.status), payments=payments)


def _payment(intent: Any) -> ProviderPayment | None:
    """None for an intent that nobody has tried to pay."""
    charge = intent.latest_charge
    if charge is None:
        return None
    failure = charge.failure_code if charge.status == "failed" else None
    return ProviderPayment(
        payment_ref=intent.id,
        state=_state(intent, charge),
        amount_minor=intent.amount,
        currency=intent.currency.upper(),
        refunded_minor=charge.amount_refunded,
        failure=failure,
        occurred_at=_time(charge.created),
    )


def _state(intent: Any, charge: Any) -> PaymentState:
    if intent.status == "succeeded":
        if charge.refunded:
            return PaymentState.REFUNDED
        return PaymentState.ON_HOLD if charge.disputed else PaymentState.SUCCEEDED
    return PaymentState.PENDING if intent.status == "processing" else PaymentState.FAILED


def _require_reference(reference: str) -> None:
    """What is no reference of theirs names nothing; in an address an empty one would name all."""
    if _REFERENCE.fullmatch(reference) is None:
        raise NotFound


def _id(reference: Any) -> str | None:
    return reference if reference is None or isinstance(reference, str) else reference.id


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- errors ---------------------------------------------------------------------------------------------------------


class _Invalid(ProviderRefused):
    """A request that Stripe calls invalid, with its code and parameter."""

    def __init__(self, detail: str, code: str | None, param: str | None) -> None:
        super().__init__(provider=NAME, detail=detail)
        self.stripe_code, self.param = code, param


def _call(act: Callable[[], T]) -> T:
    """Do it, with Stripe's errors as declared ones; no message carries a key."""
    try:
        return act()
    except (stripe.AuthenticationError, stripe.PermissionError):
        raise ProviderRefused(provider=NAME, detail="the account's key is not accepted") from None
    except stripe.InvalidRequestError as error:
        if error.http_status == 404 or error.code == "resource_missing":
            raise NotFound from None
        raise _Invalid(error.user_message or "the request is invalid", error.code, error.param) from None
    except stripe.StripeError as error:
        raise ProviderUnavailable(provider=NAME, detail=type(error).__name__) from None
