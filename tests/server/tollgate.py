"""A payment provider that is not ours, with all that a vendor needs to bring: the tests install it as a plugin."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import falcon
from pydantic import Field, SecretStr

from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.plugins.settings import Finding, PluginSettings
from codegen.runtime.values.types import Money
from generated.errors.onboarding import InvalidSignature
from generated.models.onboarding import PaymentCapabilities, WebhookHead, WebhookRequest
from tests.server.stub_provider import StubProvider


class TollgateSettings(PluginSettings):
    token: SecretStr = Field(validation_alias="TOLLGATE_TOKEN")
    sandbox_url: str | None = Field(default=None, validation_alias="HERO_ONBOARDING_SANDBOX_URL")
    pages: str = "https://*.tollgate.example"

    def findings(self) -> Iterator[Finding]:
        if self.token.get_secret_value().startswith("try_"):
            yield Finding("sandbox", "token", "a token for trying things out")


class Tollgate(StubProvider):
    metadata = Metadata(
        "tollgate", "2.1", frozenset({"checkout"}), TollgateSettings, stand_in="tests.server.tollgate:open_room"
    )

    def __init__(self, settings: TollgateSettings) -> None:
        super().__init__()
        self._settings = settings

    def capabilities(self) -> PaymentCapabilities:
        return (
            super()
            .capabilities()
            .model_copy(
                update={
                    "title": "Tollgate",
                    "minimum": Money.from_cents(1000),
                    "maximum": Money.from_cents(4000),
                    "note": "Drive up to the gate and throw your coins in.",
                    "hosted_origins": [self._settings.pages],
                    "webhook_path": "/webhooks/toll/gate",
                }
            )
        )

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if request.headers.get("tollgate-token") != self._settings.token.get_secret_value():
            raise InvalidSignature
        event = json.loads(request.body)
        return WebhookHead(event_id=event["event_id"], event_type=event["kind"])


# --- its stand-in; what it is made from is the sandbox's --------------------------------------------------------------


class Gate:
    """`GET /tollgate/gate`."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"gate": "open", "at": self._bench.url}


def open_room(bench: Any) -> Any:
    from providers.sandbox.control import Vendor
    from providers.sandbox.delivery import Target
    from providers.sandbox.room import Room
    from providers.sandbox.switches import flag

    def sign(body: bytes, now: int, forged: bool) -> Mapping[str, str]:
        return {"Tollgate-Token": "guessed" if forged else "try_me"}

    def drive_through(asked: dict[str, Any]) -> dict[str, Any]:
        bench.deliveries.add("tollgate", asked["event_id"], json.dumps(asked["notice"]).encode())
        return {}

    return Room(
        target=Target(lambda: f"{bench.product_url}/webhooks/toll/gate", sign),
        controls=Vendor(
            switches={"closed": flag("true: nobody gets through")},
            acts={"drive_through": ("coins fall; event_id, notice", drive_through)},
            published={"TOLLGATE_TOKEN": "try_me"},
        ),
        routes={"/gate": Gate(bench)},
    )
