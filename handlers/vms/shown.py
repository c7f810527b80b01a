"""What pages show of a user's machines: those that live, those that ended last, the quota, the waiting list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generated.models.onboarding import AllocationStatus, PlanPurchase, VmAllocation, WaitingListEntry
from handlers.plans.plans import Plans
from handlers.vms.service import Machines
from handlers.vms.states import LIVE
from handlers.vms.waiting import POOL_EMPTY

ENDED = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """`waiting` has with each entry how many wait before it. `total` is 0 without a plan."""

    live: list[VmAllocation]
    ended: list[VmAllocation]
    waiting: list[tuple[WaitingListEntry, int]]
    plan: PlanPurchase | None
    last_key: str | None

    @property
    def used(self) -> int:
        return len(self.live)

    @property
    def total(self) -> int:
        return self.plan.vm_count if self.plan is not None else 0

    @property
    def period_end(self) -> datetime | None:
        return self.plan.period_end if self.plan is not None else None

    @property
    def may_start(self) -> bool:
        """Whether the plan has a place left."""
        return self.used < self.total

    @property
    def waiting_for_plan(self) -> bool:
        """Whether the next machine of the plan is one that the user waits for."""
        return self.plan is not None and any(entry.sku == self.plan.sku for entry, _ in self.waiting)

    @property
    def provisioning(self) -> bool:
        """Whether a machine is just coming up."""
        return any(each.status is AllocationStatus.PROVISIONING for each in self.live)

    @property
    def changing(self) -> bool:
        """Whether the page is worth another look soon."""
        return self.provisioning or bool(self.waiting)


class MachinesShown:
    def __init__(self, machines: Machines, plans: Plans) -> None:
        self._allocations, self._plans = machines.allocations, plans

    def of(self, user_sid: str) -> Shown:
        """What there is of a user now."""
        latest = self._allocations.store.latest({"user_sid": user_sid}, 50)
        over = [each for each in latest if each.status not in LIVE and each.failure != POOL_EMPTY]
        return Shown(
            live=self.live(user_sid),
            ended=over[:ENDED],
            waiting=self.waiting(user_sid),
            plan=self._plans.current(user_sid),
            last_key=next((each.ssh_pub_key for each in latest if each.ssh_pub_key), None),
        )

    def live(self, user_sid: str) -> list[VmAllocation]:
        """The machines of a user that live."""
        return self._allocations.live_of(user_sid)

    def waiting(self, user_sid: str) -> list[tuple[WaitingListEntry, int]]:
        """What a user waits for, and how many wait before them."""
        return self._allocations.waiting.all_of(user_sid)

    def leave(self, user_sid: str, entry_sid: str) -> None:
        """Take a user off the waiting list. Raises `NotFound`."""
        waiting = self._allocations.waiting
        self._allocations.database.run(lambda: waiting.leave(user_sid, entry_sid))
