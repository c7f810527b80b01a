"""The sandbox as one WSGI application: `/stripe`, the hosted pages, `/_control`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon
import stripe

from codegen.runtime.context import Clock, SystemClock
from providers.sandbox.control import Control, Vendor
from providers.sandbox.delivery import Deliveries, Target
from providers.sandbox.store import Store
from providers.sandbox.stripe.api import Api
from providers.sandbox.stripe.checkout import VENDOR, Checkout, Refused
from providers.sandbox.stripe.hosted import HostedPage

# Published, and worth nothing.
STRIPE_SECRET_KEY = "sk_test_sandbox"
STRIPE_SIGNING_KEY = "whsec_sandbox"
CSP = "default-src 'none'; style-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'"


Application = falcon.App[Any, Any]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The application with what must be started and stopped around it."""

    app: Application
    store: Store
    deliveries: Deliveries

    def close(self) -> None:
        self.deliveries.stop()
        self.store.close()


def create(store_path: Path | str, *, own_url: str, product_url: str, clock: Clock | None = None) -> Sandbox:
    """Build the sandbox; `own_url` is where browsers reach it, `product_url` whose webhooks it calls."""
    clock = clock or SystemClock()
    store = Store(store_path)

    def webhook_url() -> str:
        return str(store.switches(VENDOR).get("webhook_url", f"{product_url}/webhooks/stripe"))

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        key = "whsec_of_somebody_else" if forged else STRIPE_SIGNING_KEY
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), key, now)
        return {"Stripe-Signature": header, "User-Agent": "Stripe/1.0 (sandbox)"}

    deliveries = Deliveries(store, clock, {VENDOR: Target(webhook_url, sign)})
    checkout = Checkout(store, deliveries, clock, lambda: f"{own_url}/stripe/pay")
    control = Control(store, deliveries, {VENDOR: _stripe_vendor(checkout)})
    app: Application = falcon.App(middleware=[_Headers()])
    app.add_error_handler(Refused, _refused)
    app.add_route("/stripe/v1/{path:path}", Api(store, checkout, STRIPE_SECRET_KEY))
    app.add_route("/stripe/pay/{session}", HostedPage(store, checkout))
    app.add_route("/_control", control)
    app.add_route("/_control/{vendor}", control, suffix="vendor")
    app.add_static_route("/static", Path(__file__).parent / "static")
    return Sandbox(app, store, deliveries)


class _Headers:
    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        resp.set_header("Content-Security-Policy", CSP)
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Cache-Control", "no-store")


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    """An act that cannot be carried out; the API answers its own errors."""
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = {"error": {"type": error.kind, "code": error.code, "message": str(error)}}


def _stripe_vendor(checkout: Checkout) -> Vendor:
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
        published={"STRIPE_SANDBOX_SECRET_KEY": STRIPE_SECRET_KEY, "STRIPE_WEBHOOK_SIGNING_KEY": STRIPE_SIGNING_KEY},
    )
