"""`billing.summary`: what it says follows from what is known, and what is not known is absent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from codegen.runtime.context import ADMIN, Caller, Context
from codegen.runtime.errors import DeclaredError
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import BillingSummary
from generated.routes import SERVICES
from generated.services.onboarding import BillingService
from generated.tables.onboarding import ALERT_SETTINGS
from handlers.home.summary import Summaries, SummaryHandler
from handlers.identity.users import Users
from handlers.ledger.standing import Standings
from handlers.plans.overview import PlanOverviews
from handlers.plans.plan_catalogue import PlanCatalogue, read_plans
from handlers.usage.standing import UsageStandings
from handlers.work.alert_settings import AlertThresholds
from tests.server.daily_usage import HOUR, hero_os, write
from tests.server.plan_world import DOLLAR, PlanWorld


class World(PlanWorld):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        summaries = Summaries(
            self.clock,
            Users(database, self.clock),
            Standings(database, self.ledger, self.clock),
            UsageStandings(database, self.clock),
            PlanOverviews(database, self.clock, PlanCatalogue(read_plans(None))),
            AlertThresholds(database),
        )
        self.summaries = local(BillingService, SummaryHandler(summaries), SERVICES)

    def summary(self, user: str) -> BillingSummary:
        return self.summaries.summary(Context(Caller("user", user), self.clock, self.database, "test"))

    def absent(self, user: str) -> set[str]:
        """What is not known: the names of fields, also those of `ladder`."""
        found: dict[str, Any] = self.summary(user).model_dump()
        return {name for name, value in [*found.items(), *found["ladder"].items()] if value is None}


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


UNKNOWN = {"data_as_of", "silent_nodes", "burn_per_day", "runway_until", "spend", "saved"}


def test_of_somebody_without_usage_nothing_is_told_of_it(world: World) -> None:
    user = world.user(25)
    assert world.absent(user) == {*UNKNOWN, "quota", "debt_since"}
    world.buy(user)
    assert world.absent(user) == {*UNKNOWN, "debt_since"}
    quota = world.summary(user).quota
    assert quota is not None and (quota.plan_id, quota.vm_total, quota.vm_used, quota.renew) == ("vm5", 5, 0, False)
    assert quota.period_end == world.clock.now() + timedelta(days=30)


def test_a_plan_that_is_renewed_is_a_pace_of_its_own(world: World) -> None:
    user = world.user(25)
    world.buy(user)
    world.renew(user)
    found = world.summary(user)
    assert found.burn_per_day == 333_333_333  # ten dollars in thirty days
    assert found.runway_until is not None
    assert abs(found.runway_until - world.clock.now() - timedelta(days=45)) < timedelta(seconds=1)
    world.renew(user, on=False)
    assert world.absent(user) == {*UNKNOWN, "debt_since"}
    world.jump(days=30)
    world.ends.run_once()
    assert world.summary(user).quota is None, "its machines are kept, and it gives none"


def test_usage_is_told_as_it_is(world: World) -> None:
    user = world.user(25)
    today = world.clock.now().date()
    write(
        world.database,
        hero_os(user, today - timedelta(days=1)),
        hero_os(user, today - timedelta(days=2), hours=12, percent=50),
    )
    found = world.summary(user)
    assert found.burn_per_day == 15 * HOUR  # 24 and 6 hours at full price, in two days
    assert [(each.day, each.charge) for each in found.spend or ()] == [
        (today - timedelta(days=2), 6 * HOUR),
        (today - timedelta(days=1), 24 * HOUR),
    ]
    assert found.ladder.saved == 6 * HOUR
    world.buy(user)
    world.renew(user)
    assert world.summary(user).burn_per_day == 15 * HOUR + 333_333_333
    world.jump(days=20)
    known = world.summary(user)
    assert known.burn_per_day == 333_333_333, "nothing was used of late: that is known"


def test_a_balance_below_zero(world: World) -> None:
    user = world.user(5)
    write(world.database, hero_os(user, world.clock.now().date() - timedelta(days=1)))
    world.book.charge(user, "a", 7 * DOLLAR)
    found = world.summary(user)
    assert (found.balance, found.debt, found.blocked) == (-2 * DOLLAR, 2 * DOLLAR, ["debt"])
    assert found.debt_since == found.runway_until == world.clock.now()
    assert (found.low_balance_threshold, found.notices) == (5 * DOLLAR, 1)
    Store.of(ALERT_SETTINGS, world.database).new({"user_sid": user, "low_balance": False}, world.clock.now())
    assert "low_balance_threshold" in world.absent(user)
    world.pay(user, 2)
    assert world.summary(user).blocked == ["no_funds"]
    world.book.adjustments.set_balance(world.book.context, sid=user, balance_cents=100)
    assert world.summary(user).balance == Money(DOLLAR)
    world.audit()


def test_only_users_have_one(world: World) -> None:
    with pytest.raises(DeclaredError):
        world.summaries.summary(Context(ADMIN, world.clock, world.database, "test"))
