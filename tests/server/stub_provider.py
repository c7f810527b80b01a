"""A provider in memory: its webhooks are `PaymentNotice`s as JSON, and it answers what a test has put there."""

from __future__ import annotations

import json
from datetime import date

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import (
    BalanceChange,
    BalanceChangePage,
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    PaymentMethod,
    PaymentNotice,
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


class StubProvider(PaymentProvider):
    metadata = Metadata("stub", "1.0")

    def __init__(self) -> None:
        self.sessions: dict[str, ProviderSession] = {}
        self.orders: list[CheckoutOrder] = []
        self.changes: list[BalanceChange] = []

    def capabilities(self) -> PaymentCapabilities:
        return PaymentCapabilities(
            title="Stub",
            methods=[PaymentMethod.CHECKOUT],
            currencies=["USD"],
            refunds=RefundSupport.PARTIAL,
            sandbox=True,
        )

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        self.orders.append(order)
        ref = f"cs_{order.top_up_sid}"
        self.open(ref)
        return Checkout(session_ref=ref, url=f"https://stub.example/{ref}", state=SessionState.OPEN)

    def open(self, ref: str) -> None:
        """Let there be a checkout."""
        self.sessions.setdefault(ref, ProviderSession(session_ref=ref, state=SessionState.OPEN, payments=[]))

    def fetch_session(self, session_ref: str) -> ProviderSession:
        if session_ref not in self.sessions:
            raise NotFound
        return self.sessions[session_ref]

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        for session in self.sessions.values():
            if any(payment.payment_ref == payment_ref for payment in session.payments):
                return session
        raise NotFound

    def expire_session(self, session_ref: str) -> ProviderSession:
        session = self.fetch_session(session_ref)
        if session.state == SessionState.OPEN:
            session = self.sessions[session_ref] = session.model_copy(update={"state": SessionState.EXPIRED})
        return session

    def refund(self, order: RefundOrder) -> ProviderRefund:
        amount = order.amount or Money(0)
        return ProviderRefund(
            refund_ref=f"re_{order.refund_sid}",
            status=RefundStatus.SUCCEEDED,
            amount_minor=amount.cents,
            currency="USD",
        )

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        return ProviderPaymentPage(
            payments=[payment for payment in self._payments() if payment.occurred_at.date() == day]
        )

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        return ProviderRefundPage(
            refunds=[
                refund.model_copy(update={"payment_ref": payment.payment_ref})
                for payment in self._payments()
                for refund in payment.refunds
                if refund.occurred_at is not None and refund.occurred_at.date() == day
            ]
        )

    def list_disputes(self, day: date, *, cursor: str | None = None) -> ProviderDisputePage:
        return ProviderDisputePage(
            disputes=[
                dispute.model_copy(update={"payment_ref": payment.payment_ref})
                for payment in self._payments()
                for dispute in payment.disputes
                if dispute.occurred_at.date() == day
            ]
        )

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        return BalanceChangePage(changes=[change for change in self.changes if change.occurred_at.date() == day])

    def _payments(self) -> list[ProviderPayment]:
        return [payment for session in self.sessions.values() for payment in session.payments]

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if request.headers.get("signed") != "yes":
            raise InvalidSignature
        try:
            event = json.loads(request.body)
            return WebhookHead(event_id=event["event_id"], event_type=event["kind"])
        except (ValueError, TypeError, KeyError):
            raise WebhookMalformed(detail="no notice") from None

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        try:
            return PaymentNotice.model_validate_json(request.body)
        except ValueError:
            raise WebhookMalformed(detail="no notice") from None
