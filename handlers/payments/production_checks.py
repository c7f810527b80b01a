"""What must be mended before real money is taken."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.domain import Problem
from handlers.payments.settings import SANDBOX_STRIPE_SIGNING_KEY, STRIPE_BASE_URL, PaymentSettings


def problems(settings: PaymentSettings) -> Iterator[Problem]:
    name = settings.variable
    stripe = settings.stripe_live_secret_key
    needed = {
        "stripe_live_secret_key": "Stripe cannot be called",
        "stripe_live_publishable_key": "Stripe's pages need it",
        "stripe_webhook_signing_key": "Stripe's webhooks would be refused",
    }
    for field, consequence in needed.items():
        if getattr(settings, field) is None:
            yield Problem("missing", name(field), consequence)
    if stripe is not None and not stripe.get_secret_value().startswith(("sk_live_", "rk_live_")):
        yield Problem("contradictory", name("stripe_live_secret_key"), "not a live key (sk_live_… or rk_live_…)")
    if settings.stripe_live_publishable_key is not None and not settings.stripe_live_publishable_key.startswith(
        "pk_live_"
    ):
        yield Problem("contradictory", name("stripe_live_publishable_key"), "not a live key (pk_live_…)")
    if settings.stripe_base_url != STRIPE_BASE_URL:
        yield Problem("sandbox", name("stripe_base_url"), f"not the vendor's {STRIPE_BASE_URL}")
    signing = settings.stripe_webhook_signing_key
    if signing is not None and SANDBOX_STRIPE_SIGNING_KEY in signing.get_secret_value().split(","):
        yield Problem(
            "sandbox", name("stripe_webhook_signing_key"), "the sandbox's published key: anybody could sign webhooks"
        )
    for field in ("stripe_sandbox_secret_key", "stripe_sandbox_publishable_key"):
        if getattr(settings, field) is not None:
            yield Problem("sandbox", name(field), "a test key has no place beside the live one")
