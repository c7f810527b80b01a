"""Provisioners that are silent, lose answers, or raise what nobody declared: in the end they and our rows agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.rpc.idempotency import LEASE
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import AllocationStatus, KycStatus, VmAllocation
from generated.tables.onboarding import USER
from handlers.vms import waiting
from handlers.vms.provisioners import Provisioners
from handlers.vms.states import CLAIM, PATIENCE
from tests.server.cloud import Cloud, Killed
from tests.server.machine_world import SKU, World, world

S = AllocationStatus
SILENT = OSError("no route to the cloud")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def there(tmp_path: Path, cloud: Cloud) -> Iterator[World]:
    """No SQL differs here: one database is enough."""
    with world(tmp_path, f"sqlite:///{tmp_path}/test.db", cloud=cloud) as made:
        yield made
        made.audit()


def only(there: World) -> VmAllocation:
    [found] = there.allocations()
    return found


@contextmanager
def failed(detail: str) -> Iterator[None]:
    with pytest.raises(AllocationFailed) as refused:
        yield
    assert refused.value.detail == detail


def settle(there: World) -> None:
    """All that is still to be asked is asked, with an hour between."""
    for _ in range(4):
        there.later(hours=1, minutes=5)


# --- allocate -------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_again(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.after["allocate"] = TimeoutError("read timed out")
    begun = there.allocate(user)
    assert begun.status is S.PROVISIONING and begun.address is None and there.used(user) == 1
    cloud.after.clear()
    there.later(seconds=20)
    assert only(there).status is S.ACTIVE and only(there).address
    assert cloud.machines == {begun.sid: "up"} and there.used(user) == 1
    assert "read timed out" in str(there.logged)


def test_a_form_sent_again_after_a_crash_goes_on(there: World, cloud: Cloud) -> None:
    """The process died when the cloud had done it: the same token finds the same machine."""
    user = there.holder()
    cloud.after["allocate"] = Killed()
    with pytest.raises(Killed):
        there.allocate(user, form_token="t")
    assert only(there).status is S.PROVISIONING and there.used(user) == 1
    cloud.after.clear()
    there.clock.ahead += timedelta(seconds=LEASE + 1)  # so long a call that is under way keeps its token
    assert there.allocate(user, form_token="t").status is S.ACTIVE
    assert list(cloud.machines.values()) == ["up"] and there.used(user) == 1


def test_a_crash_before_the_question_is_found_by_the_job(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before["allocate"] = Killed()
    with pytest.raises(Killed):
        there.allocate(user)
    cloud.before.clear()
    there.later(seconds=CLAIM.seconds - 1)
    assert only(there).status is S.PROVISIONING, "whoever asked may still be asking"
    there.later(seconds=10)
    assert only(there).status is S.ACTIVE


def test_a_day_of_silence_gives_the_machine_up(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before.update(allocate=SILENT, release=SILENT)
    there.allocate(user)
    for _ in range(23 * 12):
        there.later(minutes=5)
    assert there.used(user) == 1 and 25 < cloud.asked.count("allocate") < 45
    there.later(hours=1, minutes=5)
    assert only(there).status is S.FAILED and there.used(user) == 0
    assert [notice.kind for notice in there.notices(user)] == ["vm_failed"] and there.alerts() == ["machine_stuck"]
    asked = cloud.asked.count("allocate")
    cloud.before.clear()
    cloud.machines[only(there).sid] = "up"  # the first question reached it after all
    settle(there)
    assert list(cloud.machines.values()) == ["gone"] and there.alerts() == []
    assert only(there).next_check_at is None and cloud.asked.count("allocate") == asked
    assert len(there.notices(user)) == 1


def test_a_machine_that_comes_up_slowly_is_awaited(there: World, cloud: Cloud) -> None:
    cloud.slow = True
    user = there.holder()
    begun = there.allocate(user)
    assert begun.status is S.PROVISIONING and begun.provider_ref == f"vm-{begun.sid}"
    assert there.service.status(there.context(user), sid=begun.sid).running is False
    cloud.machines[begun.sid] = "up"
    there.later(seconds=6)
    assert only(there).status is S.ACTIVE and only(there).checks == 0
    assert there.service.status(there.context(user), sid=begun.sid).running


def test_what_cannot_be_allocated_is_released(there: World, cloud: Cloud) -> None:
    """It may have made something before it failed."""
    user = there.holder()
    cloud.after["allocate"] = AllocationFailed(detail="no disk left")
    with failed("no disk left"):
        there.allocate(user, form_token="t")
    assert only(there).failure == "no disk left" and there.used(user) == 0
    cloud.after.clear()
    with failed("no disk left"):  # the outcome of this form
        there.allocate(user, form_token="t")
    settle(there)
    assert list(cloud.machines.values()) == ["gone"]
    assert [notice.kind for notice in there.notices(user)] == ["vm_failed"]


def test_a_form_sent_again_after_a_crash_finds_what_runs_by_now(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before["allocate"] = Killed()
    with pytest.raises(Killed):
        there.allocate(user, form_token="t")
    cloud.before.clear()
    there.later(seconds=LEASE + CLAIM.seconds)
    made = only(there)
    assert made.status is S.ACTIVE and there.allocate(user, form_token="t") == made


def test_a_form_sent_again_after_a_crash_and_a_failure_is_told_of_it(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before["allocate"] = Killed()
    with pytest.raises(Killed):
        there.allocate(user, form_token="t")
    cloud.before["allocate"] = AllocationFailed(detail="no disk left")
    there.later(seconds=LEASE + CLAIM.seconds)
    with failed("no disk left"):
        there.allocate(user, form_token="t")
    assert len(there.allocations()) == 1 and there.used(user) == 0


# --- what changes meanwhile -----------------------------------------------------------------------------------------


def test_a_machine_is_given_up_before_it_runs(there: World, cloud: Cloud) -> None:
    """By its user, while the cloud does not answer: the place in the plan is free at once."""
    user = there.holder()
    cloud.before["allocate"] = SILENT
    begun = there.allocate(user)
    cloud.before.clear()
    assert there.release(user, begun.sid).status is S.RELEASED and there.used(user) == 0
    settle(there)
    assert only(there).status is S.RELEASED and "allocate" not in cloud.asked[1:] and cloud.machines == {}


def test_an_answer_that_comes_after_the_release_is_undone(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.meanwhile["allocate"] = lambda: there.release(user, only(there).sid)
    assert there.allocate(user).status is S.RELEASED
    assert list(cloud.machines.values()) == ["up"], "the release came first, and found nothing"
    there.later(seconds=10)
    assert list(cloud.machines.values()) == ["gone"] and there.used(user) == 0
    settle(there)
    assert only(there).next_check_at is None


def test_a_question_of_a_dead_process_is_undone_too(there: World, cloud: Cloud) -> None:
    """Its release found nothing; the question was still under way, and nobody is there who would hear its answer."""
    user = there.holder()
    cloud.before["allocate"] = Killed()
    with pytest.raises(Killed):
        there.allocate(user)
    cloud.before.clear()
    there.release(user, only(there).sid)
    cloud.machines[only(there).sid] = "up"
    there.later(seconds=CLAIM.seconds + 10)
    assert list(cloud.machines.values()) == ["gone"]
    assert only(there).next_check_at is None


def test_a_period_that_ends_while_a_machine_comes_up_stops_it(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before["allocate"] = SILENT
    there.allocate(user)
    plans = there.machines.for_plans
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    cloud.before.clear()
    there.later(minutes=3)
    assert only(there).status is S.ACTIVE and list(cloud.machines.values()) == ["down"]


def test_a_renewal_during_a_stop_starts_it_again(there: World, cloud: Cloud) -> None:
    user = there.holder()
    there.allocate(user)
    plans = there.machines.for_plans
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    purchase = there.plan(user)
    cloud.meanwhile["stop"] = lambda: there.database.run(lambda: plans.period_renewed(user.sid, purchase))
    plans.at_once(user.sid)
    there.later(seconds=10)
    assert list(cloud.machines.values()) == ["up"] and only(there).next_check_at is None


def test_one_that_cannot_stop_machines_is_not_asked_to(there: World, cloud: Cloud) -> None:
    cloud.can_stop = False
    user = there.holder()
    there.allocate(user)
    plans = there.machines.for_plans
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    plans.at_once(user.sid)
    assert "stop" not in cloud.asked and only(there).next_check_at is None


# --- release, status, capacity --------------------------------------------------------------------------------------


def test_a_release_that_is_not_answered_is_asked_for_until_it_is(there: World, cloud: Cloud) -> None:
    user = there.holder()
    made = there.allocate(user)
    cloud.before["release"] = SILENT
    assert there.release(user, made.sid).status is S.RELEASED and there.used(user) == 0
    for _ in range(30):
        there.later(hours=1, minutes=5)
    assert there.alerts() == ["machine_stuck"] and cloud.machines[made.sid] == "up"
    cloud.before.clear()
    settle(there)
    assert cloud.machines[made.sid] == "gone" and there.alerts() == []


def test_undeclared_errors_are_never_handed_on(there: World, cloud: Cloud) -> None:
    user = there.holder()
    made = there.allocate(user)
    for error in (SILENT, KeyError("x"), PoolEmpty(), NotFound()):
        cloud.before["status"] = error
        with pytest.raises(AllocationFailed):
            there.service.status(there.context(user), sid=made.sid)
    cloud.before["capacity"] = ZeroDivisionError()
    assert there.machines.for_plans.free(SKU) == 0
    there.machines.allocations.waiting.wait(there.holder("2").sid, SKU, None)
    there.jobs()
    assert len(there.waiting()) == 1
    cloud.before.clear()
    there.jobs()
    assert there.waiting() == []


def test_a_silent_cloud_is_asked_about_one_machine_at_a_time(there: World, cloud: Cloud) -> None:
    """It may hang each time, and others wait behind it."""
    user = there.holder()
    for made in [there.allocate(user) for _ in range(4)]:
        cloud.before["release"] = SILENT
        there.release(user, made.sid)
    cloud.asked.clear()
    there.clock.ahead += CLAIM + PATIENCE / 24
    there.machines.follow_up.run_once()
    assert cloud.asked == ["release"]


def test_a_provisioner_that_is_gone_keeps_nobody(there: World, cloud: Cloud) -> None:
    user = there.holder()
    made = there.allocate(user)
    gone = Provisioners({})
    machines = there.machines
    for part in (machines.follow_up, machines.serving, machines.for_plans, machines.allocations):
        part._provisioners = gone
    with failed("the provisioner cloud is not installed"):
        there.service.status(there.context(user), sid=made.sid)
    assert there.release(user, made.sid).status is S.RELEASED and there.used(user) == 0
    with failed(f"no provisioner has machines of the size {SKU}"):
        there.allocate(user)
    assert there.used(user) == 0


# --- the waiting list -----------------------------------------------------------------------------------------------


def test_those_who_wait_for_one_size_keep_nobody_else_waiting(
    there: World, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "BATCH", 2)
    cloud.skus = ("large",)
    small = Cloud()
    sources: dict[str, Cloud] = {"cloud": cloud, "small": small}
    there.machines.provisioners.offered.update(sources)  # type: ignore[attr-defined]
    cloud.free = 0
    for number in range(3):
        there.machines.allocations.waiting.wait(there.holder(f"{number + 1}").sid, "large", None)
    last = there.holder("9")
    there.machines.allocations.waiting.wait(last.sid, SKU, None)
    there.jobs()
    assert there.used(last) == 1 and len(there.waiting()) == 3 and list(small.machines.values()) == ["up"]


def test_a_cloud_that_is_full_after_all_keeps_the_place(there: World, cloud: Cloud) -> None:
    """It says that one is free, and has none."""
    first, second = there.holder("1"), there.holder("2")
    list_ = there.machines.allocations.waiting
    for user in (first, second):
        list_.wait(user.sid, SKU, None)
    cloud.before["allocate"] = PoolEmpty()
    there.jobs()
    assert there.waiting() == [first.sid, second.sid] and not there.used(first)
    cloud.before.clear()
    cloud.free = 1
    there.jobs()
    assert there.waiting() == [second.sid] and there.used(first) == 1


def test_a_cloud_that_fails_takes_nobodys_turn(there: World, cloud: Cloud) -> None:
    """It has machines, it says, and cannot provide one: it is tried again now and then, and all keep their places."""
    users = [there.holder(f"{number}") for number in range(1, 4)]
    for user in users:
        there.machines.allocations.waiting.wait(user.sid, SKU, None)
    cloud.before["allocate"] = AllocationFailed(detail="no disk left")
    for _ in range(12):
        there.later(minutes=1)
    assert there.waiting() == [user.sid for user in users] and cloud.asked.count("allocate") == 3
    assert there.alerts() == ["pool_empty"] and not any(there.notices(user) for user in users)
    with pytest.raises(PoolEmpty):
        there.allocate(there.holder("9"))
    cloud.before.clear()
    there.later(minutes=6)
    assert there.waiting() == [] and [there.used(user) for user in users] == [1, 1, 1] and there.alerts() == []


def test_who_waited_for_a_machine_that_never_comes_up_waits_on(there: World, cloud: Cloud) -> None:
    user = there.holder()
    there.machines.allocations.waiting.wait(user.sid, SKU, None)
    cloud.slow = True
    there.jobs()
    assert only(there).status is S.PROVISIONING and there.waiting() == []
    there.clock.ahead += PATIENCE
    there.machines.follow_up.run_once()
    assert only(there).status is S.FAILED and there.waiting() == [user.sid] and not there.notices(user)
    cloud.slow = False
    settle(there)
    assert there.used(user) == 1 and sorted(cloud.machines.values()) == ["gone", "up"]


def test_who_fails_each_time_keeps_nobody_behind_them_waiting(there: World, cloud: Cloud) -> None:
    """The cloud takes anything but this user's key, for one."""
    first, second = there.holder("1"), there.holder("2")
    for user in (first, second):
        there.machines.allocations.waiting.wait(user.sid, SKU, None)
    cloud.before["allocate"] = AllocationFailed(detail="bad key")
    while first.sid in there.waiting():
        there.later(minutes=1)
        assert there.waiting()[-1] == second.sid and len(there.allocations()) <= waiting.TRIES
    assert [notice.kind for notice in there.notices(first)] == ["vm_failed"]
    cloud.before.clear()
    there.later(minutes=6)
    assert there.used(second) == 1 and not there.used(first)


