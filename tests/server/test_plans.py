"""Plans on real databases: buying, refusals, double clicks, ends of periods, renewal, grace, balances below zero."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from codegen.runtime.errors import Busy, DeclaredError, Unauthorized
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    Capacity,
    Frozen,
    InsufficientFunds,
    KycRequired,
    NoActivePlan,
    PlanActive,
    PlanUnknown,
)
from generated.models.onboarding import KycStatus
from generated.tables.onboarding import ALERT_SETTINGS, USER
from handlers.plans.plans import Plans
from handlers.plans.sentences import day
from tests.server.plan_world import DOLLAR, PlanWorld

PLAN = {"plan_id": "vm5", "name": "Five", "cost_cents": 1000, "vm_count": 5, "days": 30}


@pytest.fixture
def world(database: Database) -> PlanWorld:
    return PlanWorld(database)


def refused(world: PlanWorld, user: str, plan_id: str = "vm5") -> DeclaredError:
    before = world.billing(user)
    with pytest.raises(DeclaredError) as error:
        world.buy(user, plan_id)
    assert world.billing(user) == before, "nothing is kept of a refused purchase"
    return error.value


# --- buying -----------------------------------------------------------------------------------------------------


def test_a_plan_is_bought(world: PlanWorld) -> None:
    user = world.user(25)
    world.book.adjustments.grant(world.book.context, user_sid=user, amount=Money(4 * DOLLAR), reason="thanks")
    billing = world.buy(user, "vm10")
    now = world.clock.now()
    assert billing.credit_balance == 9 * DOLLAR
    assert (billing.current_plan_id, billing.vm_quota_total, billing.vm_quota_used) == ("vm10", 10, 0)
    assert (billing.vm_quota_period_end, billing.renew) == (now + timedelta(hours=30 * 24), False)
    [bought] = world.bought(user)
    assert (bought.plan_id, int(bought.cost), bought.vm_count, bought.days) == ("vm10", 20 * DOLLAR, 10, 30)
    assert (bought.sku, bought.period_start, bought.renewed_from) == ("hero-os-2gb", now, None)
    assert world.ledger.balances(user) == {"purchased": -9 * DOLLAR, "granted": 0, "receivable": 0, "held": 0}
    [entry] = [
        each for each in world.ledger.entries.find({"source": f"plan:{bought.sid}"})["items"] if not each.user_sid
    ]
    assert (entry.account, int(entry.amount)) == ("revenue:vm", -20 * DOLLAR)
    assert world.machines.told == [("renewed", user, bought.sid), ("at once", user)]
    assert not world.machines.asked_in_transaction
    assert Plans(world.database, world.clock).current(user) == bought
    world.audit()


def test_each_refusal_in_its_order(world: PlanWorld) -> None:
    user = world.user(verified=False)
    assert isinstance(refused(world, user, "vm6"), PlanUnknown)
    assert isinstance(refused(world, user), KycRequired)
    assert world.machines.asked == 0, "whoever may not buy keeps no provisioner busy"
    verified = world.user(9)
    found = refused(world, verified)
    assert isinstance(found, InsufficientFunds)
    assert found.data() == {"needed": "10.00", "balance": "9.00"}
    world.pay(verified, 91)
    world.machines.places = 4
    found = refused(world, verified)
    assert isinstance(found, Capacity)
    assert found.data() == {"free": 4, "needed": 5}
    world.machines.places = 5
    world.buy(verified)
    world.machines.places = 0
    assert isinstance(refused(world, verified, "vm10"), PlanActive)
    world.book.adjustments.freeze(world.book.context, user_sid=verified, on=True, reason="test")
    assert isinstance(refused(world, verified), Frozen)
    world.audit()


def test_a_refusal_that_is_over_meanwhile(world: PlanWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for machines, and now the purchase would go through: it has to be tried again."""
    user = world.user(30)
    refusals = iter([PlanActive(), None])
    monkeypatch.setattr(world.purchases, "_refusal", lambda *_: next(refusals))
    with pytest.raises(Busy):
        world.buy(user)
    assert world.bought(user) == []


def test_only_users_buy(world: PlanWorld) -> None:
    with pytest.raises(Unauthorized):
        world.service.plan_buy(world.book.context, plan_id="vm5")


def test_expired_credit_buys_nothing(world: PlanWorld) -> None:
    user = world.user()
    expires = world.clock.now() + timedelta(days=1)
    world.book.adjustments.grant(
        world.book.context, user_sid=user, amount=Money(10 * DOLLAR), reason="a day", expires_at=expires
    )
    world.jump(days=1)
    with pytest.raises(InsufficientFunds):
        world.buy(user)
    world.audit()


