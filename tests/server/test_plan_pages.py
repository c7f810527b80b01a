"""`/plans` as a browser has it: what is on offer, buying, the switch; every refusal leads on."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context, SystemClock
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import KycStatus
from generated.tables.onboarding import PLAN_PURCHASE, USER
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.posting import Ledger
from tests.server.audited import audit
from tests.server.machine_world import fill_pool
from tests.server.test_pages import House, World, where


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def read(world: World, path: str = "/plans") -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", world.get(path).text)).split())


def links(world: World, path: str) -> set[str]:
    return set(re.findall(r'href="(/[^"]*)"', world.get(path).text))


def verify(world: World) -> None:
    Store.of(USER, world.database).patch(world.user.sid, {"kyc_status": KycStatus.COMPLETED})


def give(world: World, cents: int) -> None:
    context = Context(ADMIN, SystemClock(), world.database, "test")
    Adjustments(Ledger(world.database, SystemClock())).grant(
        context, user_sid=world.user.sid, amount=Money.from_cents(cents), reason="test"
    )


def buy(world: World, plan_id: str = "vm5", token: str = "t") -> tuple[int, str]:
    fields = {"csrf_token": world.csrf, "plan_id": plan_id, "form_token": token}
    return where(world.post("/plan/buy", fields))


def test_from_the_first_look_to_a_plan_that_renews(world: World) -> None:
    assert "Verify your identity first" in read(world)
    assert buy(world) == (303, "/plans?error=kyc_required")
    assert "/kyc" in links(world, "/plans?error=kyc_required")
    fill_pool(world.database, SystemClock(), 5)
    verify(world)
    assert "Add credit first" in read(world)
    assert buy(world) == (303, "/plans?error=insufficient_funds")
    assert "/topup" in links(world, "/plans?error=insufficient_funds")
    give(world, 3000)
    assert "Buy 5 machines" in read(world) and "$20.00 for 30 days" in read(world)
    assert buy(world, "vm6") == (303, "/plans?error=plan_unknown")
    assert buy(world, "no such plan!") == (303, "/plans?error=plan_unknown")
    assert buy(world) == buy(world) == (303, "/plans?event=plan_bought")
    assert len(Store.of(PLAN_PURCHASE, world.database).list(10)["items"]) == 1
    assert buy(world, token="other") == (303, "/plans?error=plan_active")
    shown = read(world, "/plans?event=plan_bought")
    assert "The plan is yours." in shown and "0 of 5" in shown and "You have $20.00." in shown
    assert "It is not renewed" in shown and "Buy 5 machines" not in shown
    fields = {"csrf_token": world.csrf, "on": "1"}
    assert where(world.post("/plan/renew", fields)) == (303, "/plans?event=renew_on")
    assert "It is renewed then for $10.00" in read(world)
    assert where(world.post("/plan/renew", {"csrf_token": world.csrf})) == (303, "/plans?event=renew_off")
    assert audit(world.database) == []


def test_the_switch_without_a_plan(world: World) -> None:
    assert where(world.post("/plan/renew", {"csrf_token": world.csrf})) == (303, "/plans?error=no_active_plan")
    assert "Buy one first" in read(world, "/plans?error=no_active_plan")


def test_a_plan_that_ended_says_until_when_its_disks_are_kept(world: World) -> None:
    verify(world)
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    Store.of(PLAN_PURCHASE, world.database).new(
        {
            "user_sid": world.user.sid,
            "plan_id": "vm5",
            "cost": Money.from_cents(1000),
            "vm_count": 5,
            "days": 30,
            "sku": "hero-os-2gb",
            "period_start": end - timedelta(days=30),
            "period_end": end,
        },
        end,
    )
    shown = read(world)
    assert "Ended" in shown and "Their disks are kept until" in shown and "Add credit first" in shown
