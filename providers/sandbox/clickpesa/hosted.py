"""The pages people meet: the hosted page of a link, and the phone on which pushes are answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from providers.sandbox.clickpesa.payments import Payments, Refused
from providers.sandbox.store import Store

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
METHODS = {
    "approve": "The payment goes through",
    "decline": "The payment is declined",
    "later": "The payment is processed, and goes through later",
}
SHOWN = 20


class HostedPage:
    """`/clickpesa/pay/<order reference>`."""

    def __init__(self, store: Store, payments: Payments, return_url: str) -> None:
        self._store, self._payments, self._return_url = store, payments, return_url

    def on_get(self, req: falcon.Request, resp: falcon.Response, reference: str) -> None:
        self._show(resp, reference)

    def on_post(self, req: falcon.Request, resp: falcon.Response, reference: str) -> None:
        form = req.get_media()
        method = form.get("method", "") if not self._payments.switch("decline_all") else "decline"
        phone = form.get("phone", "") or "255700000000"
        try:
            with self._store.transaction():
                payment = self._payments.begin(reference, phone)
                if method == "approve":
                    self._payments.succeed(payment["id"])
                elif method != "later":
                    self._payments.fail(payment["id"])
        except Refused as refused:
            self._show(resp, reference, str(refused))
            return
        if method not in ("approve", "later"):
            self._show(resp, reference, "The payment was declined: insufficient balance. Try again.")
            return
        raise falcon.HTTPSeeOther(str(self._payments.switch("return_url", self._return_url)))

    def _show(self, resp: falcon.Response, reference: str, problem: str = "") -> None:
        try:
            link = self._payments.link(reference)
        except Refused:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_HTML
        resp.status = falcon.HTTP_402 if problem else falcon.HTTP_200
        paid = any(each["status"] in ("SUCCESS", "SETTLED") for each in self._payments.of_order(reference))
        amount = f"{link['total']} {link['currency']}"
        resp.text = _PAGES.get_template("pay.html").render(
            link=link, amount=amount, problem=problem, methods=METHODS, paid=paid
        )


class Phone:
    """`/clickpesa/phone`: the pushes that wait for an answer, and what became of the last ones."""

    def __init__(self, store: Store, payments: Payments) -> None:
        self._store, self._payments = store, payments

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._show(resp)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = req.get_media()
        act = self._payments.succeed if form.get("answer") == "approve" else self._payments.fail
        try:
            with self._store.transaction():
                act(form.get("payment", ""))
        except Refused as refused:
            self._show(resp, str(refused))
            return
        raise falcon.HTTPSeeOther(req.path)

    def _show(self, resp: falcon.Response, problem: str = "") -> None:
        pushes = [each for each in self._payments.all() if not self._is_link(each)][:SHOWN]
        resp.content_type = falcon.MEDIA_HTML
        resp.status = falcon.HTTP_409 if problem else falcon.HTTP_200
        resp.set_header("Refresh", "3")
        resp.text = _PAGES.get_template("phone.html").render(
            waiting=[each for each in pushes if each["status"] == "PROCESSING"],
            answered=[each for each in pushes if each["status"] != "PROCESSING"][:5],
            problem=problem,
        )

    def _is_link(self, payment: dict[str, Any]) -> bool:
        try:
            return bool(self._payments.link(payment["orderReference"]))
        except Refused:
            return False
