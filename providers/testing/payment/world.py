"""What the laws of payments are tried with: orders, payments made by the plugin's author, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from codegen.runtime.testing.arguments import Arguments
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.conformance.onboarding import PaymentProviderConformance
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    PaymentMethod,
    ProviderPayment,
    RefundOrder,
    RefundSupport,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from providers.testing.webhooks import SignedWebhookLaws


@dataclass(frozen=True)
class Paid:
    """A checkout that was paid: what was ordered, what came of it, and the webhook that told of it."""

    order: CheckoutOrder
    checkout: Checkout
    payment: ProviderPayment
    webhook: WebhookRequest


class PaymentWorld(PaymentProviderConformance, SignedWebhookLaws):
    """The base of the kit. A plugin's author gives `provider`, `make`, `pay`, `sign`, `signing_key` and `secrets`.

    All plugins that one kit object makes speak to the same vendor: the second is the first after a restart.
    """

    def pay(self, plugin: Any, session_ref: str) -> WebhookRequest:
        """Pay this checkout at the vendor, in full; answers the signed webhook that tells of the payment."""
        pytest.fail(f"give {type(self).__name__} a `pay`: make a payment happen, answer its webhook")

    # --- what the laws are tried with ---------------------------------------------------------------------------

    def order(self, plugin: PaymentProvider, cents: int = 1000, **fields: Any) -> CheckoutOrder:
        """A new order, within what the plugin takes."""
        able = plugin.capabilities()
        amount = Money.from_cents(cents)
        if able.minimum is not None:
            amount = max(amount, able.minimum)
        if able.maximum is not None:
            amount = min(amount, able.maximum)
        if PaymentMethod.CHECKOUT not in able.methods:
            fields.setdefault("phone", "+255712345678")
        made = {
            "top_up_sid": new_sid(),
            "user_sid": new_sid(),
            "amount": amount,
            "description": "Credit",
            "return_url": "https://site.example/back?top_up=1",
            "cancel_url": "https://site.example/",
        }
        return CheckoutOrder(**{**made, **fields})

    def paid(self, plugin: PaymentProvider, order: CheckoutOrder | None = None) -> Paid:
        """A checkout that is paid, with its one payment."""
        order = order or self.order(plugin)
        checkout = plugin.create_checkout(order)
        webhook = self.pay(plugin, checkout.session_ref)
        return Paid(order, checkout, self.payment(plugin, checkout.session_ref), webhook)

    def webhook(self, plugin: PaymentProvider) -> WebhookRequest:
        return self.paid(plugin).webhook

    def payment(self, plugin: PaymentProvider, session_ref: str) -> ProviderPayment:
        """The one payment of a checkout."""
        payments = plugin.fetch_session(session_ref).payments
        assert len(payments) == 1, f"one payment was made of {session_ref}, and it has {payments!r}"
        return payments[0]

    def refund_of(self, paid: Paid, cents: int | None = None) -> RefundOrder:
        """A new refund, of everything where no amount is given."""
        amount = None if cents is None else Money.from_cents(cents)
        return RefundOrder(refund_sid=new_sid(), payment_ref=paid.payment.payment_ref, amount=amount, reason="asked")

    def refunds(self, plugin: PaymentProvider) -> RefundSupport:
        return plugin.capabilities().refunds

    def good_calls(self, plugin: Any, method: str) -> Iterator[Arguments]:
        """Calls of `calls` where the author gives some, else those that follow from an order and its payment."""
        if method in self.calls:
            yield from super().good_calls(plugin, method)
            return
        match method:
            case "create_checkout":
                yield {"order": self.order(plugin)}
            case "fetch_session" | "expire_session":
                yield {"session_ref": plugin.create_checkout(self.order(plugin)).session_ref}
                yield {"session_ref": self.paid(plugin).checkout.session_ref}
            case "fetch_payment":
                yield {"payment_ref": self.paid(plugin).payment.payment_ref}
            case "refund":
                if self.refunds(plugin) is not RefundSupport.NONE:
                    yield {"order": self.refund_of(self.paid(plugin))}
            case "verify_webhook" | "read_webhook":
                yield {"request": self.paid(plugin).webhook}
            case _ if "day" in self.contracts[method].required:
                for _ in range(3):
                    self.paid(plugin)
                yield {"day": self.clock.now().date()}
            case _:
                yield from super().good_calls(plugin, method)
