"""ClickPesa's room in the sandbox: its API under `/clickpesa/third-parties`, the pages, signed webhooks, switches."""

from __future__ import annotations

import json
from collections.abc import Mapping

import falcon

from providers.sandbox.clickpesa.acts import SWITCHES, acts
from providers.sandbox.clickpesa.api import Api, Keys
from providers.sandbox.clickpesa.hosted import HostedPage, Phone
from providers.sandbox.clickpesa.payments import Payments, Refused
from providers.sandbox.clickpesa.signing import checksum, compact
from providers.sandbox.control import Vendor
from providers.sandbox.delivery import Target
from providers.sandbox.room import Bench, Room

# Published, and worth nothing; the provider uses them wherever it is told of a sandbox.
PUBLISHED = {
    "CLICKPESA_CLIENT_ID": Keys.client_id,
    "CLICKPESA_API_KEY": Keys.api_key,
    "CLICKPESA_CHECKSUM_KEY": Keys.checksum_key,
}
FORGED_KEY = "key of somebody else"


def open_room(bench: Bench) -> Room:
    payments = Payments(bench.store, bench.deliveries, bench.clock, Keys.client_id, f"{bench.url}/pay")

    def webhook_url() -> str:
        return str(payments.switch("webhook_url", bench.webhook_url))

    def made(body: bytes, forged: bool) -> tuple[str, str]:
        """How a webhook is signed, and its checksum."""
        method = str(payments.switch("webhook_checksum", "canonical"))
        key = FORGED_KEY if forged else Keys.checksum_key
        return method, checksum("old" if method == "old" else "canonical", key, json.loads(body))

    def seal(body: bytes, forged: bool) -> bytes:
        method, digest = made(body, forged)
        if method in ("none", "header"):
            return body
        return compact({**json.loads(body), "checksum": digest, "checksumMethod": method}).encode()

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        method, digest = made(body, forged)
        return {"X-ClickPesa-Signature": digest} if method == "header" else {}

    return Room(
        target=Target(webhook_url, sign, seal),
        controls=Vendor(SWITCHES, acts(bench.store, payments), PUBLISHED),
        routes={
            "/third-parties/{path:path}": Api(bench.store, payments, bench.clock),
            "/pay/{reference}": HostedPage(bench.store, payments, f"{bench.product_url}/payment/return"),
            "/phone": Phone(bench.store, payments),
        },
        errors={Refused: _refused},
    )


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    """An act that cannot be carried out; the API answers its own errors."""
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = error.body()
