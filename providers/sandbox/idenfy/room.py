"""iDenfy's room in the sandbox: its API under `/idenfy/api/v2`, hosted page, signed callbacks, switches and acts."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

import falcon

from providers.sandbox.control import JsonObject, Vendor
from providers.sandbox.delivery import Target
from providers.sandbox.idenfy.api import Api
from providers.sandbox.idenfy.attempts import VENDOR, Attempts, Refused
from providers.sandbox.idenfy.hosted import HostedPage, Redirect
from providers.sandbox.room import Bench, Room
from providers.sandbox.switches import Switch, counts, flag, moment, names, one_of, seconds

# Published, and worth nothing; the provider uses them wherever it is told of a sandbox.
API_KEY, API_SECRET, SIGNING_KEY = "idenfy-sandbox", "idenfy-sandbox-secret", "signing-sandbox"
PUBLISHED = {"IDENFY_API_KEY": API_KEY, "IDENFY_API_SECRET": API_SECRET, "IDENFY_WEBHOOK_SIGNING_KEY": SIGNING_KEY}
SWITCHES: Mapping[str, Switch] = {
    "api_fail": counts(
        '{"status": 500, "count": 2}: the next calls fail so and do nothing (401, 409, 429, 500 …)', "status", "count"
    ),
    "answers_lost": counts('{"count": 2}: the next calls are carried out, but answered with 500', "count"),
    "api_slow": seconds("seconds before each answer of the API"),
    "token_201": flag("true: a token is answered with 201 instead of 200"),
    "manual": one_of(
        '"APPROVED", "DENIED", "SUSPECTED": people decide so after the machine, with a second callback',
        "APPROVED",
        "DENIED",
        "SUSPECTED",
    ),
    "manual_first": flag("true: the callback of people comes before that of the machine"),
    "webhook_lost": names('["APPROVED", …]: callbacks with these results are never sent'),
    "webhook_unsigned": flag("true: callbacks come without their signature"),
    "escaped": flag("false: characters beyond ASCII stand in callbacks as they are, not as \\uXXXX"),
    "event_time": moment("Unix time that callbacks claim as their finishTime; 0: the true one"),
}


def open_room(bench: Bench) -> Room:
    attempts = Attempts(bench.store, bench.deliveries, bench.clock, lambda: f"{bench.url}/ui")

    def webhook_url() -> str:
        return str(bench.store.switches(VENDOR).get("webhook_url", bench.webhook_url))

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        if bench.store.switches(VENDOR).get("webhook_unsigned"):
            return {}
        key = "a key of somebody else" if forged else SIGNING_KEY
        return {"Idenfy-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}

    return Room(
        target=Target(webhook_url, sign),
        controls=Vendor(SWITCHES, _acts(attempts), PUBLISHED),
        routes={
            "/api/v2/redirect": Redirect(attempts),
            "/api/v2/{call}": Api(bench.store, attempts, (API_KEY, API_SECRET)),
            "/ui": HostedPage(bench.store, attempts),
        },
        errors={Refused: _refused},
    )


def _acts(attempts: Attempts) -> Mapping[str, tuple[str, Callable[[JsonObject], JsonObject]]]:
    def decided(act: Callable[[JsonObject], JsonObject]) -> Callable[[JsonObject], JsonObject]:
        def run(asked: JsonObject) -> JsonObject:
            return {"status": act(attempts.find(asked["scanRef"]))["_overall"]}

        return run

    def deny(asked: JsonObject) -> JsonObject:
        codes = asked.get("codes", ["DOC_EXPIRED"])
        return {"status": attempts.deny(attempts.find(asked["scanRef"]), codes)["_overall"]}

    def tell(asked: JsonObject) -> JsonObject:
        attempts.tell(attempts.find(asked["scanRef"]), asked["overall"], asked.get("final"))
        return {}

    return {
        "approve": ("an attempt is approved; scanRef", decided(attempts.approve)),
        "deny": ("an attempt is denied; scanRef, codes (of document, face, mismatch; default DOC_EXPIRED)", deny),
        "suspect": ("an attempt is suspected; scanRef", decided(attempts.suspect)),
        "review": ("the machine approves, people will look again; scanRef", decided(attempts.review)),
        "expire": ("an attempt's time is over; scanRef", decided(attempts.expire)),
        "tell": ("send any callback of an attempt; scanRef, overall, final (true, false or left out)", tell),
    }


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = {"identifier": error.identifier, "message": str(error), "severity": "NOT_SEVERE"}