@pytest.mark.parametrize("status", [KycStatus.EXPIRED, KycStatus.FAILED])
def test_who_lost_kyc_while_waiting_is_told(there: World, cloud: Cloud, status: KycStatus) -> None:
    user = there.holder()
    there.machines.allocations.waiting.wait(user.sid, SKU, None)
    Store.of(USER, there.database).patch(user.sid, {"kyc_status": status})
    there.jobs()
    assert there.waiting() == [] and cloud.machines == {} and len(there.notices(user)) == 1


def test_a_clock_that_was_set_back_loses_no_question(there: World, cloud: Cloud) -> None:
    user = there.holder()
    cloud.before["allocate"] = SILENT
    there.allocate(user)
    cloud.before.clear()
    there.later(days=-3)
    for _ in range(3):
        there.later(minutes=5)
    assert only(there).status is S.ACTIVE


def test_each_question_has_one_asker(there: World, cloud: Cloud) -> None:
    """Two jobs come at once: the second finds nothing to be asked."""
    user = there.holder()
    made = there.allocate(user)
    cloud.meanwhile["release"] = partial(there.machines.follow_up.run_once)
    there.release(user, made.sid)
    assert cloud.asked.count("release") == 1 and cloud.machines[made.sid] == "gone"


def test_whoever_is_quicker_takes_nobodys_machine(there: World, cloud: Cloud) -> None:
    """While one who waited is being served with the last machine, another job and a newcomer come: they wait."""
    first, second, late = (there.holder(f"{number}") for number in (1, 2, 3))
    for user in (first, second):
        there.machines.allocations.waiting.wait(user.sid, SKU, None)
    cloud.free = 1

    def others() -> None:
        there.machines.serving.run_once()
        with pytest.raises(PoolEmpty):
            there.allocate(late)

    cloud.meanwhile["allocate"] = others
    there.machines.serving.run_once()
    assert [there.used(user) or 0 for user in (first, second, late)] == [1, 0, 0]
    assert there.waiting() == [second.sid, late.sid]


