"""Payments by Stripe's hosted Checkout."""

from providers.stripe.provider import StripeProvider
from providers.stripe.settings import StripeSettings

__all__ = ["StripeProvider", "StripeSettings"]
