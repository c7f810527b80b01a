"""Stripe's REST calls under `/stripe/v1`: form bodies in, JSON out, idempotency keys, error bodies."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import falcon

from providers.sandbox.store import Store
from providers.sandbox.stripe import forms, objects, oracle
from providers.sandbox.stripe.checkout import VENDOR, Checkout, Refused
from providers.sandbox.stripe.money_back import MoneyBack

JsonObject = dict[str, Any]
EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "balance_transaction": "balance_transaction",
}
SOURCES = {"ch": "charge", "re": "refund", "du": "dispute"}
"""What a balance transaction's `source` is, by the beginning of its id."""
LISTS = {
    "events": "event",
    "refunds": "refund",
    "disputes": "dispute",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "balance_transactions": "balance_transaction",
}
KEYS_LIVE = 24 * 3600
"""Seconds that an idempotency key is remembered."""


class Api:
    """Every path of the API; `secret_key` is the one it accepts."""

    def __init__(self, store: Store, checkout: Checkout, money_back: MoneyBack, secret_key: str) -> None:
        self._store, self._checkout, self._money_back, self._secret_key = store, checkout, money_back, secret_key

    def on_get(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        self._serve(req, resp, path, idempotent=False)

    def on_post(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        self._serve(req, resp, path, idempotent=True)

    def _serve(self, req: falcon.Request, resp: falcon.Response, path: str, *, idempotent: bool) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.set_header("Request-Id", objects.new_id("req"))
        body = req.bounded_stream.read().decode()
        try:
            self._authenticate(req)
            self._switch_failures(resp)
            key = req.get_header("Idempotency-Key") if idempotent else None
            if key is None:
                status, text = self._answer(req.method, path, body if idempotent else req.query_string)
            else:
                status, text, replayed = self._once(key, f"{path}\n{body}", path, body)
                if replayed:
                    resp.set_header("Idempotent-Replayed", "true")
            if idempotent and self._store.count_down(VENDOR, "answers_lost") is not None:
                raise Refused("Carried out, but switched to lose the answer.", status=500, kind="api_error")
        except Refused as refused:
            status, text = _error(refused)
        resp.status = falcon.code_to_http_status(status)
        resp.text = text

    def _authenticate(self, req: falcon.Request) -> None:
        given = (req.auth or "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._secret_key.encode()):
            raise Refused("Invalid API Key provided", status=401)

    def _switch_failures(self, resp: falcon.Response) -> None:
        """`api_fail`: `{"status": 500, "count": 2}`, `api_slow`: seconds before each answer."""
        time.sleep(float(self._store.switches(VENDOR).get("api_slow", 0)))
        failing = self._store.count_down(VENDOR, "api_fail")
        if failing is not None:
            raise Refused("Switched to fail.", status=int(failing["status"]), kind="api_error")

    def _once(self, key: str, request: str, path: str, body: str) -> tuple[int, str, bool]:
        """The first answer for a key is the answer as long as the key is remembered."""
        digest = hashlib.sha256(request.encode()).hexdigest()
        with self._store.transaction():
            self._store.forget_answers(VENDOR, self._checkout.now() - KEYS_LIVE)
            kept = self._store.answer(VENDOR, key)
            if kept is not None:
                if kept[0] != digest:
                    raise Refused(
                        "Keys for idempotent requests can only be used with the same parameters they were "
                        "first used with.",
                        kind="idempotency_error",
                    )
                return kept[1], kept[2], True
            try:
                status, text = self._answer("POST", path, body)
            except Refused as refused:
                status, text = _error(refused)
            self._store.keep_answer(VENDOR, key, digest, status, text, self._checkout.now())
            return status, text, False

    # --- paths --------------------------------------------------------------------------------------------------

    def _answer(self, verb: str, path: str, text: str) -> tuple[int, str]:
        try:
            params = forms.decode(text)
        except forms.FormError as error:
            raise Refused(str(error)) from None
        with self._store.transaction():
            found = self._route(verb, path.strip("/").split("/"), params)
            return 200, json.dumps(self._expand(objects.public(found), params.pop("expand", [])))

    def _route(self, verb: str, parts: list[str], params: JsonObject) -> JsonObject:
        match verb, parts:
            case "POST", ["checkout", "sessions"]:
                return self._checkout.create(_checked("checkout.sessions.create", params))
            case "GET", ["checkout", "sessions"]:
                wanted = params.get("payment_intent")
                return self._list(
                    "checkout.session", params, lambda item: item["payment_intent"] == wanted if wanted else True
                )
            case "GET", ["checkout", "sessions", key]:
                return self._checkout.session(key)
            case "POST", ["checkout", "sessions", key, "expire"]:
                return self._checkout.expire(key)
            case "GET", ["checkout", "sessions", key, "line_items"]:
                items = self._checkout.session(key)["_line_items"]
                return {
                    "object": "list",
                    "data": items,
                    "has_more": False,
                    "url": f"/v1/checkout/sessions/{key}/line_items",
                }
            case "POST", ["refunds"]:
                return self._money_back.refund(_checked("refunds.create", params))
            case "GET", [listed] if listed in LISTS:
                created = params.get("created") or {}
                since, until = int(created.get("gte", 0)), int(created.get("lt", 2**62))
                named = ("payment_intent", "charge", "type", "source")
                wanted = {name: params[name] for name in named if name in params}
                return self._list(
                    LISTS[listed],
                    params,
                    lambda item: (
                        since <= item["created"] < until
                        and all(item.get(name) == value for name, value in wanted.items())
                    ),
                )
            case "GET", [listed, key] if listed in LISTS:
                return self._checkout.find(LISTS[listed], key)
        raise Refused(f"Unrecognized request URL ({verb}: /v1/{'/'.join(parts)}).", status=404)

    def _list(self, kind: str, params: JsonObject, keep: Any) -> JsonObject:
        items = [objects.public(item) for item in self._store.all(VENDOR, kind) if keep(item)]
        if after := params.get("starting_after"):
            keys = [item["id"] for item in items]
            items = items[keys.index(after) + 1 :] if after in keys else []
        limit = min(int(params.get("limit", 10)), 100)
        return {"object": "list", "data": items[:limit], "has_more": len(items) > limit, "url": f"/v1/{kind}"}

    def _refunds_of(self, charge: str) -> JsonObject:
        return self._list("refund", {}, lambda item: item["charge"] == charge)

    def _expand(self, body: JsonObject, paths: Any) -> JsonObject:
        """`expand[]=payment_intent.latest_charge`: objects in place of their ids."""
        for path in paths if isinstance(paths, list) else [paths]:
            names = str(path).split(".")
            for place in body["data"] if names[0] == "data" else [body]:
                self._expand_one(place, names[names[0] == "data" :])
        return body

    def _expand_one(self, place: JsonObject, names: list[str]) -> None:
        for name in names:
            if name == "refunds" and place.get("object") == "charge":
                place["refunds"] = self._refunds_of(place["id"])
                return
            kind = SOURCES.get(str(place.get(name)).partition("_")[0]) if name == "source" else EXPANDABLE.get(name)
            if kind is None or not place.get(name):
                return
            if isinstance(place[name], str):
                place[name] = objects.public(self._checkout.find(kind, place[name]))
            place = place[name]


def _checked(call: str, params: JsonObject) -> JsonObject:
    expand = params.get("expand")
    try:
        checked = oracle.check(call, params)
    except oracle.UnknownParams as wrong:
        if wrong.missing:
            raise Refused(
                f"Missing required param: {wrong.param}.", code="parameter_missing", param=wrong.param
            ) from None
        raise Refused(
            f"Received unknown or invalid parameter: {wrong.param} ({wrong})",
            code="parameter_unknown",
            param=wrong.param,
        ) from None
    if expand is not None:
        params["expand"] = expand
    return checked


def _error(refused: Refused) -> tuple[int, str]:
    body: JsonObject = {"type": refused.kind, "message": str(refused)}
    body |= {name: value for name, value in (("code", refused.code), ("param", refused.param)) if value}
    return refused.status, json.dumps({"error": body})
