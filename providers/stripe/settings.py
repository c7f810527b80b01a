"""What the Stripe provider is told, under Stripe's usual names, and what is wrong with it before real money."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from codegen.runtime.plugins.setting_types import BaseUrl, Secret, Secrets
from codegen.runtime.plugins.settings import Finding, PluginSettings

BASE_URL = "https://api.stripe.com"
SANDBOX_SECRET_KEY, SANDBOX_SIGNING_KEY = "sk_test_sandbox", "whsec_sandbox"
"""The keys that the sandbox publishes; worth nothing anywhere else."""
LIVE, TEST = re.compile("[rs]k_live_[0-9A-Za-z_]+"), re.compile("[rs]k_test_[0-9A-Za-z_]+")
LIVE_PUBLISHABLE = re.compile("pk_live_[0-9A-Za-z_]+")
SIGNING = re.compile("whsec_[0-9A-Za-z+/=_-]{8,}")


class StripeSettings(PluginSettings):
    """In the sandbox its published keys are used; elsewhere the live key, or the test key where there is none."""

    sandbox_url: str | None = Field(default=None, validation_alias="HERO_ONBOARDING_SANDBOX_URL")
    base_url: BaseUrl = None
    live_secret_key: Secret = Field(default=None, validation_alias="STRIPE_LIVE_SECRET_KEY")
    live_publishable_key: str | None = Field(default=None, validation_alias="STRIPE_LIVE_PUBLISHABLE_KEY")
    sandbox_secret_key: Secret = Field(default=None, validation_alias="STRIPE_SANDBOX_SECRET_KEY")
    sandbox_publishable_key: str | None = Field(default=None, validation_alias="STRIPE_SANDBOX_PUBLISHABLE_KEY")
    signing_keys: Secrets = Field(default=(), validation_alias="STRIPE_WEBHOOK_SIGNING_KEY")
    """Of the webhook endpoint; two may be good, during rotation."""

    @property
    def api_url(self) -> str:
        """Where requests go."""
        return self.base_url or (f"{self.sandbox_url.rstrip('/')}/stripe" if self.sandbox_url else BASE_URL)

    @property
    def live(self) -> bool:
        """Whether real money moves."""
        return self.sandbox_url is None and self.live_secret_key is not None

    @property
    def secret_key(self) -> str:
        """The key that requests carry."""
        key = self.live_secret_key or self.sandbox_secret_key
        return key.get_secret_value() if key is not None and self.sandbox_url is None else SANDBOX_SECRET_KEY

    @property
    def webhook_keys(self) -> list[str]:
        """Each of these may have signed a webhook."""
        keys = [key.get_secret_value() for key in self.signing_keys]
        return keys if self.sandbox_url is None else [SANDBOX_SIGNING_KEY]

    def missing(self) -> Iterator[str]:
        """A secret key, and a key to verify webhooks with."""
        if self.sandbox_url is None:
            if self.live_secret_key is None and self.sandbox_secret_key is None:
                yield "live_secret_key"
            if not self.signing_keys:
                yield "signing_keys"

    def findings(self) -> Iterator[Finding]:
        """Keys of the wrong mode are wrong anywhere; test keys, guessable and published ones are before real money."""
        if self.api_url != BASE_URL:
            yield Finding("sandbox", "base_url", f"not Stripe's {BASE_URL}")
        yield from self._of_secret_keys()
        yield from self._of_publishable_keys()
        if not self.signing_keys:
            yield Finding("missing", "signing_keys", "no webhook can be verified without it")
        for key in self.signing_keys:
            value = key.get_secret_value()
            if value == SANDBOX_SIGNING_KEY:
                yield Finding("sandbox", "signing_keys", "the sandbox's published key: anybody could sign webhooks")
            elif SIGNING.fullmatch(value) is None:
                yield Finding("weak", "signing_keys", "not a signing key of Stripe (whsec_…): it could be guessed")

    def _of_secret_keys(self) -> Iterator[Finding]:
        live, test = self.live_secret_key, self.sandbox_secret_key
        if live is None:
            yield Finding("missing", "live_secret_key", "no real payment can be taken without it")
        elif LIVE.fullmatch(live.get_secret_value()) is None:
            yield Finding("contradictory", "live_secret_key", "not a live key (sk_live_… or rk_live_…)")
        if test is not None:
            if TEST.fullmatch(test.get_secret_value()) is None:
                yield Finding("contradictory", "sandbox_secret_key", "not a test key (sk_test_… or rk_test_…)")
            yield Finding("sandbox", "sandbox_secret_key", "a test key has no place beside the live one")

    def _of_publishable_keys(self) -> Iterator[Finding]:
        live, test = self.live_publishable_key, self.sandbox_publishable_key
        if live is not None and LIVE_PUBLISHABLE.fullmatch(live) is None:
            yield Finding("sandbox", "live_publishable_key", "not a live key (pk_live_…)")
        if test is not None:
            yield Finding("sandbox", "sandbox_publishable_key", "a test key has no place beside the live one")