def test_a_double_click_is_one_purchase(world: PlanWorld) -> None:
    user = world.user(30)
    first = world.buy(user, form_token="a")
    again = world.buy(user, form_token="a")
    assert again == first
    assert len(world.bought(user)) == 1
    with pytest.raises(PlanActive):
        world.buy(user, form_token="b")
    assert world.dollars(user) == 20
    world.audit()


def test_machines_that_are_there_need_no_room(world: PlanWorld) -> None:
    user = world.user(30)
    world.buy(user)
    billing = world.billing(user)
    world.ledger.billings.patch(billing.sid, {"vm_quota_used": 4})
    world.jump(days=31)
    assert world.ends.run_once() == 1
    world.machines.places = 1
    world.buy(user)
    assert len(world.bought(user)) == 2


# --- the end of a period ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [datetime(2028, 2, 10, 23, 59, 59, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC)])
def test_a_period_has_days_of_24_hours_also_over_a_leap_day_and_new_year(database: Database, start: datetime) -> None:
    world = PlanWorld(database)
    world.jump_to(start)
    user = world.user(10)
    world.buy(user)
    world.jump_to(start + timedelta(hours=720) - timedelta(seconds=1))
    assert world.ends.run_once() == 0
    assert world.purchases.plans.current(user) is not None
    world.jump(seconds=1)
    assert world.purchases.plans.current(user) is None
    assert world.ends.run_once() == 1
    world.audit()


def test_notices_before_the_end_come_once_each(world: PlanWorld) -> None:
    user, saver = world.user(10), world.user(25)
    world.buy(user)
    world.buy(saver)
    world.renew(saver)
    for hours in range(0, 31 * 24, 12):
        world.ends.tell()
        world.jump(hours=12)
        if hours == 23 * 24:
            assert world.ends.tell() == 0, "once each"
    ending = [notice for notice in world.notices(user) if notice.kind == "plan_ending"]
    assert [notice.text.split(",")[0] for notice in ending] == [
        f"Your plan 5 machines ends {left}" for left in ("in 7 days", "in 3 days", "tomorrow")
    ]
    assert all("switch that on" in notice.text for notice in ending)
    assert all("is renewed for $10.00" in n.text for n in world.notices(saver) if n.kind == "plan_ending")


def test_a_notice_tells_what_renewing_costs_then(world: PlanWorld) -> None:
    user = world.user(40)
    world.buy(user)
    world.renew(user)
    world.offer(json.dumps([{**PLAN, "cost_cents": 1500}]))
    world.jump(days=23)
    assert world.ends.tell() == 1
    world.offer(json.dumps([{**PLAN, "plan_id": "other"}]))
    world.jump(days=4)
    assert world.ends.tell() == 1
    assert [notice.text.partition(", on")[0] for notice in world.notices(user)] == [
        "Your plan Five ends in 7 days",
        "Your plan vm5 ends in 3 days",
    ]
    assert [
        next(words for words in ("renewed for $15.00", "is not renewed") if words in notice.text)
        for notice in world.notices(user)
    ] == ["renewed for $15.00", "is not renewed"]


def test_a_week_that_just_began_ends_not_soon(database: Database) -> None:
    world = PlanWorld(database, json.dumps([{**PLAN, "days": 7}]))
    world.buy(world.user(10))
    assert world.ends.tell() == 0
    world.jump(days=4)
    assert world.ends.tell() == 1


def test_after_a_pause_only_the_latest_notice_is_given(world: PlanWorld) -> None:
    user = world.user(10)
    world.buy(user)
    world.jump(days=29, hours=6)
    assert world.ends.tell() == 1
    assert [notice.text.split(",")[0] for notice in world.notices(user) if notice.kind == "plan_ending"] == [
        "Your plan 5 machines ends tomorrow"
    ]


def test_a_period_that_is_not_renewed(world: PlanWorld) -> None:
    user = world.user(100)
    world.buy(user)
    world.machines.told.clear()
    world.jump(days=30)
    assert world.ends.run_once() == 1 and world.ends.run_once() == 0
    billing = world.billing(user)
    assert (billing.current_plan_id, billing.vm_quota_total, billing.vm_quota_period_end) == (None, None, None)
    assert world.machines.told == [("ended", user, world.clock.now())]
    [ended] = world.notices(user)
    end, kept = (world.clock.now() + timedelta(days=days) for days in (0, 7))
    assert ended.kind == "plan_ended"
    assert ended.text.startswith(f"Your plan 5 machines ended on {day(end)}. It was not to be renewed.")
    assert f"kept until {day(kept)}" in ended.text
    world.pay(user, 50)
    assert len(world.bought(user)) == 1, "who did not wish it is not charged"
    world.audit()


