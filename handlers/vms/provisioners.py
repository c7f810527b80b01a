"""The provisioners on offer: those that are installed, unbroken, and told what they need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.log import Log, described
from codegen.runtime.plugins.registry import BrokenPlugin
from generated.errors.onboarding import AllocationFailed
from generated.plugins.onboarding import Provisioner
from handlers.domain import PluginKind
from handlers.plugins import Installed
from handlers.vms.deadline import InTime

PROVISIONER: PluginKind[Provisioner] = PluginKind("hero_onboarding.provisioner", Provisioner)  # type: ignore[type-abstract]


@dataclass(frozen=True, slots=True)
class Provisioners:
    """Provisioners by name, ready to be called; `broken` are those that cannot be used, and why."""

    offered: Mapping[str, Provisioner]
    broken: tuple[BrokenPlugin, ...] = ()

    @classmethod
    def of(cls, installed: Installed[Provisioner]) -> Provisioners:
        """Those that are ready; none holds its caller longer than a call may take."""
        return cls({name: InTime(plugin) for name, plugin in installed.ready.items()}, installed.broken)

    def __getitem__(self, name: str) -> Provisioner:
        """Raises `AllocationFailed` for one that is gone."""
        if name not in self.offered:
            raise AllocationFailed(detail=f"the provisioner {name} is not installed")
        return self.offered[name]

    def for_size(self, sku: str) -> str:
        """The name of the one that new machines of a size come from: the first that names the size among its own, else
        the first that has any size. Raises `AllocationFailed` where there is none."""
        sizes = {name: self.offered[name].capabilities().skus for name in sorted(self.offered)}
        of_any = [name for name, skus in sizes.items() if not skus]
        for name in [*(name for name, skus in sizes.items() if sku in skus), *of_any]:
            return name
        raise AllocationFailed(detail=f"no provisioner has machines of the size {sku}")

    def free(self, sku: str, log: Log) -> int:
        """How many machines of a size are free now; 0 where there is no provisioner, or it does not answer."""
        try:
            return self[self.for_size(sku)].capacity(sku)
        except DeclaredError:
            return 0
        except Exception as error:  # whatever a plugin does, plans and those who wait are told that nothing is free
            log.line("provisioner failed", {"sku": sku, **described(error)}, "error")
            return 0
