"""What CRUD may do to the pool and the waiting list: nothing that a user relies on, and nothing that is seen twice."""

from __future__ import annotations

from contextlib import suppress

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, InUse
from codegen.runtime.storage.hooks import Hooks
from generated.models.onboarding import PoolVm, PoolVmState, WaitingListEntry
from generated.tables.onboarding import POOL_VM, WAITING_LIST_ENTRY
from handlers.vms.pool_file import overlay_address
from handlers.vms.waiting import WaitingList

REMOVABLE = (PoolVmState.FREE, PoolVmState.RETIRED)


def _in_one_form(context: Context, vm: PoolVm) -> PoolVm:
    """An IPv6 address as `pool import` keeps it: two spellings of one would be two machines. A name stays as it is."""
    with suppress(ValueError):
        return vm.model_copy(update={"address": overlay_address(vm.address)})
    return vm


def _before_set(context: Context, before: PoolVm | None, vm: PoolVm) -> PoolVm:
    vm = _in_one_form(context, vm)
    if before is None or before.state in REMOVABLE:
        return vm
    if (before.name, before.address, before.sku) != (vm.name, vm.address, vm.sku):
        raise Conflict(f"this VM is {before.state.value}: it keeps its name, address and size until it is wiped")
    return vm


def _before_delete(context: Context, vm: PoolVm) -> None:
    if vm.state not in REMOVABLE:
        raise InUse(f"this VM is {vm.state.value}; retire it, and delete it then")


def _nobody_waits(context: Context, entry: WaitingListEntry) -> None:
    WaitingList(context.database, context.clock).settle_alert(entry.sku)


POOL_HOOKS = Hooks(type=POOL_VM, pre_new=_in_one_form, pre_set=_before_set, pre_delete=_before_delete)
WAITING_HOOKS = Hooks(type=WAITING_LIST_ENTRY, post_delete=_nobody_waits)
