"""The life of a plan with real machines, day by day: notices, the end of its period, renewal, grace, wiped disks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.runtime.clock import follow
from codegen.runtime.storage.database import Database
from generated.models.onboarding import AllocationStatus
from handlers.work.commands.worker import command
from tests.server.plan_life import Life, plan_life

BOUGHT = datetime(2028, 2, 10, 9, 30, tzinfo=UTC)
"""The period goes over a leap day."""
END = BOUGHT + timedelta(days=30)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """On SQLite: what the rooms do is tried on both elsewhere."""
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("PRAGMA synchronous = off")
    with plan_life(database, tmp_path, BOUGHT) as made:
        yield made


def test_a_plan_that_nobody_renews(life: Life) -> None:
    tenant = life.tenant().begin(10, renew=False)
    for days, given in ((7, 1), (3, 2), (1, 3)):
        life.until(END - timedelta(days=days, seconds=1))
        assert tenant.kinds["plan_ending"] == given - 1
        life.until(END - timedelta(days=days))
        assert tenant.kinds["plan_ending"] == given
    life.until(END - timedelta(seconds=1))
    assert tenant.running == 2
    life.until(END)
    assert tenant.running == 0 and life.states == {"used": 2, "free": 4}, "disks are kept"
    life.until(END + timedelta(days=7, seconds=-1))
    assert {each.status for each in tenant.allocations} == {AllocationStatus.ACTIVE}
    life.until(END + timedelta(days=7))
    assert {each.status for each in tenant.allocations} == {AllocationStatus.EXPIRED}
    assert life.states == {"dirty": 2, "free": 4}, "a disk is wiped before anybody else gets it"
    life.until(END + timedelta(days=30))
    assert tenant.kinds == {"low_balance": 1, "tier_changed": 2, "plan_ending": 3, "plan_ended": 1, "vm_released": 2}
    assert len(tenant.purchases) == 1


def test_a_plan_that_is_renewed_for_a_year(life: Life) -> None:
    tenant = life.tenant().begin(130, renew=True)
    life.until(BOUGHT + timedelta(days=365), timedelta(days=1))
    bought = tenant.purchases
    assert (len(bought), tenant.running) == (13, 2)
    assert all(before.period_end == after.period_start for before, after in pairwise(bought)), "no gap"
    assert {each.expires_at for each in tenant.allocations} == {BOUGHT + timedelta(days=390)}
    assert tenant.kinds["plan_ending"] == 36 and tenant.kinds["plan_renewed"] == 12


def test_who_pays_in_the_grace_has_running_machines_in_the_same_request(life: Life) -> None:
    tenant = life.tenant().begin(10, renew=True)
    life.until(END)
    assert (tenant.running, tenant.kinds["plan_ended"]) == (0, 1)
    life.until(END + timedelta(days=6, hours=23))
    tenant.pay(10, "late")
    assert tenant.running == 2, "no job ran since"
    [_, renewed] = tenant.purchases
    assert (renewed.period_start, renewed.period_end) == (life.book.clock.time, END + timedelta(days=36, hours=23))
    life.until(END + timedelta(days=20))
    assert {each.status for each in tenant.allocations} == {AllocationStatus.ACTIVE}


def test_a_site_that_was_down_takes_no_disks_by_surprise(life: Life) -> None:
    """The end is noticed ten days late: from then on there is a week, for machines, for money, and on the page."""
    tenant = life.tenant().begin(10, renew=True)
    life.until(END + timedelta(days=10), timedelta(days=40))
    noticed = life.book.clock.time
    assert tenant.running == 0 and {each.wipe_at for each in tenant.allocations} == {noticed + timedelta(days=7)}
    shown = life.overviews.of(tenant.sid)
    assert shown is not None and shown.kept_until == noticed + timedelta(days=7)
    life.until(noticed + timedelta(days=6, hours=23))
    tenant.pay(10, "late")
    assert tenant.running == 2 and life.book.balance(tenant.sid) == 0
    shown = life.overviews.of(tenant.sid)
    assert shown is not None and shown.runs
    life.until(noticed + timedelta(days=40))
    assert {each.status for each in tenant.allocations} == {AllocationStatus.ACTIVE}


def test_who_buys_in_the_grace_has_them_too(life: Life) -> None:
    tenant = life.tenant().begin(30, renew=False)
    life.until(END + timedelta(days=2))
    assert tenant.running == 0
    tenant.buy()
    assert tenant.running == 2


def test_a_running_site_jumps_with_its_test_clock(life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = life.tenant().begin(10, renew=False)
    clock = tmp_path / "clock"
    for name, value in {"TEST_CLOCK": clock, "VAR_DIR": tmp_path, "DATABASE_URL": life.database.url}.items():
        monkeypatch.setenv(f"HERO_ONBOARDING_{name}", str(value))
    monkeypatch.setenv("HERO_ONBOARDING_MYCELIUM_API_URL", "http://127.0.0.1:1")
    try:
        for moment, running in ((END - timedelta(hours=1), 2), (END, 0)):
            clock.write_text(moment.isoformat())
            os.utime(clock)
            done = CliRunner().invoke(command, ["--once"])
            assert done.exit_code == 0, done.output
            assert tenant.running == running
        assert tenant.kinds["plan_ending"] == 1
        clock.write_text("soon")
        assert "HERO_ONBOARDING_TEST_CLOCK" in CliRunner().invoke(command, ["--once"]).output
    finally:
        follow(None)
