"""What has to be done about an allocation, when it is done again, and what a machine costs: pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from codegen.runtime.values.types import Money
from generated.models.onboarding import AllocationStatus, VmAllocation

CLAIM = timedelta(minutes=2)
"""After this long somebody else asks, where whoever asked did not come back; a provisioner has one minute."""
FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=1)
"""Pauses between two questions double from the first to the longest."""
PATIENCE = timedelta(days=1)
"""After this long a machine that does not come up is given up, and an operator looks at one that does not go."""
WINDOW = timedelta(hours=1)
"""In which a user may start so many machines, also of those that are released again or fail."""
LIVE = (AllocationStatus.PROVISIONING, AllocationStatus.ACTIVE)
"""Allocations that take a place in the plan."""


class Task(Enum):
    """What a provisioner is asked for, so that the machine becomes what the allocation says."""

    ALLOCATE = "allocate"
    START = "start"
    STOP = "stop"
    RELEASE = "release"


def task_of(allocation: VmAllocation) -> Task:
    """What has to be done; all of it may be done again."""
    if allocation.status is AllocationStatus.PROVISIONING:
        return Task.ALLOCATE
    if allocation.status is AllocationStatus.ACTIVE:
        return Task.START if allocation.stopped_at is None else Task.STOP
    return Task.RELEASE


def began_at(allocation: VmAllocation) -> datetime:
    """Since when the task of an allocation waits."""
    if allocation.status is AllocationStatus.PROVISIONING:
        return allocation.allocated_at
    return allocation.released_at or allocation.stopped_at or allocation.allocated_at


def pause(checks: int) -> timedelta:
    """How long to wait after so many questions without the answer that ends them."""
    return min(FIRST * (1 << min(checks, 20)), LONGEST)


def due_by(now: datetime) -> tuple[int, int]:
    """The parameters of the statement that finds what is due: a time later than the longest wait was written by a clock
    that was set back since."""
    return int(now.timestamp()), int((now + LONGEST + CLAIM).timestamp())


def starts_within_window(vm_count: int) -> int:
    """How many machines a plan of so many may start within the window: all of them three times, and at least ten."""
    return max(3 * vm_count, 10)


def first_cost(cost: int, count: int) -> int:
    """What the first machine of a plan costs in cents: its share and the remainder."""
    cents = Money(cost).cents
    return cents // count + cents % count


def other_cost(cost: int, count: int) -> int:
    """What every other machine costs in cents."""
    return Money(cost).cents // count
