"""The laws of crowds: several ask at once, each by a plugin and in a thread of its own, and nothing is given twice."""

from __future__ import annotations

import threading
from typing import Any

from codegen.runtime.testing.conformance import case
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from providers.testing.provisioner.world import ProvisionerWorld

ASKERS = 4
PATIENCE = 30


class CrowdLaws(ProvisionerWorld):
    @case
    def test_the_last_machine_is_given_once(self) -> None:
        plugin = self.make()
        self.few(plugin, 1)
        told = self._at_once([self.allocation() for _ in range(ASKERS)])
        won = [each for each in told if not isinstance(each, Exception)]
        assert len(won) == 1, f"one machine was free, and {len(won)} of {ASKERS} who asked at once have it"
        assert plugin.capacity(self.sku) == 0, "the last machine was given away, and another one is free"

    @case
    def test_one_allocation_asked_for_at_once_is_one(self) -> None:
        """Two processes follow up the same allocation."""
        plugin = self.make()
        self.stock(ASKERS)
        free = plugin.capacity(self.sku)
        allocation = self.allocation()
        told = self._at_once([allocation] * ASKERS)
        refs = {each.provider_ref for each in told if not isinstance(each, Exception)}
        assert len(refs) == 1, f"one allocation, asked for at once, has {len(refs)} machines"
        if free <= self.many:
            assert plugin.capacity(self.sku) == free - 1, "one allocation, asked for at once, took several machines"

    def _at_once(self, allocations: list[str]) -> list[Any]:
        """What each was answered, or the declared error that it met."""
        told: list[Any] = []
        gate = threading.Barrier(len(allocations))
        user = new_sid()

        def ask(allocation: str) -> None:
            plugin = self.make()
            gate.wait(PATIENCE)
            try:
                told.append(plugin.allocate(allocation, user, self.sku))
            except (PoolEmpty, AllocationFailed) as error:
                told.append(error)
            finally:
                self.close(plugin)

        threads = [threading.Thread(target=ask, args=(each,), daemon=True) for each in allocations]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(told) == len(allocations), "of several who asked at once, some were told nothing that is declared"
        return told
