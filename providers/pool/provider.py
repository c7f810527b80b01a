"""Assign VMs of the pool: free → claimed → used, after release dirty until an operator confirms the wipe.

The table `pool_vm` is what the pool knows; operators write the other side of it (`hero-onboarding pool`). Each method
runs transactions of its own on a connection of its own, so nothing of the caller's is inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import TypeAdapter

from codegen.runtime.clock import Clock, SystemClock
from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Sid
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import (
    Allocation,
    AllocationStatus,
    PoolVm,
    PoolVmState,
    ProvisionedState,
    ProvisionerCapabilities,
    ResourceSku,
)
from generated.plugins.onboarding import Provisioner
from generated.tables.onboarding import POOL_VM, VM_ALLOCATION, PoolVmPatch
from providers.pool import statements
from providers.pool.settings import PoolSettings

T = TypeVar("T")
NAME = "pool"
HELD = (PoolVmState.CLAIMED, PoolVmState.USED)
"""States in which a VM is an allocation's."""
_SID: TypeAdapter[str] = TypeAdapter(Sid)
_SKU: TypeAdapter[str] = TypeAdapter(ResourceSku)


class PoolAssignmentProvisioner(Provisioner):
    metadata = Metadata(NAME, "1.0", frozenset({"stop"}), PoolSettings)

    def __init__(self, settings: PoolSettings, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._database = database = Database.open(settings.database_url.get_secret_value())
        self._vms = Store.of(POOL_VM, database)
        self._allocations = Store.of(VM_ALLOCATION, database)
        claim = statements.CLAIM_SQLITE if database.dialect == "sqlite" else statements.CLAIM_POSTGRESQL
        self._claim = database.prepare(claim)
        self._free = database.prepare(statements.FREE)

    def close(self) -> None:
        """Close this thread's connection."""
        self._database.close()

    def capabilities(self) -> ProvisionerCapabilities:
        """Any size: an operator decides what is in the pool."""
        return ProvisionerCapabilities(title="Pool", skus=[], stop=True, sandbox=False)

    def capacity(self, sku: ResourceSku) -> int:
        _SKU.validate_python(sku)
        return int(self._asked(lambda: self._database.execute(self._free, (sku,)))[0][0])

    def allocate(self, allocation: Sid, user: Sid, sku: ResourceSku, *, ssh_pub_key: str | None = None) -> Allocation:
        """Claim a free VM and hand it over. The key stands with the allocation, where its host finds it."""
        _SKU.validate_python(sku)
        claimed = self._run(lambda: self._claimed(allocation, sku))
        vm = self._run(lambda: self._handed_over(claimed.sid, allocation))
        return Allocation(provider_ref=vm.sid, address=vm.address, status=AllocationStatus.ACTIVE)

    def release(self, allocation: Sid) -> None:
        """The VM is dirty from here on, or leaves the pool."""

        def work() -> None:
            self._lock(allocation)  # who is claiming for it is through, or finds it over
            vm = self._vm(allocation)
            if vm is not None and vm.state in HELD:
                state = PoolVmState.RETIRED if vm.leaving else PoolVmState.DIRTY
                self._move(vm, state, {"running": False})

        self._run(work)

    def stop(self, allocation: Sid) -> None:
        """Its host stops it and keeps its disk."""
        self._run(lambda: self._set_running(allocation, on=False))

    def start(self, allocation: Sid) -> None:
        """Its host starts it again."""
        self._run(lambda: self._set_running(allocation, on=True))

    def status(self, allocation: Sid) -> ProvisionedState:
        vm = self._run(lambda: self._vm(allocation), write=False)
        if vm is None:
            raise NotFound
        if vm.state not in HELD:
            return ProvisionedState(status=AllocationStatus.RELEASED, running=False)
        status = AllocationStatus.ACTIVE if vm.state is PoolVmState.USED else AllocationStatus.PROVISIONING
        return ProvisionedState(status=status, address=vm.address, running=vm.running)

    # --- inside a transaction ---------------------------------------------------------------------------------

    def _claimed(self, allocation: str, sku: str) -> PoolVm:
        """The VM of an allocation, claimed now if it has none. An allocation that is over gets none: its row is locked,
        so nobody ends it while a VM is claimed for it."""
        status = self._lock(allocation)
        vm = self._vm(allocation)
        if vm is None and status is AllocationStatus.PROVISIONING:
            now = int(self._clock.now().timestamp())
            rows = self._database.execute(self._claim, (allocation, now, sku))
            if not rows:
                raise PoolEmpty
            return self._vms.get(rows[0][0])
        if vm is None or vm.state not in HELD:
            raise AllocationFailed(detail="this allocation is over")
        return vm

    def _handed_over(self, sid: str, allocation: str) -> PoolVm:
        vm = self._vms.object(self._vms.locked(sid, None))
        if vm.allocation_sid != allocation or vm.state not in HELD:
            raise AllocationFailed(detail="this allocation is over")
        return vm if vm.state is PoolVmState.USED else self._move(vm, PoolVmState.USED, {})

    def _set_running(self, allocation: str, *, on: bool) -> None:
        vm = self._vm(allocation)
        if vm is None or vm.state not in HELD:
            raise NotFound
        if vm.running is not on:
            self._vms.patch(vm.sid, {"running": on}, vm.rev)

    def _move(self, vm: PoolVm, state: PoolVmState, also: PoolVmPatch) -> PoolVm:
        return self._vms.patch(vm.sid, {"state": state, "state_since": self._clock.now(), **also}, vm.rev)

    def _lock(self, allocation: str) -> AllocationStatus:
        """Raises `NotFound` for an allocation that the site does not know."""
        return AllocationStatus(self._allocations.locked(_SID.validate_python(allocation), None)["status"])

    def _vm(self, allocation: str) -> PoolVm | None:
        return self._vms.one({"allocation_sid": _SID.validate_python(allocation)})

    # --- transactions -----------------------------------------------------------------------------------------

    def _run(self, work: Callable[[], T], *, write: bool = True) -> T:
        return self._asked(lambda: self._database.run(work, write))

    @staticmethod
    def _asked(act: Callable[[], T]) -> T:
        """Nobody knows what was done where the database was lost: the caller asks again, or gives up by `release`."""
        try:
            return act()
        except Unavailable:
            raise AllocationFailed(detail="the pool's database does not answer") from None
