"""ClickPesa's REST calls under `/clickpesa/third-parties`: tokens, checksums, JSON in and out, two forms of errors."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from decimal import Decimal, InvalidOperation
from typing import Any

import falcon

from codegen.runtime.context import Clock
from providers.sandbox.clickpesa.payments import VENDOR, Payments, Refused
from providers.sandbox.clickpesa.signing import checksum
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
TOKEN_LIFE = 3600
"""Seconds that a token is good."""
_REFERENCE = re.compile("[A-Za-z0-9]{1,20}")
_PHONE = re.compile("255[0-9]{9}")
FEE = 123


class Keys:
    """What the sandbox publishes and takes."""

    client_id, api_key, checksum_key = "IDsandbox", "SKsandbox", "CHKsandbox"


class Api:
    """Every path of the API."""

    def __init__(self, store: Store, payments: Payments, clock: Clock) -> None:
        self._store, self._payments, self._clock = store, payments, clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        self._serve(req, resp, path)

    def on_post(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        self._serve(req, resp, path)

    def _serve(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        resp.content_type = falcon.MEDIA_JSON
        time.sleep(float(self._payments.switch("api_slow", 0)))
        try:
            failing = self._store.count_down(VENDOR, "api_fail")
            if failing is not None:
                raise Refused("Switched to fail.", int(failing["status"]))
            with self._store.transaction():
                found = self._answer(req, path.strip("/").split("/"))
            if (
                req.method == "POST"
                and path != "generate-token"
                and self._store.count_down(VENDOR, "answers_lost") is not None
            ):
                raise Refused("Carried out, but switched to lose the answer.", 500)
        except Refused as refused:
            resp.status = falcon.code_to_http_status(refused.status)
            found = refused.body()
        resp.text = json.dumps(found)

    # --- tokens and checksums -----------------------------------------------------------------------------------

    def _new_token(self, req: falcon.Request) -> JsonObject:
        given = (req.get_header("client-id") or "", req.get_header("api-key") or "")
        if given[0] != Keys.client_id:
            raise Refused("Invalid client details", 403)
        if not hmac.compare_digest(given[1].encode(), Keys.api_key.encode()):
            raise Refused("Invalid or Expired API-Key", 403)
        token = f"Bearer eyJ{secrets.token_urlsafe(24)}"
        until = self._clock.now().timestamp() + float(self._payments.switch("token_life", TOKEN_LIFE))
        self._store.put(VENDOR, "token", {"id": token, "until": until, "checksum": self._checksum_mode()})
        return {"success": True, "token": token}

    def _authenticate(self, req: falcon.Request) -> None:
        token = self._store.get(VENDOR, "token", req.auth or "")
        good = token is not None and token["until"] > self._clock.now().timestamp()
        if token is None or not good or token["checksum"] != self._checksum_mode():
            raise Refused("Unauthorized", 401)

    def _checksum_mode(self) -> str:
        return str(self._payments.switch("checksum", "canonical"))

    def _body(self, req: falcon.Request) -> JsonObject:
        try:
            body = json.loads(req.bounded_stream.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("Unexpected token in JSON", listed=True)
        mode = self._checksum_mode()
        if mode != "off":
            good = checksum(mode, Keys.checksum_key, body)
            if not hmac.compare_digest(good, str(body.get("checksum"))):
                raise Refused("Invalid checksum", listed=True)
        return body

    # --- paths --------------------------------------------------------------------------------------------------

    def _answer(self, req: falcon.Request, parts: list[str]) -> Any:
        if (req.method, parts) == ("POST", ["generate-token"]):
            return self._new_token(req)
        self._authenticate(req)
        match req.method, parts:
            case "POST", ["checkout-link", "generate-checkout-url"]:
                return self._link(self._body(req))
            case "POST", ["payments", "preview-ussd-push-request"]:
                return self._preview(self._body(req))
            case "POST", ["payments", "initiate-ussd-push-request"]:
                return self._push(self._body(req))
            case "GET", ["payments", "all"]:
                return self._all(req)
            case "GET", ["payments", reference]:
                found = self._payments.of_order(reference)
                if not found:
                    raise Refused(f"Invalid or missing payment: {reference}", 404)
                return [_number(each) for each in found]
            case "GET", ["account", "balance"]:
                return self._balance()
        raise Refused(f"Cannot {req.method} /third-parties/{'/'.join(parts)}", 404, listed=True)

    def _link(self, body: JsonObject) -> JsonObject:
        _reference(body)
        if body.get("orderCurrency") not in ("TZS", "USD"):
            raise Refused("orderCurrency must be one of the following values: TZS, USD", listed=True)
        made = self._payments.make_link(body, _total(body))
        return {"checkoutLink": made["checkoutLink"], "clientId": Keys.client_id}

    def _push(self, body: JsonObject) -> JsonObject:
        amount = self._checked_push(body)
        phone = str(body.get("phoneNumber"))
        if _PHONE.fullmatch(phone) is None:
            raise Refused("Invalid / unsupported phone number")
        payment = self._payments.push(str(body["orderReference"]), amount, phone)
        names = ("id", "status", "channel", "orderReference", "collectedAmount", "collectedCurrency", "createdAt")
        return {**{name: payment[name] for name in names}, "clientId": Keys.client_id}

    def _preview(self, body: JsonObject) -> JsonObject:
        self._checked_push(body)
        methods = [{"name": name, "status": "AVAILABLE", "fee": FEE} for name in ("TIGO-PESA", "M-PESA")]
        sender = {"accountName": "Zoë Sample", "accountNumber": body.get("phoneNumber"), "accountProvider": "TIGO-PESA"}
        return {"activeMethods": methods, **({"sender": sender} if body.get("fetchSenderDetails") else {})}

    @staticmethod
    def _checked_push(body: JsonObject) -> str:
        _reference(body)
        if body.get("currency") != "TZS":
            raise Refused("currency must be one of the following values: TZS", listed=True)
        return _amount(body.get("amount"))

    def _all(self, req: falcon.Request) -> JsonObject:
        """Filters by what payments hold, and by the days of their creation, both included."""
        first, last = req.get_param("startDate") or "", req.get_param("endDate") or "9999"
        named = ("status", "collectedCurrency", "channel", "orderReference")
        wanted = {name: value for name in named if (value := req.get_param(name)) is not None}
        found = [
            each
            for each in self._payments.all()
            if first <= each["createdAt"][:10] <= last and all(each[name] == value for name, value in wanted.items())
        ]
        if (req.get_param("orderBy") or "DESC").upper() == "ASC":
            found.reverse()
        skip = req.get_param_as_int("skip") or 0
        limit = req.get_param_as_int("limit") or 20
        return {"data": [_number(each) for each in found[skip : skip + limit]], "totalCount": len(found)}

    def _balance(self) -> list[JsonObject]:
        totals: dict[str, Decimal] = {"TZS": Decimal(0)}
        for each in self._payments.all():
            if each["status"] in ("SUCCESS", "SETTLED"):
                currency = each["collectedCurrency"]
                totals[currency] = totals.get(currency, Decimal(0)) + Decimal(each["collectedAmount"])
        return [{"currency": name, "balance": float(total)} for name, total in totals.items()]


def _number(payment: JsonObject) -> JsonObject:
    """As the query answers it: the amount is a number."""
    amount = Decimal(payment["collectedAmount"])
    return {**payment, "collectedAmount": int(amount) if amount == int(amount) else float(amount)}


def _reference(body: JsonObject) -> None:
    if not body.get("orderReference"):
        raise Refused("Order reference is required")
    if not isinstance(body["orderReference"], str) or _REFERENCE.fullmatch(body["orderReference"]) is None:
        raise Refused("Invalid Order Reference, should only contain alphanumeric characters and cannot be blank")


def _total(body: JsonObject) -> str:
    """Of the whole, or of the items."""
    items = body.get("orderItems")
    if body.get("totalPrice") is not None:
        return _amount(body["totalPrice"])
    if not isinstance(items, list) or not items:
        raise Refused("Total Price is required")
    if not all(isinstance(each, dict) and {"name", "price", "quantity"} <= each.keys() for each in items):
        raise Refused("All items must have a name|price|quantity")
    return str(sum((Decimal(_amount(each["price"])) * int(each["quantity"]) for each in items), Decimal(0)))


def _amount(text: Any) -> str:
    try:
        amount = Decimal(text) if isinstance(text, str) else Decimal(-1)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount <= 0:
        raise Refused("amount must be a positive number as a string", listed=True)
    return str(text)