def test_a_renewal_keeps_the_machines_and_follows_without_a_gap(world: PlanWorld) -> None:
    user = world.user(25)
    world.buy(user)
    world.renew(user)
    first = world.bought(user)[0]
    world.machines.told.clear()
    world.jump(days=30, hours=5)
    assert world.ends.run_once() == 1
    second = world.bought(user)[1]
    assert (second.period_start, second.renewed_from) == (first.period_end, first.sid)
    assert world.machines.told == [("renewed", user, second.sid)]
    assert world.dollars(user) == 5
    [renewed] = world.notices(user)
    assert (renewed.kind, renewed.text.split(",")[0]) == (
        "plan_renewed",
        "Your plan 5 machines was renewed for $10.00",
    )
    reasons = [world.ledger.entries.find({"source": f"plan:{each.sid}"})["items"][0].reason for each in (first, second)]
    assert reasons == [
        f"5 machines{how}, until {day(each.period_end)}" for how, each in (("", first), (" renewed", second))
    ]
    world.audit()


def test_what_has_no_end_yet_is_not_ended(world: PlanWorld) -> None:
    stranger, user = world.user(30), world.user(30)
    world.buy(user)
    world.renew(user)
    for each in (stranger, user):
        assert world.ledger.transaction(partial(world.purchases.end, each)) is False
    world.jump(days=30)
    assert world.ledger.transaction(partial(world.purchases.end, user)) is True
    assert len(world.bought(user)) == 2 and world.bought(stranger) == []


