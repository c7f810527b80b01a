"""The laws of stops: a stopped machine is kept, and starts as the one that it was."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.runtime.errors import DeclaredError
from codegen.runtime.testing.conformance import case
from generated.models.onboarding import AllocationStatus
from providers.testing.provisioner.world import LIVE, ProvisionerWorld


class StopLaws(ProvisionerWorld):
    @case
    def test_a_stopped_machine_is_kept_and_does_not_run(self) -> None:
        plugin = self._stops()
        made = self.machine(plugin)
        plugin.stop(made.allocation)
        for asked in (plugin, self.make()):
            found = self.settled(asked, made.allocation, running=False)
            assert found.status is AllocationStatus.ACTIVE, f"it was stopped, and is {found.status}"
            assert not found.running, "it was stopped, and status says that it runs"

    @case
    def test_a_stopped_machine_starts_as_it_was(self) -> None:
        plugin = self._stops()
        made = self.machine(plugin)
        plugin.stop(made.allocation)
        plugin.start(made.allocation)
        found = self.settled(plugin, made.allocation, running=True)
        assert found.running, "it was started, and does not run"
        assert found.address == made.state.address, f"it was at {made.state.address}, and is at {found.address}"
        again = plugin.allocate(made.allocation, made.user, self.sku)
        assert again.provider_ref == made.answer.provider_ref, "it was stopped and started, and is another machine"

    @case
    def test_one_stop_stops_no_other_machine(self) -> None:
        plugin = self._stops()
        made, other = self.machine(plugin), self.machine(plugin)
        plugin.stop(made.allocation)
        self.settled(plugin, made.allocation, running=False)
        assert plugin.status(other.allocation).running, "another machine was stopped, and this one does not run"
        plugin.stop(other.allocation)
        plugin.start(made.allocation)
        self.settled(plugin, other.allocation, running=False)
        self.settled(plugin, made.allocation, running=True)
        assert not plugin.status(other.allocation).running, "another machine was started, and this one runs"

    @case
    def test_a_stopped_machine_can_be_released(self) -> None:
        plugin = self._stops()
        made = self.machine(plugin)
        plugin.stop(made.allocation)
        plugin.release(made.allocation)
        with pytest.raises(DeclaredError):
            plugin.start(made.allocation)
        try:
            found = plugin.status(made.allocation)
        except DeclaredError:
            return
        assert found.status not in LIVE and not found.running, f"it was released, and is {found.status}"

    def _stops(self) -> Any:
        plugin = self.make()
        if not plugin.capabilities().stop:
            pytest.skip("it stops nothing")
        self.stock(2)
        return plugin
