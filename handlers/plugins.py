"""The providers that are installed, by the generated interface they implement; found by their entry points."""

from dataclasses import dataclass

from codegen.runtime.plugins.registry import BrokenPlugin, Registry
from generated.plugins.onboarding import Forge, KycProvider, PaymentProvider, Provisioner

PAYMENT, KYC, PROVISIONER, FORGE = (
    "hero_onboarding.payment",
    "hero_onboarding.kyc",
    "hero_onboarding.provisioner",
    "hero_onboarding.forge",
)
"""The groups of entry points that plugins register in."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """What can be used, a registry for each kind; a broken plugin stands in none of them."""

    payment: Registry[PaymentProvider]
    kyc: Registry[KycProvider]
    provisioner: Registry[Provisioner]
    forge: Registry[Forge]

    @property
    def registries(
        self,
    ) -> tuple[Registry[PaymentProvider], Registry[KycProvider], Registry[Provisioner], Registry[Forge]]:
        return self.payment, self.kyc, self.provisioner, self.forge

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        """Those that cannot be used, and why."""
        return tuple(broken for registry in self.registries for broken in registry.broken)


def load_plugins() -> Plugins:
    """Import every installed plugin; one that fails does not stop the others."""
    # Interfaces are abstract on purpose: a registry is asked for classes that implement them.
    return Plugins(
        payment=Registry.load(PAYMENT, PaymentProvider),  # type: ignore[type-abstract]
        kyc=Registry.load(KYC, KycProvider),  # type: ignore[type-abstract]
        provisioner=Registry.load(PROVISIONER, Provisioner),  # type: ignore[type-abstract]
        forge=Registry.load(FORGE, Forge),  # type: ignore[type-abstract]
    )
