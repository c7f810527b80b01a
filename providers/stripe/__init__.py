"""Payments by Stripe's hosted Checkout."""

from providers.stripe.provider import StripeProvider, StripeSettings

__all__ = ["StripeProvider", "StripeSettings"]
