"""The laws of machines: one for each allocation, its own, the same for good, and no more than there are."""

from __future__ import annotations

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import case
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import AllocationStatus
from providers.testing.provisioner.world import LIVE, ProvisionerWorld

NO_SIZE = "size-of-nobody"


class MachineLaws(ProvisionerWorld):
    @case
    def test_one_allocation_has_one_machine(self) -> None:
        """Asked again, also after a restart, it is the same: the answer may have been lost."""
        plugin = self.make()
        self.stock(3)
        made = self.machine(plugin)
        free = plugin.capacity(self.sku)
        for asked in (plugin, self.make()):
            again = asked.allocate(made.allocation, made.user, self.sku)
            assert again.provider_ref == made.answer.provider_ref, "asked again, it answered another machine"
            assert again.address in (made.state.address, None), "asked again, it answered another address"
        if free <= self.many:
            assert plugin.capacity(self.sku) == free, "asked again, it took another machine"

    @case
    def test_two_allocations_have_two_machines(self) -> None:
        """Also of one user."""
        plugin = self.make()
        self.stock(3)
        first = self.machine(plugin)
        others = [self.machine(plugin, user=first.user), self.machine(self.make())]
        refs = {each.answer.provider_ref for each in (first, *others)}
        assert len(refs) == 3, "two allocations share a machine"
        addresses = [each.state.address for each in (first, *others)]
        assert len(set(addresses)) == 3, "two machines share an address"

    @case
    def test_a_machine_comes_up(self) -> None:
        """By being asked for again: nobody else looks at it meanwhile."""
        plugin = self.make()
        self.stock(1)
        made = self.machine(plugin)
        assert made.state.status is AllocationStatus.ACTIVE, f"allocate says active, and status {made.state.status}"
        assert made.state.running, "it is active, and does not run"

    @case
    def test_a_machine_that_runs_has_its_address(self) -> None:
        plugin = self.make()
        self.stock(1)
        made = self.machine(plugin)
        assert made.state.address, "it is active, and nobody knows where"
        again = plugin.allocate(made.allocation, made.user, self.sku)
        assert again.address == made.state.address, f"status says {made.state.address}, allocate {again.address}"

    @case
    def test_a_restart_forgets_no_machine(self) -> None:
        plugin = self.make()
        self.stock(1)
        made = self.machine(plugin)
        try:
            found = self.make().status(made.allocation)
        except NotFound:
            pytest.fail("after a restart it does not know its machine")
        assert (found.status, found.address) == (made.state.status, made.state.address), "a restart changed it"

    @case
    def test_an_unknown_machine_is_not_found(self) -> None:
        plugin = self.make()
        asked = [plugin.status, *([plugin.stop, plugin.start] if plugin.capabilities().stop else [])]
        for call in asked:
            with pytest.raises(NotFound):
                call(new_sid())

    @case
    def test_capacity_counts_what_can_be_allocated(self) -> None:
        plugin = self.make()
        self.few(plugin, 2)
        for left in (1, 0):
            self.machine(plugin)
            free = plugin.capacity(self.sku)
            assert free == left, f"{left} machines are left, and capacity answers {free}"

    @case
    def test_an_empty_source_says_that_it_is_empty(self) -> None:
        """And the allocation that got nothing has nothing: it is served when a machine is free."""
        plugin = self.make()
        self.few(plugin, 0)
        allocation = self.allocation()
        with pytest.raises(PoolEmpty):
            plugin.allocate(allocation, new_sid(), self.sku)
        try:
            found = plugin.status(allocation)
        except NotFound:
            return
        assert found.status not in LIVE, f"there was no machine, and it has one that is {found.status}"

    @case
    def test_a_size_that_it_does_not_have_is_refused(self) -> None:
        plugin = self.make()
        named = plugin.capabilities().skus
        assert not named or self.sku in named, f"it has machines of {', '.join(named)}, and not of {self.sku}"
        try:
            free = plugin.capacity(NO_SIZE)
        except AllocationFailed:
            free = 0
        assert free == 0, f"it has {free} machines of a size that there is not"
        with pytest.raises((PoolEmpty, AllocationFailed)):
            plugin.allocate(self.allocation(), new_sid(), NO_SIZE)
