"""The laws of outages: when the vendor cannot be reached, nobody knows what happened, and that is what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codegen.runtime.testing.conformance import case
from generated.models.onboarding import RefundSupport
from providers.testing.payment.world import PaymentWorld
from providers.testing.unavailable import check_unavailable


class OutageLaws(PaymentWorld):
    @case
    def test_an_outage_is_said_to_be_one(self) -> None:
        """`ProviderUnavailable` is asked again; any other error says for good that it did not happen.

        A plugin that uses no network is not tried.
        """
        plugin = self.make()
        paid = self.paid(plugin)
        session_ref = plugin.create_checkout(self.order(plugin)).session_ref
        new, day = self.order(plugin), paid.payment.occurred_at.date()
        calls: dict[str, Callable[[Any], object]] = {
            "create_checkout": lambda cut: cut.create_checkout(new),
            "fetch_session": lambda cut: cut.fetch_session(paid.checkout.session_ref),
            "fetch_payment": lambda cut: cut.fetch_payment(paid.payment.payment_ref),
            "expire_session": lambda cut: cut.expire_session(session_ref),
            "list_payments": lambda cut: cut.list_payments(day),
            "list_refunds": lambda cut: cut.list_refunds(day),
            "list_disputes": lambda cut: cut.list_disputes(day),
            "list_balance_changes": lambda cut: cut.list_balance_changes(day),
        }
        if self.refunds(plugin) is not RefundSupport.NONE:
            calls["refund"] = lambda cut: cut.refund(self.refund_of(paid))
        for name, call in calls.items():
            check_unavailable(self.make(), name, call)  # a connection that is open already would be used
