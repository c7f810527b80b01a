"""The payment providers on offer: those that are installed, unbroken, and told what they need to know."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from codegen.runtime.plugins.registry import BrokenPlugin, Registry
from generated.errors.onboarding import UnknownProvider
from generated.models.onboarding import PaymentCapabilities
from generated.plugins.onboarding import PaymentProvider
from handlers.payments.settings import SANDBOX_STRIPE_SECRET_KEY, SANDBOX_STRIPE_SIGNING_KEY, PaymentSettings
from handlers.settings import PREFIX


@dataclass(frozen=True, slots=True)
class Providers:
    """Providers by name, ready to be called; `broken` are those that cannot be used, and why."""

    offered: Mapping[str, PaymentProvider]
    broken: tuple[BrokenPlugin, ...] = ()

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


def offer(settings: PaymentSettings, registry: Registry[PaymentProvider]) -> Providers:
    """Make every provider that is configured. One that cannot be made is told and does not stop the others."""
    offered: dict[str, PaymentProvider] = {}
    broken = []
    for name, plugin in registry.plugins.items():
        try:
            provider = _made(name, plugin, settings)
        except Exception as error:  # whatever a plugin's own code does, the others go on
            said = "its settings are invalid" if isinstance(error, ValidationError) else type(error).__name__
            broken.append(BrokenPlugin(name, registry.group, f"it cannot be set up: {said}"))
            continue
        if provider is not None:
            offered[name] = provider
    return Providers(offered, (*registry.broken, *broken))


def _made(name: str, plugin: type[PaymentProvider], settings: PaymentSettings) -> PaymentProvider | None:
    """The provider; None where it is not configured."""
    model = plugin.metadata.settings
    if model is None:
        return plugin()
    values = OURS[name](settings) if name in OURS else _from_environment(name, model.model_fields)
    if values is None or any(field.is_required() and key not in values for key, field in model.model_fields.items()):
        return None
    make: Any = plugin
    made: PaymentProvider = make(model.model_validate(values))
    return made


def _from_environment(name: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """`HERO_ONBOARDING_<PROVIDER>_<FIELD>` for each field of a plugin's settings, or `…_FILE` with a file's name."""
    values = {}
    for field in fields:
        variable = f"{PREFIX}{name}_{field}".upper().replace("-", "_")
        if value := os.environ.get(variable):
            values[field] = value
        elif path := os.environ.get(f"{variable}_FILE"):
            values[field] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    return values


def _stripe(settings: PaymentSettings) -> dict[str, Any] | None:
    if settings.sandbox_url is not None:
        return {
            "secret_key": SANDBOX_STRIPE_SECRET_KEY,
            "signing_keys": (SANDBOX_STRIPE_SIGNING_KEY,),
            "base_url": settings.stripe_base_url,
            "sandbox": True,
        }
    live, test = settings.stripe_live_secret_key, settings.stripe_sandbox_secret_key
    key, signing = live or test, settings.stripe_webhook_signing_key
    if key is None or signing is None:
        return None
    return {
        "secret_key": key,
        "signing_keys": _keys(signing),
        "base_url": settings.stripe_base_url,
        "sandbox": live is None,
    }


def _keys(signing: SecretStr) -> tuple[str, ...]:
    """One key, or two with a comma during rotation."""
    return tuple(key.strip() for key in signing.get_secret_value().split(",") if key.strip())


OURS = {"stripe": _stripe}
"""Providers whose settings have names of their own; other plugins take theirs from the environment."""
