"""A payment provider without a fault, and the kit that tries it; those with a fault are made of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, SecretStr

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AmountOutOfRange,
    InvalidSignature,
    ProviderUnavailable,
    RefundTooLarge,
    WebhookMalformed,
)
from generated.models.onboarding import (
    BalanceChange,
    BalanceChangePage,
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    PaymentEventKind,
    PaymentMethod,
    PaymentNotice,
    PaymentState,
    ProviderDisputePage,
    ProviderPayment,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderRefundPage,
    ProviderSession,
    RefundOrder,
    RefundStatus,
    RefundSupport,
    SessionState,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment import PaymentKit
from tests.kits.vendor import FEE, SIGNATURE, Order, Refund, TooMuch, Vendor, fits, signature, signed_at

T = TypeVar("T")
API_KEY, SIGNING_KEY = "sound_api_0123456789", "sound_sig_9876543210"
LEAST, MOST = Money.from_cents(50), Money.from_cents(100_000)
NANO_PER_CENT = 10_000_000
TOLERANCE = 300
"""Seconds that a signature may be old."""


class SoundSettings(BaseModel):
    api_key: SecretStr
    signing_key: SecretStr


class SoundProvider(PaymentProvider):
    metadata = Metadata("sound", "1.0", frozenset({"checkout"}), SoundSettings)

    def __init__(self, settings: SoundSettings, vendor: Vendor) -> None:
        self.settings, self.vendor = settings, vendor

    def capabilities(self) -> PaymentCapabilities:
        return PaymentCapabilities(
            title="Sound",
            methods=[PaymentMethod.CHECKOUT],
            currencies=["USD"],
            refunds=RefundSupport.PARTIAL,
            minimum=LEAST,
            maximum=MOST,
            sandbox=True,
            hosted_origins=["https://pay.sound.example"],
        )

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        if order.amount % NANO_PER_CENT or not LEAST <= order.amount <= MOST:
            raise AmountOutOfRange(minimum=LEAST, maximum=MOST)
        made = self.ask(lambda: self.vendor.open(self.key_of(order), order.top_up_sid, order.amount.cents))
        return Checkout(session_ref=made.ref, url=f"https://pay.sound.example/{made.ref}", state=SessionState.OPEN)

    def key_of(self, order: CheckoutOrder) -> str:
        return order.top_up_sid

    def fetch_session(self, session_ref: str) -> ProviderSession:
        return self.session(self.ask(lambda: self.vendor.order(session_ref)))

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        return self.session(self.ask(lambda: self.vendor.of_payment(payment_ref)))

    def expire_session(self, session_ref: str) -> ProviderSession:
        return self.session(self.ask(lambda: self.vendor.close(session_ref)))

    def refund(self, order: RefundOrder) -> ProviderRefund:
        if order.amount is not None and (order.amount % NANO_PER_CENT or order.amount <= 0):
            raise RefundTooLarge(refundable=Money(0))
        cents = None if order.amount is None else order.amount.cents
        made = self.ask(lambda: self.vendor.refund(order.refund_sid, order.payment_ref, cents))
        return self.refunded(made, order.payment_ref)

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        try:
            page, following = self.ask(lambda: self.vendor.paid_on(day, cursor))
        except ValueError:  # a cursor that is none of ours
            page, following = [], None
        return ProviderPaymentPage(payments=[self.payment(each) for each in page], next_cursor=following)

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        made = self.ask(lambda: self.vendor.refunded_on(day))
        return ProviderRefundPage(refunds=[self.refunded(refund, order.payment) for order, refund in made])

    def list_disputes(self, day: date, *, cursor: str | None = None) -> ProviderDisputePage:
        return ProviderDisputePage(disputes=[])  # nobody contests a payment

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        moved = self.ask(lambda: self.vendor.moved_on(day))
        return BalanceChangePage(changes=[self.change(order, refund) for order, refund in moved])

    def change(self, order: Order, refund: Refund | None) -> BalanceChange:
        ref, at = (order.payment, order.paid_at) if refund is None else (refund.ref, refund.at)
        return BalanceChange(
            change_ref=f"bt_{ref}",
            external_ref=ref or "",
            payment_ref=order.payment,
            top_up_sid=order.mark,
            fee_minor=FEE if refund is None else 0,
            currency="USD",
            occurred_at=datetime.fromtimestamp(at, UTC),
        )

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        header = request.headers.get(SIGNATURE, "")
        if not fits(header, request.body, self.settings.signing_key.get_secret_value()) or self.stale(header):
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["type"])

    def stale(self, header: str) -> bool:
        return abs(time.time() - signed_at(header)) > TOLERANCE

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        event = self.event(request.body)
        return PaymentNotice(**self.notice(event)) if event["type"] == "paid" else None

    def notice(self, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "event_id": event["id"],
            "kind": PaymentEventKind.PAYMENT_SUCCEEDED,
            "external_ref": event["payment"],
            "session_ref": event["session"],
            "payment_ref": event["payment"],
            "top_up_sid": event["mark"],
            "amount_minor": event["amount"],
            "currency": "USD",
            "occurred_at": datetime.fromtimestamp(event["at"], UTC),
        }

    # --- the vendor's words in ours -----------------------------------------------------------------------------

    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError:
            raise ProviderUnavailable(provider="sound", detail="no answer") from None
        except KeyError:
            raise NotFound from None
        except TooMuch as error:
            raise RefundTooLarge(refundable=Money.from_cents(error.rest)) from None

    def session(self, order: Order) -> ProviderSession:
        state = SessionState.COMPLETE if order.payment else SessionState.EXPIRED if order.closed else SessionState.OPEN
        payments = [self.payment(order)] if order.payment else []
        return ProviderSession(session_ref=order.ref, state=state, payments=payments)

    def payment(self, order: Order) -> ProviderPayment:
        return ProviderPayment(
            payment_ref=order.payment or "",
            session_ref=order.ref,
            top_up_sid=order.mark,
            state=PaymentState.REFUNDED if order.refunded == order.cents else PaymentState.SUCCEEDED,
            amount_minor=order.cents,
            currency="USD",
            refunded_minor=order.refunded,
            occurred_at=datetime.fromtimestamp(order.paid_at, UTC),
            refunds=[self.refunded(each, order.payment) for each in order.refunds],
        )

    def refunded(self, refund: Refund, payment_ref: str | None) -> ProviderRefund:
        return ProviderRefund(
            refund_ref=refund.ref,
            payment_ref=payment_ref,
            refund_sid=refund.key,
            status=RefundStatus.SUCCEEDED,
            amount_minor=refund.cents,
            currency="USD",
            occurred_at=datetime.fromtimestamp(refund.at, UTC),
        )

    def event(self, body: bytes) -> dict[str, Any]:
        try:
            event = json.loads(body)
            texts = [event[name] for name in ("id", "type", "session", "payment", "mark")]
            if all(isinstance(each, str) for each in texts) and all(type(event[n]) is int for n in ("amount", "at")):
                return dict(event)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise WebhookMalformed(detail="no event of ours")


class SoundKit(PaymentKit):
    """The kit for a provider that talks to a `Vendor`; pytest does not collect it by this name."""

    provider: ClassVar[type[SoundProvider]] = SoundProvider
    signing_key = SIGNING_KEY
    secrets = (API_KEY, SIGNING_KEY)
    examples = 5

    @cached_property
    def vendor(self) -> Vendor:
        return Vendor()

    def make(self) -> SoundProvider:
        settings = SoundSettings(api_key=SecretStr(API_KEY), signing_key=SecretStr(SIGNING_KEY))
        return self.provider(settings, self.vendor)

    def pay(self, plugin: Any, session_ref: str) -> WebhookRequest:
        return self.sign(self.vendor.pay(session_ref), SIGNING_KEY)

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        return WebhookRequest(
            body=body, headers={SIGNATURE: signature(body, key)}, received_at=datetime.now(UTC).replace(microsecond=0)
        )

    def sign_at(self, body: bytes, key: str, at: datetime) -> WebhookRequest:
        header = signature(body, key, int(at.timestamp()))
        return self.sign(body, key).model_copy(update={"headers": {SIGNATURE: header}})
