"""What the ClickPesa provider is told, under ClickPesa's usual names, and what is wrong with it before real money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from codegen.runtime.plugins.setting_types import BaseUrl, Secret, Secrets
from codegen.runtime.plugins.settings import Finding, PluginSettings

BASE_URL = "https://api.clickpesa.com/third-parties"
SANDBOX_CLIENT_ID, SANDBOX_API_KEY, SANDBOX_CHECKSUM_KEY = "IDsandbox", "SKsandbox", "CHKsandbox"
"""What the sandbox publishes; worth nothing anywhere else."""
SANDBOX_RATE = Decimal(2650)
PUBLISHED = {SANDBOX_CLIENT_ID, SANDBOX_API_KEY, SANDBOX_CHECKSUM_KEY}
SHORTEST = 16
"""A key shorter than this could be guessed."""
SHORTEST_ID = 6
"""A client id shorter than this is none."""


def _rates(value: Any) -> Any:
    """The rates of a list with commas."""
    return tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value


Rate = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=4)]
Rates = Annotated[tuple[Rate, ...], BeforeValidator(_rates)]


class ClickPesaSettings(PluginSettings):
    """In the sandbox what it publishes is used. Without a rate there is no push to a phone: that is in shillings."""

    sandbox_url: str | None = Field(default=None, validation_alias="HERO_ONBOARDING_SANDBOX_URL")
    base_url: BaseUrl = None
    client_id: Secret = Field(default=None, validation_alias="CLICKPESA_CLIENT_ID")
    api_key: Secret = Field(default=None, validation_alias="CLICKPESA_API_KEY")
    checksum_keys: Secrets = Field(default=(), validation_alias="CLICKPESA_CHECKSUM_KEY")
    """The first signs what we send; each may have signed a webhook, for two are good during a rotation."""
    checksum_method: Literal["canonical", "old"] = "canonical"
    """How requests are signed. Of webhooks both are taken."""
    tzs_per_dollar: Rates = ()
    """Tanzanian shillings that a push asks for each dollar. Rates of before, behind a comma, still count for pushes
    that are under way."""

    @property
    def api_url(self) -> str:
        """Where requests go."""
        sandbox = f"{self.sandbox_url.rstrip('/')}/clickpesa/third-parties" if self.sandbox_url else BASE_URL
        return self.base_url or sandbox

    @property
    def live(self) -> bool:
        """Whether real money moves: ClickPesa itself has no test mode."""
        return self.api_url == BASE_URL

    @property
    def credentials(self) -> tuple[str, str]:
        """Client id and API key."""
        if self.sandbox_url is not None or self.client_id is None or self.api_key is None:
            return SANDBOX_CLIENT_ID, SANDBOX_API_KEY
        return self.client_id.get_secret_value(), self.api_key.get_secret_value()

    @property
    def keys(self) -> list[str]:
        """The checksum keys."""
        keys = [key.get_secret_value() for key in self.checksum_keys]
        return keys if self.sandbox_url is None else [SANDBOX_CHECKSUM_KEY]

    @property
    def rates(self) -> tuple[Decimal, ...]:
        """Shillings for a dollar: the first is asked for, the others are taken too."""
        return self.tzs_per_dollar or ((SANDBOX_RATE,) if self.sandbox_url is not None else ())

    def missing(self) -> Iterator[str]:
        """Id and key of the application, and a key to verify webhooks with."""
        if self.sandbox_url is None:
            if self.client_id is None:
                yield "client_id"
            if self.api_key is None:
                yield "api_key"
            if not self.checksum_keys:
                yield "checksum_keys"

    def findings(self) -> Iterator[Finding]:
        """One key in two places is wrong anywhere; guessable and published ones are before real money."""
        if self.api_url != BASE_URL:
            yield Finding("sandbox", "base_url", f"not ClickPesa's {BASE_URL}")
        yield from _of_key("client_id", self.client_id, shortest=SHORTEST_ID)
        yield from _of_key("api_key", self.api_key, shortest=SHORTEST)
        if not self.checksum_keys:
            yield Finding("missing", "checksum_keys", "no webhook can be verified without it")
        for key in self.checksum_keys:
            yield from _of_key("checksum_keys", key, shortest=SHORTEST)
            if self.api_key is not None and key.get_secret_value() == self.api_key.get_secret_value():
                yield Finding("contradictory", "checksum_keys", "the API key again: the dashboard shows another one")


def _of_key(field: str, key: SecretStr | None, *, shortest: int) -> Iterator[Finding]:
    if key is None:
        yield Finding("missing", field, "no payment can be taken without it")
    elif key.get_secret_value() in PUBLISHED:
        yield Finding("sandbox", field, "published by the sandbox: anybody knows it")
    elif len(key.get_secret_value()) < shortest:
        yield Finding("weak", field, f"shorter than {shortest} characters: it could be guessed, or is none")
