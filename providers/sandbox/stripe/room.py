"""Stripe's room in the sandbox: its API under `/stripe/v1`, the hosted page, signed events, switches and acts."""

from __future__ import annotations

from collections.abc import Mapping

import falcon
import stripe

from providers.sandbox.control import Vendor
from providers.sandbox.delivery import Target
from providers.sandbox.room import Bench, Room
from providers.sandbox.stripe.acts import SWITCHES, acts
from providers.sandbox.stripe.api import Api
from providers.sandbox.stripe.checkout import VENDOR, Checkout, Refused
from providers.sandbox.stripe.hosted import HostedPage
from providers.sandbox.stripe.money_back import MoneyBack

# Published, and worth nothing; the provider uses them wherever it is told of a sandbox.
SECRET_KEY = "sk_test_sandbox"
SIGNING_KEY = "whsec_sandbox"
PUBLISHED = {"STRIPE_SANDBOX_SECRET_KEY": SECRET_KEY, "STRIPE_WEBHOOK_SIGNING_KEY": SIGNING_KEY}


def open_room(bench: Bench) -> Room:
    checkout = Checkout(bench.store, bench.deliveries, bench.clock, lambda: f"{bench.url}/pay")
    money_back = MoneyBack(bench.store, checkout)

    def webhook_url() -> str:
        return str(bench.store.switches(VENDOR).get("webhook_url", bench.webhook_url))

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        key = "whsec_of_somebody_else" if forged else SIGNING_KEY
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), key, now)
        return {"Stripe-Signature": header, "User-Agent": "Stripe/1.0 (sandbox)"}

    return Room(
        target=Target(webhook_url, sign),
        controls=Vendor(SWITCHES, acts(bench.store, checkout, money_back), PUBLISHED),
        routes={
            "/v1/{path:path}": Api(bench.store, checkout, money_back, SECRET_KEY),
            "/pay/{session}": HostedPage(bench.store, checkout),
        },
        errors={Refused: _refused},
    )


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    """An act that cannot be carried out; the API answers its own errors."""
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = {"error": {"type": error.kind, "code": error.code, "message": str(error)}}
