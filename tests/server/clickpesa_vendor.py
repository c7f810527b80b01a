"""ClickPesa's stand-in: a sandbox that serves, providers that call it, orders, and webhooks as it signs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.models.onboarding import CheckoutOrder, WebhookRequest
from providers.clickpesa import ClickPesaProvider, ClickPesaSettings
from providers.sandbox.app import Sandbox, create
from providers.sandbox.clickpesa import signing
from providers.sandbox.clickpesa.api import Keys
from tests.programs import free_port
from tests.server.payment_world import serving
from tests.waiting import PATIENCE

NOW = datetime.now(UTC).replace(microsecond=0)
PHONE = "+255712345678"
RATE = Decimal(2650)


def order(cents: int = 1000, **fields: Any) -> CheckoutOrder:
    return CheckoutOrder(
        top_up_sid=new_sid(),
        user_sid=new_sid(),
        amount=Money.from_cents(cents),
        description="Credit",
        return_url="https://site.example/back?top_up=1",
        cancel_url="https://site.example/",
        **fields,
    )


def request(event: Any, key: str = Keys.checksum_key, method: str = "canonical") -> WebhookRequest:
    """A webhook with its checksum in the body."""
    digest = signing.checksum(method, key, event)
    body = {**event, "checksum": digest, "checksumMethod": method}
    return WebhookRequest(headers={}, body=signing.compact(body).encode(), received_at=NOW)


def settings(url: str, **fields: Any) -> ClickPesaSettings:
    told = {
        "client_id": Keys.client_id,
        "api_key": Keys.api_key,
        "checksum_keys": Keys.checksum_key,
        "tzs_per_dollar": str(RATE),
        "base_url": f"{url}/clickpesa/third-parties",
    }
    return ClickPesaSettings.model_validate({**told, **fields})


class Vendor:
    """A sandbox that serves, and a provider that calls it."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url, self.sandbox = url, sandbox
        self.provider = self.made()
        self.http = httpx.Client(timeout=PATIENCE, verify=False)

    def made(self, **fields: Any) -> ClickPesaProvider:
        return ClickPesaProvider(settings(self.url, **fields))

    def act(self, name: str, **fields: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/_control/clickpesa", json={"act": name, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def switch(self, **switches: Any) -> None:
        assert self.http.post(f"{self.url}/_control/clickpesa", json=switches).status_code == 200

    def event(self, payment: dict[str, Any]) -> WebhookRequest:
        """What a webhook says of a payment, in the documented form, signed."""
        names = ("id", "status", "orderReference", "collectedAmount", "collectedCurrency", "updatedAt", "createdAt")
        return request({"event": "PAYMENT RECEIVED", "data": {name: payment[name] for name in names}})


@contextmanager
def clickpesa() -> Iterator[Vendor]:
    """It serves, and sends no webhooks by itself."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sandbox = create(":memory:", own_url=url, product_url="http://127.0.0.1:9")
    sandbox.store.set_switch("clickpesa", "webhooks", "drop")
    try:
        with serving(sandbox.app, port):
            yield Vendor(url, sandbox)
    finally:
        sandbox.store.close()
