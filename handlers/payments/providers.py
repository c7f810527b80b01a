"""The payment providers on offer: those that are installed, unbroken, and told what they need to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codegen.runtime.plugins.registry import BrokenPlugin
from generated.errors.onboarding import UnknownProvider
from generated.models.onboarding import PaymentCapabilities
from generated.plugins.onboarding import PaymentProvider
from handlers.domain import PluginKind
from handlers.plugins import Installed

PAYMENT: PluginKind[PaymentProvider] = PluginKind("hero_onboarding.payment", PaymentProvider)  # type: ignore[type-abstract]


@dataclass(frozen=True, slots=True)
class Providers:
    """Providers by name, ready to be called; `broken` are those that cannot be used, and why."""

    offered: Mapping[str, PaymentProvider]
    broken: tuple[BrokenPlugin, ...] = ()

    @classmethod
    def of(cls, installed: Installed[PaymentProvider]) -> Providers:
        """Those that are ready; of two that want the same webhook path the first by name has it."""
        offered: dict[str, PaymentProvider] = {}
        broken = list(installed.broken)
        paths: dict[str, str] = {}
        for name, provider in installed.ready.items():
            taken = paths.setdefault(webhook_path(name, provider.capabilities()), name)
            if taken == name:
                offered[name] = provider
            else:
                broken.append(BrokenPlugin(name, installed.kind.group, f"its webhook path is that of {taken!r}"))
        return cls(offered, tuple(broken))

    def __getitem__(self, name: str) -> PaymentProvider:
        """Raises `UnknownProvider`."""
        if name not in self.offered:
            raise UnknownProvider(provider=name)
        return self.offered[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.offered)

    def __contains__(self, name: object) -> bool:
        return name in self.offered

    def capabilities(self) -> dict[str, PaymentCapabilities]:
        """What each can do, for whoever chooses one."""
        return {name: provider.capabilities() for name, provider in self.offered.items()}

    def titles(self) -> dict[str, str]:
        """What people call each."""
        return {name: provider.metadata.title or name for name, provider in self.offered.items()}


def webhook_path(name: str, capabilities: PaymentCapabilities) -> str:
    """Where a provider's webhooks come in."""
    return capabilities.webhook_path or f"/webhooks/{name}"
