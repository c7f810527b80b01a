"""Plans, money and machines at the same moment, in threads and in processes: exactly one wins, and the audit passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from tests.server.book import START
from tests.server.plan_life import Life, plan_life
from tests.server.plan_world import DOLLAR, PlanWorld
from tests.server.racing import DONE, ROUNDS, Act, Race, in_processes, in_threads


@pytest.fixture
def world(database: Database) -> Iterator[PlanWorld]:
    made = PlanWorld(database)
    yield made
    made.audit()


@pytest.fixture(params=[in_threads, in_processes], ids=["threads", "processes"])
def race(request: pytest.FixtureRequest, world: PlanWorld) -> Callable[..., list[str]]:
    """Lets acts race, and says how each ended."""
    run: Race = request.param

    def together(*acts: Act) -> list[str]:
        return run(world.database.close, acts)

    return together


Together = Callable[..., list[str]]


def test_of_two_purchases_one_is_made(world: PlanWorld, race: Together) -> None:
    for _ in range(ROUNDS):
        user = world.user(30)
        outcomes = race(*(partial(world.buy, user, form_token=token) for token in ("a", "b")))
        assert sorted(outcomes) == ["PlanActive", DONE]
        assert (len(world.bought(user)), world.dollars(user)) == (1, 20)


def test_a_double_click_is_one_purchase(world: PlanWorld, race: Together) -> None:
    for _ in range(ROUNDS):
        user = world.user(30)
        assert race(*[partial(world.buy, user, form_token="same")] * 2) == [DONE, DONE]
        assert (len(world.bought(user)), world.dollars(user)) == (1, 20)


def test_the_last_cent_is_spent_once(world: PlanWorld, race: Together) -> None:
    """An operator takes what a user is about to spend; each goes by what was there before."""
    for _ in range(ROUNDS):
        user = world.user(10)
        taking: dict[str, Any] = {"sid": user, "balance_cents": 0, "expected_prev_cents": 1000}
        bought, taken = race(
            partial(world.buy, user),
            partial(world.book.adjustments.set_balance, world.book.context, **taking),
        )
        assert (bought, taken) in {(DONE, "Conflict"), ("InsufficientFunds", DONE)}
        assert (len(world.bought(user)), world.dollars(user)) == (1 if bought == DONE else 0, 0)


def test_an_adjustment_and_a_payment_both_count(world: PlanWorld, race: Together) -> None:
    """The operator either saw the payment, or is told that the balance is another."""
    for _ in range(ROUNDS):
        user = world.user(1)
        setting: dict[str, Any] = {"sid": user, "balance_cents": 500, "expected_prev_cents": 100}
        paid, adjusted = race(
            partial(world.pay, user, 10),
            partial(world.book.adjustments.set_balance, world.book.context, **setting),
        )
        assert paid == DONE and adjusted in (DONE, "Conflict")
        assert world.dollars(user) == (15 if adjusted == DONE else 11)


def test_two_runners_renew_once(world: PlanWorld, race: Together) -> None:
    for _ in range(ROUNDS):
        user = world.user(40)
        world.buy(user)
        world.renew(user)
        world.jump(days=30)
        assert race(world.ends.run_once, world.ends.run_once) == [DONE, DONE]
        assert (len(world.bought(user)), world.dollars(user)) == (2, 20)
        assert world.kinds(user).count("plan_renewed") == 1
        world.renew(user, on=False)


def test_two_payments_renew_once(world: PlanWorld, race: Together) -> None:
    """Each of them is enough for a plan that ended for want of funds."""
    for number in range(ROUNDS):
        user = world.user(12)
        world.buy(user)
        world.renew(user)
        world.jump(days=30)
        world.ends.run_once()
        paying = [partial(world.book.top_up, user, f"pi_{number}_{each}", 10 * DOLLAR) for each in range(2)]
        assert race(*paying) == [DONE, DONE]
        assert (len(world.bought(user)), world.dollars(user)) == (2, 12)
        world.renew(user, on=False)


def test_a_payment_and_the_end_of_a_period_renew_once(world: PlanWorld, race: Together) -> None:
    """Whichever comes first: the period ends and is renewed late, or is renewed in time."""
    for number in range(ROUNDS):
        user = world.user(12)
        world.buy(user)
        world.renew(user)
        world.jump(days=30)
        paying = partial(world.book.top_up, user, f"pi_end_{number}", 10 * DOLLAR)
        assert race(paying, world.ends.run_once) == [DONE, DONE]
        assert (len(world.bought(user)), world.dollars(user)) == (2, 2)
        assert world.billing(user).current_plan_id == "vm5"
        world.renew(user, on=False)


def test_a_purchase_and_the_end_of_a_period(world: PlanWorld, race: Together) -> None:
    """Who buys just as the period ends pays once: for a new plan, or is told that the old one was renewed."""
    for _ in range(ROUNDS):
        user = world.user(40)
        world.buy(user)
        world.renew(user)
        world.jump(days=30)
        bought, ended = race(partial(world.buy, user), world.ends.run_once)
        assert ended == DONE and bought in (DONE, "PlanActive")
        assert (len(world.bought(user)), world.dollars(user)) == (2, 20)
        world.renew(user, on=False)


# --- with machines ----------------------------------------------------------------------------------------------------


@pytest.fixture
def life(database: Database, tmp_path: Path) -> Iterator[Life]:
    with plan_life(database, tmp_path, START, pool=2 * ROUNDS + 4) as made:
        yield made


@pytest.mark.parametrize("run", [in_threads, in_processes])
def test_a_renewal_and_a_release(life: Life, run: Race) -> None:
    """Whichever comes first: the machine that is given up does not live on in the new period, the other does."""
    for _ in range(ROUNDS):
        tenant = life.tenant().begin(40, renew=True)
        life.book.clock.time += timedelta(days=30)
        acts = (partial(life.due, "plans.ends"), partial(tenant.release, tenant.started[0]))
        assert run(life.close, acts) == [DONE, DONE]
        life.due()
        released, kept = tenant.allocations
        assert (released.status, kept.status) == ("released", "active")
        assert kept.expires_at == tenant.purchases[1].period_end > life.book.clock.time
        assert (tenant.running, tenant.dollars) == (1, 20)
        life.billing.renew(tenant.context, on=False)


@pytest.mark.parametrize("run", [in_threads, in_processes])
def test_a_payment_and_the_end_of_the_grace(life: Life, run: Race) -> None:
    """The disks are about to be given up when money comes: either they are, or the machines run again; never halves."""
    for _ in range(ROUNDS):
        tenant = life.tenant().begin(10, renew=True)
        life.until(life.book.clock.time + timedelta(days=30), timedelta(days=30))
        life.book.clock.time += timedelta(days=7, seconds=-1)
        paying = partial(tenant.pay, 10, "late")

        def give_up() -> None:
            life.book.clock.time += timedelta(seconds=1)  # in a process of its own it is a second ahead
            life.due("vms.disks")

        assert run(life.close, (paying, give_up)) == [DONE, DONE]
        life.due()
        alive = {each.status for each in tenant.allocations}
        assert alive in ({"active"}, {"expired"})
        assert tenant.running == (2 if alive == {"active"} else 0)
        if tenant.dollars == 0:
            life.billing.renew(tenant.context, on=False)