def test_a_newcomer_takes_no_machine_that_is_promised(there: World, cloud: Cloud) -> None:
    """Nobody waits any more: the last who did is being served."""
    first, late = there.holder("1"), there.holder("2")
    there.machines.allocations.waiting.wait(first.sid, SKU, None)
    cloud.free = 1

    def come() -> None:
        with pytest.raises(PoolEmpty):
            there.allocate(late)

    cloud.meanwhile["allocate"] = come
    there.machines.serving.run_once()
    assert (there.used(first), there.waiting()) == (1, [late.sid])
    cloud.free = 1
    there.jobs()
    assert there.used(late) == 1


def test_a_newcomer_takes_what_is_free_beyond_those_that_are_promised(there: World, cloud: Cloud) -> None:
    first, late = there.holder("1"), there.holder("2")
    cloud.free = 2
    cloud.meanwhile["allocate"] = lambda: there.allocate(late)
    there.allocate(first)
    assert (there.used(first), there.used(late), there.waiting()) == (1, 1, [])


def test_who_waits_and_asks_again_is_given_one_machine(there: World, cloud: Cloud) -> None:
    """It is their turn, and they ask for themselves: nobody serves them beside."""
    first, second = there.holder("1"), there.holder("2")
    for user in (first, second):
        there.machines.allocations.waiting.wait(user.sid, SKU, None)
    assert there.allocate(second).status is S.ACTIVE
    assert (there.used(first), there.used(second), there.waiting()) == (1, 1, [])


