"""Buying and renewing plans, killed before every statement in turn: tried again, nothing is half done or done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.errors.onboarding import Capacity
from tests.crash.fuse import STEP, killed, stopped
from tests.server.book import START
from tests.server.plan_life import Life, Tenant, plan_life

MOST = 250
MONTH = timedelta(days=30)
Ending = Callable[..., bool]


@pytest.fixture
def life(database: Database, tmp_path: Path) -> Iterator[Life]:
    """With a machine for each user, and five free ones."""
    with plan_life(database, tmp_path, START, pool=MOST // STEP + 6) as made:
        yield made


@pytest.fixture(params=[killed, stopped])
def end(request: pytest.FixtureRequest) -> Ending:
    """How it ends: the process is killed, or a statement fails."""
    found: Ending = request.param
    return found


def points(life: Life, end: Ending, begun: Callable[[], Tenant], work: Callable[[Tenant], object]) -> Iterator[Tenant]:
    """Of each point the tenant, as `begun` made it, with whom `work` was cut off there; the last one's was not."""
    for at in range(1, MOST, STEP):
        tenant = begun()
        cut = end(life, at, partial(work, tenant), also=[life.pool])
        yield tenant
        if not cut:
            assert at > 10, "the fuse was not where the work is"
            return
    raise AssertionError("it never came to an end")


def over(life: Life, *, dollars: int) -> Tenant:
    """A tenant whose period is just over, with so many dollars, who wants to renew; one machine runs."""
    tenant = life.tenant().begin(10 + dollars, renew=True, machines=1)
    life.book.clock.time += MONTH
    return tenant


def leave(life: Life, tenant: Tenant) -> None:
    """Let the tenant be of no concern to those who come after."""
    life.billing.renew(tenant.context, on=False)


def test_cut_off_while_a_plan_is_bought(life: Life, end: Ending) -> None:
    def begun() -> Tenant:
        tenant = life.tenant()
        tenant.pay(30)
        return tenant

    def buy(tenant: Tenant) -> None:
        with suppress(Capacity):  # of a pool that fails nobody knows how many machines it has
            tenant.buy("form")

    for tenant in points(life, end, begun, buy):
        bought = len(tenant.purchases)
        assert tenant.dollars == 30 - 10 * bought, "paid and bought are one"
        life.book.clock.time += timedelta(seconds=61)
        shown = tenant.buy("form")
        [purchase] = tenant.purchases
        assert (tenant.dollars, shown.vm_quota_period_end) == (20, purchase.period_end)


def test_cut_off_while_a_plan_is_renewed(life: Life, end: Ending) -> None:
    for tenant in points(life, end, partial(over, life, dollars=10), lambda _: life.due("plans.ends")):
        renewed = len(tenant.purchases) - 1
        assert tenant.dollars == 10 - 10 * renewed
        assert tenant.allocations[0].expires_at == tenant.purchases[-1].period_end, "the machine goes with its period"
        life.due()
        assert (len(tenant.purchases), tenant.dollars, tenant.running) == (2, 0, 1)
        assert tenant.kinds["plan_renewed"] == 1
        leave(life, tenant)


def test_cut_off_while_a_period_ends(life: Life, end: Ending) -> None:
    for tenant in points(life, end, partial(over, life, dollars=0), lambda _: life.due("plans.ends")):
        ended = tenant.kinds["plan_ended"]
        assert (tenant.allocations[0].stopped_at is not None) == (ended == 1)
        life.due()
        assert (len(tenant.purchases), tenant.running, tenant.kinds["plan_ended"]) == (1, 0, 1)
        leave(life, tenant)


def test_cut_off_while_a_payment_renews_a_plan(life: Life, end: Ending) -> None:
    """The provider tells of it again."""

    def begun() -> Tenant:
        tenant = over(life, dollars=0)
        life.due()
        return tenant

    for tenant in points(life, end, begun, lambda tenant: tenant.pay(12, "late")):
        renewed = len(tenant.purchases) - 1
        assert tenant.dollars == 2 * renewed, "paid, renewed and charged are one"
        tenant.pay(12, "late")
        life.book.clock.time += timedelta(minutes=3)  # who asked for the machine does not come back
        life.due("vms.follow_up")
        assert (len(tenant.purchases), tenant.dollars, tenant.running) == (2, 2, 1)
        leave(life, tenant)
