"""All that a payment provider is tested with, in one class.

class TestParcelPay(PaymentKit):
    provider = ParcelPay
    signing_key = "whsec_of_a_test"
    secrets = ("sk_test_1", signing_key)

    def make(self): ...
    def pay(self, plugin, session_ref): ...
    def sign(self, body, key): ...
"""

from providers.testing.payment.amounts import AmountLaws
from providers.testing.payment.checkouts import CheckoutLaws
from providers.testing.payment.fees import FeeLaws
from providers.testing.payment.outages import OutageLaws
from providers.testing.payment.payments import PaymentLaws
from providers.testing.payment.refunds import RefundLaws
from providers.testing.payment.webhooks import WebhookLaws


class PaymentKit(CheckoutLaws, PaymentLaws, AmountLaws, RefundLaws, FeeLaws, WebhookLaws, OutageLaws):
    """The generated kit of `PaymentProvider`, and the laws that no note in a schema can say."""
