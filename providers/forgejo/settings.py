"""What the Forgejo provider is told, and what is wrong with it before real usage."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import Field

from codegen.runtime.plugins.setting_types import BaseUrl, Secret, Secrets
from codegen.runtime.plugins.settings import Finding, PluginSettings

SANDBOX_TOKEN, SANDBOX_SIGNING_KEY = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c", "forge-signing-sandbox"
"""The token and the key that the sandbox publishes; worth nothing anywhere else."""
SHORTEST = 16
"""Characters of a signing key, which is chosen by hand: a short one can be guessed."""


class ForgejoSettings(PluginSettings):
    """In the sandbox its published token and key are used. Without an address there is no forge, which is allowed."""

    sandbox_url: str | None = Field(default=None, validation_alias="HERO_ONBOARDING_SANDBOX_URL")
    url: BaseUrl = Field(default=None, validation_alias="HERO_ONBOARDING_FORGE_URL")
    """Of the forge's pages: its API and its repositories are below it."""
    token: Secret = Field(default=None, validation_alias="FORGE_TOKEN")
    """Of an account that reads the nodes' repositories. Its scopes are `read:repository` and, for the list of what an
    organization has, `read:organization`; to make repositories `write:repository` and `write:organization`."""
    signing_keys: Secrets = Field(default=(), validation_alias="FORGE_WEBHOOK_SIGNING_KEY")
    """Of webhooks, which are set with the first; two may be good, during rotation. Without one no push is announced."""

    @property
    def forge_url(self) -> str | None:
        """Where the forge is; None where there is none."""
        return self.url or (f"{self.sandbox_url.rstrip('/')}/forge" if self.sandbox_url else None)

    @property
    def secret_token(self) -> str:
        """What requests carry."""
        if self.sandbox_url is not None or self.token is None:
            return SANDBOX_TOKEN
        return self.token.get_secret_value()

    @property
    def webhook_keys(self) -> list[str]:
        """Each of these may have signed a webhook."""
        keys = [key.get_secret_value() for key in self.signing_keys]
        return keys if self.sandbox_url is None else [SANDBOX_SIGNING_KEY]

    def missing(self) -> Iterator[str]:
        """A token, where there is a forge."""
        if self.sandbox_url is None and self.url is not None and self.token is None:
            yield "token"

    def findings(self) -> Iterator[Finding]:
        """Published and guessable secrets, and an address that shows the token to others, have no place in use."""
        if self.url is not None:
            parts = urlsplit(self.url)
            if "@" in parts.netloc or parts.query or parts.fragment:
                yield Finding("contradictory", "url", "more than an address; the token has its own variable")
            elif parts.scheme != "https":
                yield Finding("weak", "url", "not https: whoever is on the way reads the token")
        elif self.token is not None and self.sandbox_url is None:
            yield Finding("missing", "url", "there is a token, and no forge that it is for")
        if self.token is not None and self.token.get_secret_value() == SANDBOX_TOKEN:
            yield Finding("sandbox", "token", "the sandbox's published token")
        for key in self.signing_keys:
            value = key.get_secret_value()
            if value == SANDBOX_SIGNING_KEY:
                yield Finding("sandbox", "signing_keys", "the sandbox's published key: anybody could announce pushes")
            elif len(value) < SHORTEST:
                yield Finding("weak", "signing_keys", f"shorter than {SHORTEST} characters: it could be guessed")
            elif self.token is not None and value == self.token.get_secret_value():
                yield Finding("weak", "signing_keys", "the token; choose a key of its own for the webhook")
