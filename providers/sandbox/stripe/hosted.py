"""The hosted page of a Checkout session: a person chooses how the payment goes and presses a button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from providers.sandbox.store import Store
from providers.sandbox.stripe.checkout import VENDOR, Checkout, Refused

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

METHODS = {
    "4242424242424242": "Card that is accepted",
    "4000000000000002": "Card that is declined",
    "4000000000009995": "Card without enough money",
    "bank_debit": "Bank debit: the money arrives later",
}
DECLINES = {"4000000000000002": "card_declined", "4000000000009995": "insufficient_funds"}


class HostedPage:
    def __init__(self, store: Store, checkout: Checkout) -> None:
        self._store, self._checkout = store, checkout

    def on_get(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        self._show(resp, session)

    def on_post(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        form = req.get_media()
        method, email = form.get("method", ""), form.get("email", "") or "buyer@example.org"
        try:
            with self._store.transaction():
                if method not in METHODS or self._store.switches(VENDOR).get("decline_all"):
                    method = "4000000000000002"
                if method in DECLINES:
                    self._checkout.decline(session, DECLINES[method])
                    done = None
                else:
                    pay = self._checkout.pay_later if method == "bank_debit" else self._checkout.pay
                    done = pay(session, email)
        except Refused as refused:
            self._show(resp, session, str(refused))
            return
        if done is None:
            self._show(resp, session, "Your card was declined. Try another way to pay.")
            return
        raise falcon.HTTPSeeOther(done["success_url"].replace("{CHECKOUT_SESSION_ID}", done["id"]))

    def _show(self, resp: falcon.Response, key: str, problem: str = "") -> None:
        try:
            session = self._checkout.session(key)
        except Refused:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_HTML
        resp.status = falcon.HTTP_402 if problem else falcon.HTTP_200
        resp.text = _PAGES.get_template("checkout.html").render(
            session=session, problem=problem, methods=METHODS, amount=_amount(session), items=_items(session)
        )


def _amount(session: dict[str, Any]) -> str:
    return f"{session['amount_total'] / 100:,.2f} {session['currency'].upper()}"


def _items(session: dict[str, Any]) -> list[str]:
    return [
        item.get("price_data", {}).get("product_data", {}).get("name", "Payment") for item in session["_line_items"]
    ]
