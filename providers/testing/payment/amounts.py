"""The laws of amounts: in the smallest unit of their currency, and without a sign, wherever they are told."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.runtime.testing.conformance import case
from generated.models.onboarding import ProviderRefund, RefundSupport
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.payments import payments_of_day
from providers.testing.payment.refunds import refunds_of_day
from providers.testing.payment.world import Paid, PaymentWorld


class AmountLaws(PaymentWorld):
    @case
    def test_amounts_are_in_the_smallest_unit(self) -> None:
        """Ten dollars are a thousand cents: in the payment, in the list of its day and in its webhook."""
        plugin = self.make()
        for cents in (1000, 2345):
            paid = self.paid(plugin, self.order(plugin, cents))
            for there, told in self._amounts(plugin, paid):
                asked = paid.order.amount.cents
                assert told != asked * 100, f"in {there} {asked} cents are {told}: cents are counted twice over"
                assert not 0 <= asked - told * 100 < 100, f"in {there} {asked} cents are {told}: those are dollars"

    @case
    def test_amounts_have_no_sign(self) -> None:
        """What was paid and what was returned are both above zero: which way it went, its place tells."""
        plugin = self.make()
        paid = self.paid(plugin)
        for there, told in self._amounts(plugin, paid):
            assert told >= 0, f"in {there} the amount is {told}"
        assert paid.payment.refunded_minor == 0, f"nothing was refunded, and it tells {paid.payment.refunded_minor}"
        if self.refunds(plugin) is RefundSupport.NONE:
            return
        refund = plugin.refund(self.refund_of(paid))
        after = self.payment(plugin, paid.checkout.session_ref)
        assert after.refunded_minor > 0, f"it was refunded, and the payment tells {after.refunded_minor}"
        for there, each in self._refunds(plugin, refund, after.refunds):
            assert each.amount_minor > 0, f"{there} the amount of a refund is {each.amount_minor}"

    def _amounts(self, plugin: PaymentProvider, paid: Paid) -> Iterator[tuple[str, int]]:
        """Each place where the amount of a payment stands."""
        yield "its checkout", paid.payment.amount_minor
        for each in payments_of_day(plugin, paid.payment.occurred_at.date()):
            if each.payment_ref == paid.payment.payment_ref:
                yield "the list of its day", each.amount_minor
        notice = plugin.read_webhook(paid.webhook)
        if notice is not None and not notice.fetch_first:
            yield "its webhook", notice.amount_minor

    def _refunds(
        self, plugin: PaymentProvider, refund: ProviderRefund, of_payment: list[ProviderRefund]
    ) -> Iterator[tuple[str, ProviderRefund]]:
        yield "answered,", refund
        for each in of_payment:
            yield "in its payment", each
        for each in refunds_of_day(plugin, (refund.occurred_at or self.clock.now()).date()):
            yield "in the list of its day", each
