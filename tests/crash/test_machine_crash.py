"""Machines started, given up, served and stopped, killed before every statement in turn, the site's and the pool's: a
while later each machine is as its row says, and nobody lost a place or a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from generated.models.onboarding import AllocationStatus, PoolVmState, User
from providers.pool import PoolAssignmentProvisioner
from tests.crash.fuse import STEP, killed, stopped
from tests.server.machine_world import SKU, World, world

S = AllocationStatus
MOST = 200
Ending = Callable[[int, Callable[[], object]], bool]


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[World]:
    with world(tmp_path, database_url) as made:
        yield made


@pytest.fixture(params=[killed, stopped])
def end(request: pytest.FixtureRequest, there: World) -> Ending:
    """How it ends: the process is killed, or a statement fails."""
    run: Callable[..., bool] = request.param
    pool: Any = there.machines.provisioners["pool"]
    assert isinstance(pool, PoolAssignmentProvisioner)
    return lambda at, work: run(there, at, work, also=[pool._database])


def points(
    there: World, end: Ending, begun: Callable[[User], object], work: Callable[[User], object]
) -> Iterator[User]:
    """Of each point the user with whom `work` was cut off there, a free machine beside; the last one's was not."""
    for at in range(1, MOST, STEP):
        there.fill_pool(1, first=at)
        user = there.holder(f"{at:x}")
        begun(user)
        cut = end(at, partial(work, user))
        yield user
        there.audit()
        for vm in there.pool(PoolVmState.FREE):
            there.database.execute("UPDATE pool_vm SET state = 'retired' WHERE sid = ?", (vm.sid,))
        if not cut:
            assert at > 20, "the fuse was not where the work is"
            return
    raise AssertionError("it never came to an end")


def machines_of(there: World, user: User) -> list[tuple[str, str]]:
    """The machines of a user, and what became of each in the pool."""
    mine = [each for each in there.allocations() if each.user_sid == user.sid]
    held = {vm.allocation_sid: vm.state.value for vm in there.pool() if vm.allocation_sid}
    return [(each.status.value, held.get(each.sid, "none")) for each in mine]


def test_cut_off_while_a_machine_is_started(there: World, end: Ending) -> None:
    """The form is sent again: there is one machine."""

    def start(user: User) -> object:
        return there.allocate(user, form_token=f"form of {user.sid}")

    for user in points(there, end, lambda _: None, start):
        there.later(minutes=3)
        assert machines_of(there, user) in ([], [("active", "used")])
        assert start(user)
        there.later(minutes=3)
        assert machines_of(there, user) == [("active", "used")] and there.used(user) == 1


def test_cut_off_while_a_machine_is_given_up(there: World, end: Ending) -> None:
    def release(user: User) -> object:
        [mine] = [each for each in there.allocations() if each.user_sid == user.sid]
        return there.release(user, mine.sid)

    for user in points(there, end, there.allocate, release):
        there.later(minutes=3)
        assert machines_of(there, user) in ([("active", "used")], [("released", "dirty")])
        release(user)
        there.later(minutes=3)
        assert machines_of(there, user) == [("released", "dirty")] and there.used(user) == 0


def test_cut_off_while_somebody_is_served(there: World, end: Ending) -> None:
    """Who waited is served once, and told once."""

    def wait(user: User) -> None:
        waiting = there.machines.allocations.waiting
        there.database.run(lambda: waiting.wait(user.sid, SKU, None))

    for user in points(there, end, wait, lambda _: there.machines.serving.run_once()):
        there.later(minutes=3)
        assert machines_of(there, user) == [("active", "used")] and there.used(user) == 1
        assert [notice.kind for notice in there.notices(user)] == ["vm_free"] and there.waiting() == []


def test_cut_off_while_a_disk_is_given_up(there: World, end: Ending) -> None:
    plans = there.machines.for_plans

    def over(user: User) -> None:
        there.allocate(user)
        there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
        plans.at_once(user.sid)
        there.clock.ahead += there.allocations()[-1].wipe_at - there.clock.now()  # type: ignore[operator]

    def work(user: User) -> None:
        there.machines.follow_up.give_up_disks()
        there.machines.follow_up.run_once()

    for user in points(there, end, over, work):
        there.later(minutes=3)
        assert machines_of(there, user) == [("expired", "dirty")] and there.used(user) == 0
        assert [notice.kind for notice in there.notices(user)] == ["vm_released"]
