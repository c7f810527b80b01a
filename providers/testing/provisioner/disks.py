"""The laws of disks: kept while a machine is stopped, wiped before anybody else gets it."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.runtime.testing.conformance import case
from generated.errors.onboarding import PoolEmpty
from providers.testing.provisioner.world import ProvisionerWorld

HOOKS = "give the kit `write` and `written` where the tests can look at disks"


class DiskLaws(ProvisionerWorld):
    """`write` and `written` are the author's; a source whose disks the tests cannot see is not tried."""

    def write(self, plugin: Any, provider_ref: str) -> None:
        """Leave a mark on the disk of a machine, as its user would."""
        pytest.skip(HOOKS)

    def written(self, plugin: Any, provider_ref: str) -> bool:
        """Whether the disk of a machine bears that mark."""
        pytest.skip(HOOKS)

    @case
    def test_a_stopped_machine_keeps_its_disk(self) -> None:
        plugin = self.make()
        if not plugin.capabilities().stop:
            pytest.skip("it stops nothing")
        self.stock(1)
        made = self.machine(plugin)
        self.write(plugin, made.answer.provider_ref)
        plugin.stop(made.allocation)
        assert self.written(plugin, made.answer.provider_ref), "it was stopped, and its disk is gone"
        plugin.start(made.allocation)
        self.settled(plugin, made.allocation, running=True)
        assert self.written(plugin, made.answer.provider_ref), "it was started again, and its disk is gone"

    @case
    def test_a_disk_is_wiped_before_anybody_else_gets_it(self) -> None:
        """Where no other machine is free: it is wiped, or nobody gets it."""
        plugin = self.make()
        self.few(plugin, 1)
        made = self.machine(plugin)
        self.write(plugin, made.answer.provider_ref)
        plugin.release(made.allocation)
        try:
            following = self.machine(plugin)
        except PoolEmpty:
            return
        assert not self.written(plugin, following.answer.provider_ref), "the next user reads the disk of the one before"