def test_where_a_cloud_is_full_after_all_nobody_behind_is_tried(there: World, cloud: Cloud) -> None:
    for number in (1, 2):
        there.machines.allocations.waiting.wait(there.holder(f"{number}").sid, SKU, None)
    cloud.before["allocate"] = PoolEmpty()
    assert there.machines.serving.run_once() == 0 and cloud.asked.count("allocate") == 1
    cloud.before.clear()
    assert there.machines.serving.run_once() == 2, "both are served"


def test_who_leaves_the_list_meanwhile_keeps_nobody_behind_them_waiting(there: World, cloud: Cloud) -> None:
    first, second = there.holder("1"), there.holder("2")
    list_ = there.machines.allocations.waiting
    for user in (first, second):
        list_.wait(user.sid, SKU, None)
    [(entry, _)] = list_.all_of(first.sid)
    cloud.meanwhile["capacity"] = lambda: there.database.run(lambda: list_.leave(first.sid, entry.sid))
    there.machines.serving.run_once()
    assert (there.used(first) or 0, there.used(second), there.waiting()) == (0, 1, [])


def test_who_waits_for_a_size_that_their_plan_gives_no_more_is_passed_over(there: World, cloud: Cloud) -> None:
    first, second = there.holder("1"), there.holder("2")
    there.machines.allocations.waiting.wait(first.sid, "large", None)
    there.machines.allocations.waiting.wait(second.sid, SKU, None)
    there.jobs()
    assert there.waiting() == [] and (there.used(first) or 0, there.used(second)) == (0, 1)
    [notice] = there.notices(first)
    assert f"the plan gives machines of the size {SKU}" in notice.text
