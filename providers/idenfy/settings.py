"""What the iDenfy provider is told, under iDenfy's usual names, and what is wrong with it before real people."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from codegen.runtime.plugins.setting_types import BaseUrl, Secret, Secrets
from codegen.runtime.plugins.settings import Finding, PluginSettings

BASE_URL = "https://ivs.idenfy.com"
"""The one address of all its environments; which one it is, the key tells."""
SANDBOX_API_KEY, SANDBOX_API_SECRET, SANDBOX_SIGNING_KEY = "idenfy-sandbox", "idenfy-sandbox-secret", "signing-sandbox"
"""The keys that the sandbox publishes; worth nothing anywhere else."""
SHORTEST = 16
"""Characters of a signing key; one is chosen by hand in iDenfy's dashboard, and a short one can be guessed."""

SHORTEST_KEY = 8
"""Characters of the API's key and secret: what is shorter is none."""


class IdenfySettings(PluginSettings):
    """In the sandbox its published keys are used."""

    sandbox_url: str | None = Field(default=None, validation_alias="HERO_ONBOARDING_SANDBOX_URL")
    base_url: BaseUrl = None
    key: Secret = Field(default=None, validation_alias="IDENFY_API_KEY")
    secret: Secret = Field(default=None, validation_alias="IDENFY_API_SECRET")
    signing_keys: Secrets = Field(default=(), validation_alias="IDENFY_WEBHOOK_SIGNING_KEY")
    """Of the webhook, set in iDenfy's dashboard, which is not the API's secret; two may be good, during rotation."""

    @property
    def api_url(self) -> str:
        """Where requests go, and browsers first."""
        return self.base_url or (f"{self.sandbox_url.rstrip('/')}/idenfy" if self.sandbox_url else BASE_URL)

    @property
    def credentials(self) -> tuple[str, str]:
        """What requests carry: the API's key and secret."""
        if self.sandbox_url is not None or self.key is None or self.secret is None:
            return SANDBOX_API_KEY, SANDBOX_API_SECRET
        return self.key.get_secret_value(), self.secret.get_secret_value()

    @property
    def webhook_keys(self) -> list[str]:
        """Each of these may have signed a callback."""
        keys = [key.get_secret_value() for key in self.signing_keys]
        return keys if self.sandbox_url is None else [SANDBOX_SIGNING_KEY]

    def missing(self) -> Iterator[str]:
        """The API's key and secret, and a key to verify callbacks with."""
        if self.sandbox_url is None:
            if self.key is None:
                yield "key"
            if self.secret is None:
                yield "secret"
            if not self.signing_keys:
                yield "signing_keys"

    def findings(self) -> Iterator[Finding]:
        """Published and guessable keys, and any other address than iDenfy's, have no place before real people."""
        if self.api_url != BASE_URL:
            yield Finding("sandbox", "base_url", f"not iDenfy's {BASE_URL}")
        if self.key is None:
            yield Finding("missing", "key", "nobody can be verified without it")
        elif self.key.get_secret_value() == SANDBOX_API_KEY:
            yield Finding("sandbox", "key", "the sandbox's published key")
        elif len(self.key.get_secret_value()) < SHORTEST_KEY:
            yield Finding("weak", "key", f"shorter than {SHORTEST_KEY} characters: iDenfy gives no such key")
        if self.secret is None:
            yield Finding("missing", "secret", "nobody can be verified without it")
        elif self.secret.get_secret_value() == SANDBOX_API_SECRET:
            yield Finding("sandbox", "secret", "the sandbox's published secret")
        elif len(self.secret.get_secret_value()) < SHORTEST_KEY:
            yield Finding("weak", "secret", f"shorter than {SHORTEST_KEY} characters: iDenfy gives no such secret")
        yield from self._of_signing_keys()

    def _of_signing_keys(self) -> Iterator[Finding]:
        if not self.signing_keys:
            yield Finding("missing", "signing_keys", "no callback can be verified without it")
        for key in self.signing_keys:
            value = key.get_secret_value()
            if value == SANDBOX_SIGNING_KEY:
                yield Finding("sandbox", "signing_keys", "the sandbox's published key: anybody could sign callbacks")
            elif len(value) < SHORTEST:
                yield Finding("weak", "signing_keys", f"shorter than {SHORTEST} characters: it could be guessed")
            elif self.secret is not None and value == self.secret.get_secret_value():
                yield Finding("weak", "signing_keys", "the API's secret; set a key of its own in iDenfy's dashboard")
