"""A provisioner without a fault, and the kit that tries it; those with a fault are made of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, SecretStr

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState, ProvisionerCapabilities
from generated.plugins.onboarding import Provisioner
from providers.testing.provisioner import ProvisionerKit
from tests.kits.machine_vendor import Full, Host, MachineVendor

T = TypeVar("T")
API_KEY = "sound_api_0123456789"
SKU = "hero-os-2gb"
STATUS = {
    "coming": AllocationStatus.PROVISIONING,
    "up": AllocationStatus.ACTIVE,
    "down": AllocationStatus.ACTIVE,
    "gone": AllocationStatus.RELEASED,
}


class SoundSettings(BaseModel):
    api_key: SecretStr


class SoundProvisioner(Provisioner):
    metadata = Metadata("sound", "1.0", frozenset({"stop"}), SoundSettings)

    def __init__(self, settings: SoundSettings, vendor: MachineVendor) -> None:
        self.settings, self.vendor = settings, vendor

    def capabilities(self) -> ProvisionerCapabilities:
        return ProvisionerCapabilities(title="Sound", skus=[SKU], stop=True, sandbox=True)

    def capacity(self, sku: str) -> int:
        return self.ask(self.vendor.rooms) if sku == SKU else 0

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        if sku != SKU:
            raise PoolEmpty
        return self.given(self.ask(lambda: self.vendor.make(allocation, user)))

    def given(self, host: Host) -> Allocation:
        if host.state == "gone":
            raise AllocationFailed(detail="it was released")
        return Allocation(provider_ref=host.ref, address=host.address, status=STATUS[host.state])

    def release(self, allocation: str) -> None:
        self.ask(lambda: self.vendor.turn(allocation, "gone"))

    def stop(self, allocation: str) -> None:
        self.ask(lambda: self.turn(allocation, "down"))

    def start(self, allocation: str) -> None:
        self.ask(lambda: self.turn(allocation, "up"))

    def turn(self, allocation: str, state: str) -> None:
        if self.vendor.hosts[allocation].state == "gone":
            raise NotFound
        self.vendor.turn(allocation, state)

    def status(self, allocation: str) -> ProvisionedState:
        return self.seen(self.ask(lambda: self.vendor.host(allocation)))

    def seen(self, host: Host) -> ProvisionedState:
        return ProvisionedState(status=STATUS[host.state], address=host.address, running=host.state == "up")

    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError:
            raise AllocationFailed(detail="no answer") from None
        except Full:
            raise PoolEmpty from None
        except KeyError:
            raise NotFound from None


class SoundProvisionerKit(ProvisionerKit):
    """The kit for a provisioner that talks to a `MachineVendor`; pytest does not collect it by this name."""

    provider: ClassVar[type[SoundProvisioner]] = SoundProvisioner
    sku = SKU
    comes_up_within = 1
    secrets = (API_KEY,)
    examples = 5

    @cached_property
    def vendor(self) -> MachineVendor:
        return MachineVendor()

    def make(self) -> SoundProvisioner:
        return self.provider(SoundSettings(api_key=SecretStr(API_KEY)), self.vendor)

    def stock(self, count: int) -> None:
        self.vendor.free = count

    def write(self, plugin: Any, provider_ref: str) -> None:
        self._host(provider_ref).disk.append("a mark")

    def written(self, plugin: Any, provider_ref: str) -> bool:
        return bool(self._host(provider_ref).disk)

    def _host(self, ref: str) -> Host:
        return next(each for each in reversed(self.vendor.hosts.values()) if each.ref == ref)