def test_one_that_fails_stops_no_other(world: PlanWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    users = [world.user(10) for _ in range(3)]
    for user in users:
        world.buy(user)
    world.jump(days=30)
    end = world.purchases.end

    def failing(user: str) -> bool:
        if user == users[1]:
            raise ZeroDivisionError
        return end(user)

    monkeypatch.setattr(world.purchases, "end", failing)
    with pytest.raises(ZeroDivisionError):
        world.ends.run_once()
    assert [world.kinds(user).count("plan_ended") for user in users] == [1, 0, 1]


def test_credit_that_expired_renews_nothing(world: PlanWorld) -> None:
    user = world.user(10)
    world.buy(user)
    world.renew(user)
    expires = world.clock.now() + timedelta(days=20)
    world.book.adjustments.grant(
        world.book.context, user_sid=user, amount=Money(10 * DOLLAR), reason="soon", expires_at=expires
    )
    world.jump(days=30)
    world.ends.run_once()
    assert (len(world.bought(user)), world.dollars(user)) == (1, 0)
    world.audit()


def test_the_switch_stays_on_for_a_plan_bought_within_the_grace(world: PlanWorld) -> None:
    user = world.user(40)
    world.buy(user)
    world.renew(user)
    users = Store.of(USER, world.database)
    users.patch(user, {"kyc_status": KycStatus.EXPIRED})
    world.jump(days=30)
    world.ends.run_once()
    assert "verify your identity" in world.notices(user)[-1].text
    users.patch(user, {"kyc_status": KycStatus.COMPLETED})
    assert world.buy(user).renew


def test_a_year_of_renewals(world: PlanWorld) -> None:
    user = world.user(130)
    world.buy(user)
    world.renew(user)
    for _ in range(365):
        world.jump(days=1)
        world.ends.run_once()
    assert len(world.bought(user)) == 13
    assert world.dollars(user) == 0
    world.audit()


def test_a_renewal_without_funds_waits_for_a_top_up_within_the_grace(world: PlanWorld) -> None:
    user = world.user(12)
    world.buy(user)
    world.renew(user)
    world.jump(days=30)
    world.ends.run_once()
    [ended] = [notice for notice in world.notices(user) if notice.kind == "plan_ended"]
    assert "costs $10.00 and your balance is $2.00" in ended.text
    world.machines.told.clear()
    world.jump(days=3)
    world.pay(user, 7)
    assert world.machines.told == [], "too little"
    world.pay(user, 5)
    late = world.bought(user)[1]
    assert (late.period_start, world.dollars(user)) == (world.clock.now(), 4)
    assert world.machines.told == [("renewed", user, late.sid), ("at once", user)]
    assert not world.machines.asked_in_transaction
    assert world.billing(user).current_plan_id == "vm5"
    world.audit()


def test_after_the_grace_a_top_up_renews_nothing(world: PlanWorld) -> None:
    user = world.user(12)
    world.buy(user)
    world.renew(user)
    world.jump(days=30)
    world.ends.run_once()
    world.jump(days=7)
    world.pay(user, 50)
    assert len(world.bought(user)) == 1
    world.buy(user)
    assert not world.billing(user).renew, "the switch is off for a new plan"


def test_a_purchase_within_the_grace_brings_the_machines_back(world: PlanWorld) -> None:
    user = world.user(30)
    world.buy(user)
    world.jump(days=30)
    world.ends.run_once()
    world.jump(days=6, hours=23)
    world.machines.told.clear()
    world.buy(user, "vm10")
    assert world.machines.told == [("renewed", user, world.bought(user)[1].sid), ("at once", user)]
    world.audit()


def test_a_renewal_is_a_purchase_of_what_is_on_offer_then(world: PlanWorld) -> None:
    user, other = world.user(40), world.user(40)
    for each in (user, other):
        world.buy(each)
        world.renew(each)
    world.offer(json.dumps([{**PLAN, "cost_cents": 1500, "vm_count": 6}]))
    assert int(world.bought(user)[0].cost) == 10 * DOLLAR, "what was bought stays what it was"
    assert world.billing(user).vm_quota_total == 5
    world.jump(days=30)
    assert world.ends.run_once() == 2
    assert (int(world.bought(user)[1].cost), world.billing(user).vm_quota_total) == (15 * DOLLAR, 6)
    world.offer(json.dumps([{**PLAN, "plan_id": "new"}]))
    world.jump(days=30)
    world.ends.run_once()
    assert world.billing(user).current_plan_id is None
    assert "not on offer any more" in world.notices(user)[-1].text
    world.audit()


def test_the_switch(world: PlanWorld) -> None:
    user = world.user(10)
    with pytest.raises(NoActivePlan):
        world.renew(user)
    world.buy(user)
    assert world.renew(user).renew and not world.renew(user, False).renew and world.renew(user).renew
    world.jump(days=30)
    world.ends.run_once()
    with pytest.raises(NoActivePlan):
        world.renew(user)
    assert not world.renew(user, False).renew
    world.pay(user, 20)
    assert len(world.bought(user)) == 1


def test_nobody_renews_by_frozen_credit(world: PlanWorld) -> None:
    user = world.user(30)
    world.buy(user)
    world.renew(user)
    world.book.adjustments.freeze(world.book.context, user_sid=user, on=True, reason="test")
    world.jump(days=30)
    world.ends.run_once()
    assert world.dollars(user) == 20
    assert "frozen" in world.notices(user)[-1].text
    world.audit()


def test_a_site_that_was_down_for_exactly_a_period(world: PlanWorld) -> None:
    user = world.user(50)
    world.buy(user)
    world.renew(user)
    world.jump(days=60)
    world.ends.run_once()
    assert world.bought(user)[1].period_start == world.clock.now(), "none is sold whose last second has passed"


def test_a_site_that_was_down_for_a_whole_period_charges_none_that_is_over(world: PlanWorld) -> None:
    user = world.user(50)
    world.buy(user)
    world.renew(user)
    world.jump(days=95)
    assert world.ends.run_once() == 1 and world.ends.run_once() == 0
    assert world.bought(user)[1].period_start == world.clock.now()
    assert world.dollars(user) == 30
    world.audit()


# --- below zero -------------------------------------------------------------------------------------------------


def test_below_zero(world: PlanWorld) -> None:
    user = world.user(12)
    world.buy(user)
    world.machines.told.clear()
    world.book.charge(user, "a", 3 * DOLLAR)
    assert world.dollars(user) == -1, "consumed usage always posts"
    assert world.billing(user).debt_since == world.clock.now()
    assert world.purchases.plans.current(user) is not None, "a paid period goes on"
    world.book.charge(user, "b", 4 * DOLLAR)
    assert world.machines.told == [], "at the limit, not below it"
    world.book.charge(user, "c", 1)
    world.book.charge(user, "d", DOLLAR)
    assert world.machines.told == [("suspend", user)]
    world.pay(user, 2)
    assert world.machines.told == [("suspend", user), ("resume", user), ("at once", user)]
    assert world.kinds(user) == ["low_balance", "balance_negative", "services_suspended", "services_resumed"]
    world.audit()


def test_a_refund_may_go_below_zero_and_new_spending_may_not(world: PlanWorld) -> None:
    user = world.user(12)
    world.buy(user)
    world.book.refund(user, "re_1", 12 * DOLLAR)
    assert world.dollars(user) == -10
    world.jump(days=30)
    world.ends.run_once()
    with pytest.raises(InsufficientFunds):
        world.buy(user)


def test_the_threshold_is_the_users(world: PlanWorld) -> None:
    store = Store.of(ALERT_SETTINGS, world.database)
    early, never = world.user(30), world.user(30)
    store.new({"user_sid": early, "low_balance_threshold": Money(20 * DOLLAR)}, world.clock.now())
    store.new({"user_sid": never, "low_balance": False}, world.clock.now())
    for user in (early, never):
        for number in range(28):
            world.book.charge(user, f"{user}-{number}", DOLLAR)
    assert world.kinds(early) == ["low_balance"]
    assert world.kinds(never) == []
    world.pay(early, 30)
    world.book.charge(early, f"{early}-more", 25 * DOLLAR)
    assert world.kinds(early) == ["low_balance", "low_balance"], "each time it falls below"
