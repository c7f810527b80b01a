"""Stripe's part: Checkout sessions with a hosted page, refunds, disputes, signed events."""
