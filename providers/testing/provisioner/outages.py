"""The laws of outages: when the source cannot be reached, nobody knows what happened, and that is what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codegen.runtime.testing.conformance import case
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import AllocationFailed
from providers.testing.provisioner.world import ProvisionerWorld
from providers.testing.unavailable import check_unavailable


class OutageLaws(ProvisionerWorld):
    @case
    def test_an_outage_is_said_to_be_one(self) -> None:
        """By `AllocationFailed`. `NotFound` says that a machine is gone, and `PoolEmpty` that none was made.

        A plugin that uses no network is not tried.
        """
        plugin = self.make()
        self.stock(2)
        made, new = self.machine(plugin), self.allocation()
        calls: dict[str, Callable[[Any], object]] = {
            "capacity": lambda cut: cut.capacity(self.sku),
            "status": lambda cut: cut.status(made.allocation),
            "allocate": lambda cut: cut.allocate(new, new_sid(), self.sku),
        }
        if plugin.capabilities().stop:
            calls["stop"] = lambda cut: cut.stop(made.allocation)
            calls["start"] = lambda cut: cut.start(made.allocation)
        calls["release"] = lambda cut: cut.release(made.allocation)
        for name, call in calls.items():
            check_unavailable(self.make(), name, call, AllocationFailed)
