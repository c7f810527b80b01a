"""The KYC providers: new attempts are made at one of them, callbacks come from any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generated.errors.onboarding import ProviderUnavailable
from generated.models.onboarding import KycCapabilities
from generated.plugins.onboarding import KycProvider
from handlers.domain import PluginKind

KYC: PluginKind[KycProvider] = PluginKind("hero_onboarding.kyc", KycProvider)  # type: ignore[type-abstract]


@dataclass(frozen=True, slots=True)
class KycProviders:
    """Providers by name, ready to be called; `preferred` is the one that the operator wants."""

    ready: Mapping[str, KycProvider]
    preferred: str | None = None

    @property
    def chosen(self) -> str | None:
        """Where new attempts are made; None where nobody can be verified."""
        if self.preferred is not None:
            return self.preferred if self.preferred in self.ready else None
        return min(self.ready, default=None)

    def __getitem__(self, name: str) -> KycProvider:
        """Raises `ProviderUnavailable`: one that is not there may be again."""
        if name not in self.ready:
            raise ProviderUnavailable(provider=name, detail="it is not set up on this site")
        return self.ready[name]

    def capabilities(self) -> dict[str, KycCapabilities]:
        """What each can do."""
        return {name: provider.capabilities() for name, provider in self.ready.items()}


def webhook_path(name: str, capabilities: KycCapabilities) -> str:
    """Where a provider's callbacks come in."""
    return capabilities.webhook_path or f"/webhooks/{name}"
