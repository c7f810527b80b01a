"""The laws of webhooks: only what the vendor signed, each with a name of its own, telling the truth of its payment."""

from __future__ import annotations

from codegen.runtime.testing.conformance import case
from generated.models.onboarding import PaymentEventKind, PaymentNotice, WebhookRequest
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.world import PaymentWorld

_TOLD = (PaymentEventKind.PAYMENT_SUCCEEDED, PaymentEventKind.PAYMENT_PENDING)


class WebhookLaws(PaymentWorld):
    @case
    def test_a_notice_tells_of_its_payment(self) -> None:
        """That it is paid, which one it is, and how much, in the currency's smallest unit; or to fetch it first."""
        plugin = self.make()
        for cents in (1000, 2345):
            paid = self.paid(plugin, self.order(plugin, cents))
            notice = self._notice(plugin, paid.webhook)
            if notice.fetch_first:
                assert notice.session_ref or notice.payment_ref, "it says to fetch first, and not what"
                return
            assert notice.kind in _TOLD, f"a payment was made, and it tells {notice.kind}"
            assert (notice.amount_minor, notice.currency) == (paid.order.amount.cents, "USD"), (
                f"{paid.order.amount.cents} cents of USD were paid, and it tells {notice.amount_minor} of "
                f"{notice.currency}"
            )

    @case
    def test_a_notice_names_its_payment(self) -> None:
        """By the names under which it is fetched."""
        plugin = self.make()
        paid = self.paid(plugin)
        notice = self._notice(plugin, paid.webhook)
        assert notice.session_ref or notice.payment_ref, "it names neither checkout nor payment"
        assert notice.session_ref in (None, paid.checkout.session_ref), f"it names the checkout {notice.session_ref}"
        assert notice.payment_ref in (None, paid.payment.payment_ref), f"it names the payment {notice.payment_ref}"
        assert notice.top_up_sid in (None, paid.order.top_up_sid), f"it names the top-up {notice.top_up_sid}"

    @staticmethod
    def _notice(plugin: PaymentProvider, webhook: WebhookRequest) -> PaymentNotice:
        notice = plugin.read_webhook(webhook)
        assert notice is not None, "a payment was made, and its webhook does not concern us"
        return notice
