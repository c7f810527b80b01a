"""Machines within plans: allocated, refused, released; the place in the plan, the pool and the rows agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.errors import Conflict, DeclaredError, InvalidParams, NotFound, RateLimited
from codegen.runtime.http.log import Log
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AllocationFailed,
    Frozen,
    InsufficientFunds,
    KycRequired,
    NoActivePlan,
    PoolEmpty,
    QuotaExceeded,
    VmNotDirty,
)
from generated.models.onboarding import AllocationStatus, KycStatus, PoolVmState
from generated.tables.onboarding import BILLING, OPERATOR_ACT, POOL_VM
from handlers.audit import findings
from handlers.plans.plans import Plans
from handlers.vms.domain import DOMAIN
from handlers.vms.service import Machines
from handlers.vms.serving import REST, Serving
from tests.server.cloud import Cloud
from tests.server.machine_world import KEY, SKU, World, world


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[World]:
    with world(tmp_path, database_url) as made:
        yield made
        made.audit()


def test_a_plan_gives_its_machines_one_at_a_time(there: World) -> None:
    there.fill_pool(6)
    user = there.user()
    purchase = there.plan(user, count=3, cents=1000)
    made = [there.allocate(user, ssh_pub_key=KEY) for _ in range(3)]
    assert [each.status for each in made] == [AllocationStatus.ACTIVE] * 3
    assert len({each.address for each in made}) == 3
    assert [each.cost_cents for each in made] == [334, 333, 333]  # the first takes the remainder
    assert {each.expires_at for each in made} == {purchase.period_end}
    assert {(each.plan_id, each.purchase_sid) for each in made} == {("vm3", purchase.sid)}
    assert there.used(user) == 3 and there.states() == "used used used free free free"
    with pytest.raises(QuotaExceeded) as refused:
        there.allocate(user)
    assert (refused.value.vm_total, refused.value.vm_used) == (3, 3)

    there.release(user, made[0].sid)
    assert there.used(user) == 2 and there.states() == "dirty used used free free free"
    again = there.allocate(user)
    assert again.cost_cents == 334 and again.address != made[0].address
    assert sum(each.cost_cents for each in there.allocations() if each.status is AllocationStatus.ACTIVE) == 1000


def test_who_may_not_is_told_why(there: World) -> None:
    there.fill_pool(1)
    user = there.user("1", KycStatus.PENDING)

    def refused(kind: type[DeclaredError]) -> None:
        with pytest.raises(kind):
            there.allocate(user)
        assert there.allocations() == [] and there.states() == "free" and not there.used(user)

    refused(NoActivePlan)
    purchase = there.plan(user)
    refused(KycRequired)
    there.database.execute("UPDATE \"user\" SET kyc_status = 'completed'")
    billing = Store.of(BILLING, there.database)
    [found] = billing.list_full()["items"]
    billing.patch(found.sid, {"frozen": True})
    refused(Frozen)
    billing.patch(found.sid, {"frozen": False, "credit_balance": Money(-1)})
    refused(InsufficientFunds)
    billing.patch(found.sid, {"credit_balance": Money(0)})
    with pytest.raises(InvalidParams):
        there.allocate(user, sku="other")
    with pytest.raises(InvalidParams):
        there.allocate(user, ssh_pub_key="-----BEGIN OPENSSH PRIVATE KEY-----")
    there.clock.ahead += purchase.period_end - there.clock.now()
    refused(NoActivePlan)  # the period is exclusive of its end


def test_one_form_token_is_one_machine(there: World) -> None:
    there.fill_pool(3)
    user = there.holder()
    first, second = (there.allocate(user, form_token="t1", ssh_pub_key=KEY) for _ in range(2))
    assert first == second and there.used(user) == 1
    with pytest.raises(Conflict):
        there.allocate(user, form_token="t1")
    assert there.allocate(user, form_token="t2").sid != first.sid


def test_a_form_that_found_no_machine_free_is_answered_the_same_again(there: World) -> None:
    user = there.holder()
    there.fill_pool(1)
    there.release(user, there.allocate(user).sid)
    with pytest.raises(PoolEmpty):
        there.allocate(user, form_token="t")
    there.machines.allocations.waiting.wait(there.holder("2").sid, SKU, None)
    with pytest.raises(PoolEmpty):
        there.allocate(user, form_token="u")
    there.fill_pool(3, first=10)
    there.jobs()
    assert there.used(user) == 1
    for token in ("t", "u"):
        with pytest.raises(PoolEmpty):
            there.allocate(user, form_token=token)
    assert there.used(user) == 1


def test_release_is_done_once_and_by_its_user(there: World) -> None:
    there.fill_pool(1)
    user, other = there.holder("1"), there.holder("2")
    made = there.allocate(user)
    with pytest.raises(NotFound):
        there.release(other, made.sid)
    with pytest.raises(NotFound):
        there.service.status(there.context(other), sid=made.sid)
    assert there.service.status(there.context(user), sid=made.sid).running
    first, second = there.release(user, made.sid), there.release(user, made.sid)
    assert first == second and first.status is AllocationStatus.RELEASED and first.next_check_at is None
    assert not there.service.status(there.context(user), sid=made.sid).running
    assert there.used(user) == 0 and there.states() == "dirty"
    with pytest.raises(PoolEmpty):
        there.allocate(other)  # dirty is not free


def test_nobody_starts_and_releases_over_and_over(there: World) -> None:
    """A plan of five gives fifteen within an hour, also of those that were released."""
    user, other = there.holder("1"), there.holder("2")
    there.clock.ahead += timedelta(hours=3)
    there.fill_pool(20)
    kept = there.allocate(user, form_token="first")
    for _ in range(14):
        there.clock.ahead += timedelta(minutes=1)
        there.release(user, there.allocate(user).sid)
    with pytest.raises(RateLimited) as refused:
        there.allocate(user, form_token="again")
    assert refused.value.retry_after == 46 * 60 and there.used(user) == 1
    assert there.allocate(user, form_token="first") == kept, "nothing is started by it"
    assert there.allocate(other).status is AllocationStatus.ACTIVE
    there.clock.ahead += timedelta(minutes=46)
    there.release(user, there.allocate(user, form_token="again").sid)
    with pytest.raises(RateLimited) as refused:
        there.allocate(user)
    assert refused.value.retry_after == 60
    there.clock.ahead -= timedelta(hours=2)  # nobody waits for times that are still to come
    there.allocate(user)


def test_who_waits_is_served_however_many_they_started(there: World) -> None:
    user = there.holder()
    there.fill_pool(15)
    for _ in range(15):
        there.release(user, there.allocate(user).sid)
    there.machines.allocations.waiting.wait(user.sid, SKU, None)
    there.wipe_all()
    there.jobs()
    assert there.used(user) == 1 and there.waiting() == []


def test_a_site_without_rate_limits_has_none_here(there: World) -> None:
    plans, offered, log = Plans(there.database, there.clock), there.machines.provisioners, Log(lambda _: None)
    there.machines = Machines.over(there.database, there.clock, plans, offered, log, limited=False)
    user = there.holder()
    there.fill_pool(20)
    for _ in range(20):
        there.release(user, there.allocate(user).sid)


def test_an_empty_pool_takes_nothing_and_serves_in_order(there: World) -> None:
    there.fill_pool(1)
    users = [there.holder(str(number)) for number in range(1, 5)]
    made = there.allocate(users[0])
    for user in (users[1], users[2], users[1], users[3]):
        with pytest.raises(PoolEmpty):
            there.allocate(user, ssh_pub_key=KEY, form_token=f"{user.sid}")
    assert there.waiting() == [user.sid for user in users[1:]] and there.alerts() == ["pool_empty"]
    assert [there.used(user) or 0 for user in users] == [1, 0, 0, 0]
    there.release(users[0], made.sid)
    there.jobs()
    assert len(there.waiting()) == 3  # it is dirty
    there.wipe_all()
    with pytest.raises(PoolEmpty):  # whoever comes now goes behind those who wait, and they are served first
        there.allocate(users[0])
    assert there.waiting() == [users[2].sid, users[3].sid, users[0].sid]
    [served] = [each for each in there.allocations() if each.status is AllocationStatus.ACTIVE]
    assert served.user_sid == users[1].sid and served.ssh_pub_key == KEY
    assert [notice.kind for notice in there.notices(users[1])] == ["vm_free"]

    there.fill_pool(3, first=10)
    there.jobs()
    assert there.waiting() == [] and there.alerts() == []
    assert [there.used(user) for user in users] == [1, 1, 1, 1]
    there.jobs()
    assert len(there.notices(users[1])) == 1


def test_after_a_failure_all_processes_rest(tmp_path: Path, database_url: str) -> None:
    """The provisioner is asked once in five minutes, however many serve those who wait."""
    cloud = Cloud()
    with world(tmp_path, database_url, cloud=cloud) as made:
        users = [made.holder("1"), made.holder("2")]
        for user in users:
            made.machines.allocations.waiting.wait(user.sid, SKU, None)
        machines = made.machines
        other = Serving(machines.allocations, machines.provisioners, machines.follow_up, Log(lambda _: None))
        cloud.before["allocate"] = AllocationFailed(detail="no disk left")
        assert [serving.run_once() for serving in (machines.serving, other, machines.serving)] == [0, 0, 0]
        assert cloud.asked.count("allocate") == 1 and made.waiting() == [user.sid for user in users]
        made.clock.ahead += REST
        other.run_once()
        assert cloud.asked.count("allocate") == 2
        made.clock.ahead -= timedelta(days=1)  # what failed then is still to come
        cloud.before.clear()
        other.run_once()
        assert made.waiting() == []
        made.audit()


def test_who_may_not_have_it_any_more_is_passed_over(there: World) -> None:
    first, second = there.holder("1"), there.holder("2")
    for user in (first, second):
        with pytest.raises(PoolEmpty):
            there.allocate(user)
    there.database.execute("UPDATE \"user\" SET kyc_status = 'expired' WHERE mycelium_address = '400::1'")
    there.fill_pool(1)
    there.jobs()
    assert there.waiting() == [] and there.used(second) == 1 and not there.used(first)
    [notice] = there.notices(first)
    assert "complete KYC first" in notice.text


def test_a_user_who_waits_can_wait_no_more(there: World) -> None:
    user = there.holder()
    with pytest.raises(PoolEmpty):
        there.allocate(user)
    [(entry, ahead)] = there.machines.allocations.waiting.all_of(user.sid)
    assert ahead == 0
    there.database.run(lambda: there.machines.allocations.waiting.leave(user.sid, entry.sid))
    assert there.waiting() == [] and there.alerts() == []
    there.fill_pool(1)
    there.jobs()
    assert there.states() == "free"


# --- periods --------------------------------------------------------------------------------------------------------


def test_a_period_that_ends_stops_machines_and_wipes_them_a_week_later(there: World) -> None:
    there.fill_pool(2)
    user = there.holder()
    made = there.allocate(user)
    there.clock.ahead += made.expires_at - there.clock.now()
    plans = there.machines.for_plans
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    assert there.pool(PoolVmState.USED)[0].running  # inside the transaction only rows are written
    plans.at_once(user.sid)
    assert not there.pool(PoolVmState.USED)[0].running and there.used(user) == 1
    there.audit()
    there.later(days=6, hours=23)
    assert there.allocation(made.sid).status is AllocationStatus.ACTIVE
    there.later(hours=1)
    assert there.allocation(made.sid).status is AllocationStatus.EXPIRED
    assert there.states() == "dirty free" and there.used(user) == 0
    assert [notice.kind for notice in there.notices(user)] == ["vm_released"]


def test_a_purchase_within_the_week_starts_them_again(there: World) -> None:
    there.fill_pool(3)
    user = there.holder()
    made = [there.allocate(user) for _ in range(3)]
    plans = there.machines.for_plans
    there.clock.ahead += made[0].expires_at - there.clock.now()
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    plans.at_once(user.sid)
    there.later(days=3)
    purchase = there.plan(user, count=2)
    there.database.run(lambda: plans.period_renewed(user.sid, purchase))
    plans.at_once(user.sid)
    after = [there.allocation(each.sid) for each in made]
    assert [each.stopped_at is None for each in after] == [True, True, False]  # as many as the purchase has
    assert [each.expires_at == purchase.period_end for each in after] == [True, True, False]
    assert [vm.running for vm in there.pool()] == [True, True, False]
    there.audit()
    with pytest.raises(QuotaExceeded):
        there.allocate(user)
    there.later(days=4)
    assert there.used(user) == 2 and there.states() == "used used dirty"


def test_a_debt_stops_nothing_within_a_paid_period(there: World) -> None:
    there.fill_pool(1)
    user = there.holder()
    made = there.allocate(user)
    plans = there.machines.for_plans
    there.database.run(lambda: plans.suspend(user.sid, there.clock.now()))
    assert there.allocation(made.sid).stopped_at is None
    there.clock.ahead += made.expires_at - there.clock.now()
    there.database.run(lambda: plans.suspend(user.sid, there.clock.now()))
    plans.at_once(user.sid)
    assert not there.pool()[0].running
    there.database.run(lambda: plans.resume(user.sid, there.clock.now()))
    plans.at_once(user.sid)
    assert there.pool()[0].running and there.allocation(made.sid).stopped_at is None


def test_plans_ask_whether_there_are_enough(there: World) -> None:
    there.fill_pool(3)
    plans = there.machines.for_plans
    assert plans.can_serve(SKU, 3) and not plans.can_serve(SKU, 4) and not plans.can_serve("other", 1)


# --- the pool -------------------------------------------------------------------------------------------------------


def test_operators_wipe_and_retire(there: World) -> None:
    there.fill_pool(3)
    user = there.holder()
    made = there.allocate(user)
    used, free, other = there.pool()
    admin = there.context(None)
    with pytest.raises(VmNotDirty):
        there.service.pool_wiped(admin, sid=used.sid)
    assert there.service.pool_retire(admin, sid=free.sid, reason="old").state is PoolVmState.RETIRED
    with pytest.raises(Conflict):
        there.service.pool_retire(admin, sid=free.sid, reason="old")
    leaving = there.service.pool_retire(admin, sid=used.sid, reason="old")
    assert leaving.state is PoolVmState.USED and leaving.leaving
    there.release(user, made.sid)
    assert there.states() == "retired retired free"
    again = there.allocate(user)
    there.release(user, again.sid)
    assert there.service.pool_wiped(admin, sid=other.sid, reason="seen").state is PoolVmState.FREE
    acts = [(act.act, act.subject) for act in Store.of(OPERATOR_ACT, there.database).list_full()["items"]]
    assert acts == [
        ("vm.pool_import", "test"),
        ("vm.pool_retire", free.sid),
        ("vm.pool_retire", used.sid),
        ("vm.pool_wiped", other.sid),
    ]
    [count] = there.service.pool(admin)
    assert (count.free, count.used, count.dirty, count.retired) == (1, 0, 0, 2)


def test_the_audit_sees_what_does_not_agree(there: World) -> None:
    there.fill_pool(2)
    user = there.holder()
    made = there.allocate(user)
    vm = there.pool(PoolVmState.USED)[0]
    store = Store.of(POOL_VM, there.database)

    def found() -> set[str]:
        return {finding.check for finding in findings(there.database, DOMAIN.audits)}

    for wrong in ({"state": PoolVmState.DIRTY}, {"allocation_sid": None}, {"address": "5a0:ff::1"}, {"running": False}):
        store.patch(vm.sid, wrong)  # type: ignore[arg-type]
        assert found() & {"pool", "machine"}, wrong
        store.patch(
            vm.sid,
            {"state": PoolVmState.USED, "allocation_sid": made.sid, "address": vm.address, "running": True},
        )
    there.database.execute("UPDATE billing SET vm_quota_used = 2")
    assert found() == {"quota"}
    there.database.execute("UPDATE billing SET vm_quota_used = 1")
