"""iDenfy's calls under `/idenfy/api/v2`: JSON in and out, Basic authentication, error bodies."""

from __future__ import annotations

import base64
import hmac
import re
import time
from typing import Any

import falcon

from providers.sandbox.idenfy import objects
from providers.sandbox.idenfy.attempts import VENDOR, Attempts, Refused
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
TOKEN_TYPES = ("IDENTIFICATION", "DOCUMENT")
_PLAIN_NAME = re.compile(r"[^\d~`!@#$%^*()_+={}\[\]|:;\",<>/?\\]{1,100}")
_LIMITS = {"expiryTime": (0, 2_592_000), "sessionLength": (60, 3600)}
_LENGTHS = {"clientId": 100, "externalRef": 40, "address": 255}
_URLS = ("successUrl", "errorUrl", "unverifiedUrl", "callbackUrl")


class Api:
    """Every call of the API; `credentials` are those it accepts."""

    def __init__(self, store: Store, attempts: Attempts, credentials: tuple[str, str]) -> None:
        self._store, self._attempts = store, attempts
        self._authorization = b"Basic " + base64.b64encode(":".join(credentials).encode())

    def on_post(self, req: falcon.Request, resp: falcon.Response, call: str) -> None:
        self._require_key(req)
        self._fail_if_switched()
        body = self._body(req)
        lost = False
        with self._store.transaction():
            resp.status, resp.media = self._answer(call, body)
            lost = self._store.count_down(VENDOR, "answers_lost") is not None
        if lost:
            raise Refused(500, "INTERNAL_ERROR", "Carried out, but switched to lose the answer.")
        if resp.media is None:
            resp.text = ""

    def _answer(self, call: str, body: JsonObject) -> tuple[str, JsonObject | None]:
        match call:
            case "token":
                made = self._attempts.create(_checked(body))
                as_created = self._store.switches(VENDOR).get("token_201")
                return falcon.HTTP_201 if as_created else falcon.HTTP_200, objects.created(made)
            case "status":
                return falcon.HTTP_200, objects.status(self._attempts.find(_scan_ref(body)))
            case "delete":
                self._attempts.erase(_scan_ref(body))
                return falcon.HTTP_200, None
        raise Refused(404, "METHOD_NOT_ALLOWED", "There is no such call.")

    def _require_key(self, req: falcon.Request) -> None:
        if not hmac.compare_digest((req.auth or "").encode(), self._authorization):
            raise Refused(401, "UNAUTHORIZED", "Unauthorized.")

    def _fail_if_switched(self) -> None:
        """`api_slow`: seconds before each answer; `api_fail`: `{"status": 500, "count": 2}`."""
        time.sleep(self._store.switches(VENDOR).get("api_slow", 0))
        failing = self._store.count_down(VENDOR, "api_fail")
        if failing is not None:
            status = int(failing["status"])
            names = {401: "UNAUTHORIZED", 429: "TOO_MANY_REQUESTS", 500: "INTERNAL_ERROR"}
            raise Refused(status, names.get(status, "PARTNER_ERROR"), "Switched to fail.")

    @staticmethod
    def _body(req: falcon.Request) -> JsonObject:
        try:
            body = req.get_media()
        except falcon.HTTPError:
            raise Refused(400, "JSON_ERROR", "The body is not JSON.") from None
        if not isinstance(body, dict):
            raise Refused(400, "JSON_ERROR", "The body is no object.")
        return body


def _scan_ref(body: JsonObject) -> str:
    return str(_required(body, "scanRef"))


def _required(body: JsonObject, name: str) -> Any:
    if body.get(name) in (None, ""):
        raise Refused(400, "MISSING_VALUE", f"Field '{name}' is missing.")
    return body[name]


def _checked(body: JsonObject) -> JsonObject:
    """What a token is asked for, as the vendor's documents say it may be."""
    client = _required(body, "clientId")
    if not isinstance(client, str) or not client.isascii():
        raise _bad("clientId", "must be ASCII text")
    for name, most in _LENGTHS.items():
        if body.get(name) is not None and not (isinstance(body[name], str) and len(body[name]) <= most):
            raise _bad(name, f"must be text of at most {most} characters")
    if body.get("tokenType", "IDENTIFICATION") not in TOKEN_TYPES:
        raise _bad("tokenType", f"must be one of {', '.join(TOKEN_TYPES)}")
    for name, (least, most) in _LIMITS.items():
        if name in body and not (type(body[name]) is int and least <= body[name] <= most):
            raise _bad(name, f"must be a number from {least} to {most}")
    for name in _URLS:
        if body.get(name) is not None and not (
            isinstance(body[name], str)
            and 5 <= len(body[name]) <= 2048
            and body[name].startswith(("http://", "https://"))
        ):
            raise _bad(name, "must be a URL")
    for name in ("firstName", "lastName"):
        if body.get(name) is not None and not (isinstance(body[name], str) and _PLAIN_NAME.fullmatch(body[name])):
            raise _bad(name, "must be a name")
    if "locale" in body and not (isinstance(body["locale"], str) and re.fullmatch("[a-z]{2}", body["locale"])):
        raise _bad("locale", "must be two letters")
    return body


def _bad(name: str, message: str) -> Refused:
    return Refused(400, "BAD_VALUE", f"Field '{name}' {message}.")
