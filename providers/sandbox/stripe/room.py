"""Stripe's room in the sandbox: its API under `/stripe/v1`, the hosted page, signed events, switches and acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import stripe

from providers.sandbox.control import Vendor
from providers.sandbox.delivery import Target
from providers.sandbox.room import Bench, Room
from providers.sandbox.stripe.api import Api
from providers.sandbox.stripe.checkout import VENDOR, Checkout, Refused
from providers.sandbox.stripe.hosted import HostedPage

# Published, and worth nothing; the provider uses them wherever it is told of a sandbox.
SECRET_KEY = "sk_test_sandbox"
SIGNING_KEY = "whsec_sandbox"


def open_room(bench: Bench) -> Room:
    checkout = Checkout(bench.store, bench.deliveries, bench.clock, lambda: f"{bench.url}/pay")

    def webhook_url() -> str:
        return str(bench.store.switches(VENDOR).get("webhook_url", bench.webhook_url))

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        key = "whsec_of_somebody_else" if forged else SIGNING_KEY
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), key, now)
        return {"Stripe-Signature": header, "User-Agent": "Stripe/1.0 (sandbox)"}

    return Room(
        target=Target(webhook_url, sign),
        controls=_controls(checkout),
        routes={
            "/v1/{path:path}": Api(bench.store, checkout, SECRET_KEY),
            "/pay/{session}": HostedPage(bench.store, checkout),
        },
        errors={Refused: _refused},
    )


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    """An act that cannot be carried out; the API answers its own errors."""
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = {"error": {"type": error.kind, "code": error.code, "message": str(error)}}


def _controls(checkout: Checkout) -> Vendor:
    def arrive(succeeded: bool) -> Any:
        def act(asked: dict[str, Any]) -> dict[str, Any]:
            checkout.arrive(asked["session"], succeeded=succeeded)
            return {}

        return act

    return Vendor(
        switches={
            "decline_all": "true: every card is declined",
            "api_fail": '{"status": 500, "count": 2}: the next calls fail so',
            "api_slow": "seconds before each answer of the API",
            "settle_as": '{"amount": 900, "currency": "eur"}: payments come in other than asked for',
        },
        acts={
            "pay": (
                "pay a session without its page; session, method: card or bank_debit",
                lambda asked: (checkout.pay_later if asked.get("method") == "bank_debit" else checkout.pay)(
                    asked["session"], "buyer@example.org"
                ),
            ),
            "settle_delayed": ("a bank debit's money arrives; session", arrive(True)),
            "fail_delayed": ("a bank debit's money never arrives; session", arrive(False)),
            "expire": ("a session's time is over; session", lambda asked: checkout.expire(asked["session"])),
            "refund": (
                "refund in the vendor's dashboard; payment_intent, amount (cents, default the rest)",
                lambda asked: checkout.refund({name: asked[name] for name in asked if name != "act"}),
            ),
            "fail_refund": ("a refund comes back; refund", lambda asked: checkout.fail_refund(asked["refund"])),
            "dispute": (
                "a payer contests a payment; payment_intent, amount (cents, default all)",
                lambda asked: checkout.open_dispute(asked["payment_intent"], asked.get("amount")),
            ),
            "dispute_won": (
                "the dispute ends for us; dispute",
                lambda asked: checkout.close_dispute(asked["dispute"], won=True),
            ),
            "dispute_lost": (
                "the dispute ends against us; dispute",
                lambda asked: checkout.close_dispute(asked["dispute"], won=False),
            ),
        },
        published={"STRIPE_SANDBOX_SECRET_KEY": SECRET_KEY, "STRIPE_WEBHOOK_SIGNING_KEY": SIGNING_KEY},
    )
