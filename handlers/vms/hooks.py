"""What operators may change of a VM of the pool by CRUD: nothing that its user relies on."""

from __future__ import annotations

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, InUse
from codegen.runtime.storage.hooks import Hooks
from generated.models.onboarding import PoolVm, PoolVmState
from generated.tables.onboarding import POOL_VM

REMOVABLE = (PoolVmState.FREE, PoolVmState.RETIRED)


def _before_set(context: Context, before: PoolVm | None, vm: PoolVm) -> None:
    if before is None or before.state in REMOVABLE:
        return
    if (before.name, before.address, before.sku) != (vm.name, vm.address, vm.sku):
        raise Conflict(f"this VM is {before.state.value}: it keeps its name, address and size until it is wiped")


def _before_delete(context: Context, vm: PoolVm) -> None:
    if vm.state not in REMOVABLE:
        raise InUse(f"this VM is {vm.state.value}; retire it, and delete it then")


POOL_HOOKS = Hooks(type=POOL_VM, pre_set=_before_set, pre_delete=_before_delete)
