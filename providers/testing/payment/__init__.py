"""The kit that a payment provider is tested with: the generated conformance kit, and the laws of payments."""

from providers.testing.payment.kit import PaymentKit

__all__ = ["PaymentKit"]
