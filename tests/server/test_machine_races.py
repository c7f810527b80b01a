"""Machines at the same moment, in threads and in processes, on both databases: exactly one wins, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from generated.models.onboarding import AllocationStatus, PoolVmState, User, VmAllocation
from tests.server.machine_world import SKU, World, world
from tests.server.racing import DONE, ROUNDS, Act, Race, in_processes, in_threads

S = AllocationStatus


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[World]:
    with world(tmp_path, database_url) as made:
        yield made
        made.audit()


@pytest.fixture(params=[in_threads, in_processes], ids=["threads", "processes"])
def race(request: pytest.FixtureRequest, there: World) -> Callable[..., list[str]]:
    run: Race = request.param

    def together(*acts: Act) -> list[str]:
        return run(there.close, acts)

    return together


Together = Callable[..., list[str]]


class Rounds:
    """Users and machines of their own for each round."""

    def __init__(self, there: World) -> None:
        self._there = there
        self._users = self._machines = 0

    def holders(self, count: int, places: int = 5) -> list[User]:
        self._users += count
        numbers = range(self._users - count + 1, self._users + 1)
        return [self._there.holder(f"{number:x}", places) for number in numbers]

    def free(self, count: int) -> None:
        """Just so many machines are free."""
        self._there.database.execute("UPDATE pool_vm SET state = 'retired' WHERE state = 'free'")
        self._there.fill_pool(count, self._machines + 1)
        self._machines += count


@pytest.fixture
def rounds(there: World) -> Rounds:
    return Rounds(there)


def of(there: World, *users: User) -> list[VmAllocation]:
    """What lives of these users."""
    sids = {user.sid for user in users}
    return [each for each in there.allocations() if each.user_sid in sids and each.status in (S.ACTIVE, S.PROVISIONING)]


def test_the_last_machine(there: World, rounds: Rounds, race: Together) -> None:
    """One has it, the others wait, and take no place in their plans."""
    for _ in range(ROUNDS):
        users = rounds.holders(3)
        rounds.free(1)
        assert sorted(race(*(partial(there.allocate, user) for user in users))) == ["PoolEmpty", "PoolEmpty", DONE]
        [won] = of(there, *users)
        assert won.status is S.ACTIVE and sorted(there.used(user) or 0 for user in users) == [0, 0, 1]
        assert sorted(there.waiting()) == sorted(user.sid for user in users if user.sid != won.user_sid)
        there.database.execute("DELETE FROM waiting_list_entry")


def test_the_last_place_in_the_plan(there: World, rounds: Rounds, race: Together) -> None:
    for _ in range(ROUNDS):
        [user] = rounds.holders(1, places=1)
        rounds.free(3)
        outcomes = race(*[partial(there.allocate, user)] * 3)
        assert sorted(outcomes) == ["QuotaExceeded", "QuotaExceeded", DONE]
        assert len(of(there, user)) == there.used(user) == 1
        assert len(there.pool(PoolVmState.FREE)) == 2


def test_a_form_sent_twice_at_once(there: World, rounds: Rounds, race: Together) -> None:
    for number in range(ROUNDS):
        [user] = rounds.holders(1)
        rounds.free(3)
        assert race(*[partial(there.allocate, user, form_token=f"form {number}")] * 2) == [DONE, DONE]
        assert len(of(there, user)) == there.used(user) == 1


def test_an_allocation_and_a_release(there: World, rounds: Rounds, race: Together) -> None:
    """Of a plan with one place, released twice: the new machine came behind the release, or was refused."""
    for _ in range(ROUNDS):
        [user] = rounds.holders(1, places=1)
        rounds.free(2)
        first = there.allocate(user)
        release = partial(there.release, user, first.sid)
        allocated, *released = race(partial(there.allocate, user), release, release)
        assert released == [DONE, DONE] and allocated in (DONE, "QuotaExceeded")
        there.later(minutes=3)  # who asked while somebody else did leaves the last word to the job
        assert there.allocation(first.sid).status is S.RELEASED and there.allocation(first.sid).next_check_at is None
        assert len(of(there, user)) == there.used(user) == (allocated == DONE)
        states = {vm.allocation_sid: vm.state for vm in there.pool() if vm.allocation_sid}
        assert states[first.sid] is PoolVmState.DIRTY


def test_a_release_while_it_is_provisioned(there: World, rounds: Rounds, race: Together) -> None:
    """Whoever follows it up, and whoever gives it up: in the end it is given up."""
    for _ in range(ROUNDS):
        [user] = rounds.holders(1)
        rounds.free(1)
        begun = there.machines.allocations.begin(user.sid, None, None)
        assert isinstance(begun, VmAllocation)
        follow = there.machines.follow_up.ask
        outcomes = race(partial(follow, begun.sid), partial(there.release, user, begun.sid), partial(follow, begun.sid))
        assert outcomes[1] == DONE, outcomes
        there.later(minutes=3)
        assert there.allocation(begun.sid).status is S.RELEASED and there.used(user) == 0
        assert not there.pool(PoolVmState.CLAIMED, PoolVmState.USED)


def test_two_jobs_serve_those_who_wait(there: World, rounds: Rounds, race: Together) -> None:
    """In their order, each once, while the last one waits no more and an operator wipes a machine."""
    for _ in range(ROUNDS):
        users = rounds.holders(4)
        rounds.free(0)
        waiting = there.machines.allocations.waiting
        for user in users:
            there.database.run(partial(waiting.wait, user.sid, SKU, None))
        order = [entry.user_sid for entry in waiting.first(SKU)]  # of one millisecond any may be first
        users.sort(key=lambda user: order.index(user.sid))
        [(last, _)] = waiting.all_of(users[3].sid)
        rounds.free(2)
        leave = partial(there.database.run, partial(waiting.leave, users[3].sid, last.sid))
        job = there.machines.serving.run_once
        assert race(job, job, leave) == [DONE, DONE, DONE]
        there.later(minutes=3)
        assert {each.user_sid for each in of(there, *users)} == {user.sid for user in users[:2]}
        assert len(of(there, *users)) == 2
        assert there.waiting() == [users[2].sid]
        assert [len(there.notices(user)) for user in users] == [1, 1, 0, 0]
        there.database.execute("DELETE FROM waiting_list_entry")
