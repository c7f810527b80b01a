"""What plans ask of machines: inside their transactions rows are written, behind them the provisioners are asked."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.http.log import Log
from generated.models.onboarding import AllocationStatus, PlanPurchase, VmAllocation
from generated.tables.onboarding import VmAllocationPatch
from handlers.plans.machines import PlanMachines
from handlers.plans.rules import GRACE
from handlers.vms.allocations import Allocations
from handlers.vms.follow_up import FollowUp
from handlers.vms.provisioners import Provisioners


class MachinesOfPlans(PlanMachines):
    def __init__(self, allocations: Allocations, provisioners: Provisioners, follow_up: FollowUp, log: Log) -> None:
        self._allocations, self._provisioners, self._follow_up = allocations, provisioners, follow_up
        self._log = log

    # --- outside of transactions ------------------------------------------------------------------------------

    def free(self, sku: str) -> int:
        """How many machines of a size are free for whoever comes now, behind those who wait."""
        return max(self._provisioners.free(sku, self._log) - self._allocations.waiting.length(sku), 0)

    def at_once(self, user_sid: str) -> None:
        """Have the provisioners do at once what was written for a user; what fails is done by the job."""
        self._follow_up.of_user(user_sid)

    # --- inside a transaction of plans ------------------------------------------------------------------------

    def period_renewed(self, user_sid: str, purchase: PlanPurchase) -> None:
        """The machines go on under this purchase, as many as it has; those stopped start again. What is more stays
        stopped until its disk is given up."""
        for place, allocation in enumerate(self._allocations.live_of(user_sid)):
            if place < purchase.vm_count:
                changes: VmAllocationPatch = {
                    "purchase_sid": purchase.sid,
                    "expires_at": purchase.period_end,
                    "stopped_at": None,
                    "wipe_at": None,
                }
                self._write(allocation, changes)
            elif allocation.stopped_at is None:
                self._stop(allocation, purchase.period_start, wipe=True)

    def period_ended(self, user_sid: str, at: datetime) -> None:
        """The machines stop; their disks are kept for a while."""
        for allocation in self._allocations.live_of(user_sid):
            self._stop(allocation, at, wipe=True)

    def suspend(self, user_sid: str, at: datetime) -> None:
        """The machines stop that no paid period covers."""
        for allocation in self._allocations.live_of(user_sid):
            if allocation.expires_at <= at:
                self._stop(allocation, at, wipe=False)

    def resume(self, user_sid: str, at: datetime) -> None:
        """What `suspend` stopped starts again; of a period that ended, the disks are kept, and nothing runs."""
        for allocation in self._allocations.live_of(user_sid):
            if allocation.wipe_at is None:
                self._write(allocation, {"stopped_at": None})

    def _stop(self, allocation: VmAllocation, at: datetime, *, wipe: bool) -> None:
        changes: VmAllocationPatch = {"stopped_at": allocation.stopped_at or at}
        if wipe and allocation.wipe_at is None:
            changes["wipe_at"] = at + GRACE
        self._write(allocation, changes)

    def _write(self, allocation: VmAllocation, changes: VmAllocationPatch) -> None:
        """A machine that has to be told of it is asked at once; one that is being provisioned is told when it runs."""
        turned = (changes["stopped_at"] is None) is not (allocation.stopped_at is None)
        if turned and allocation.status is AllocationStatus.ACTIVE:
            changes["next_check_at"], changes["checks"] = self._allocations.now(), 0
        self._allocations.store.patch(allocation.sid, changes)
