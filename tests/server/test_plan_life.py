"""The life of a plan with real machines, day by day: notices, the end of its period, renewal, grace, wiped disks."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.runtime.clock import follow
from codegen.runtime.context import Caller, Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AllocationStatus, KycStatus, VmAllocation
from generated.routes import SERVICES
from generated.services.onboarding import BillingService, VmService
from generated.tables.onboarding import NOTICE, PLAN_PURCHASE, POOL_VM, USER, VM_ALLOCATION
from handlers.composition import Assembly, assemble, load_settings
from handlers.work.commands.worker import command
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.machine_world import fill_pool

DOLLAR = 10**9
BOUGHT = datetime(2028, 2, 10, 9, 30, tzinfo=UTC)
"""The period goes over a leap day."""
END = BOUGHT + timedelta(days=30)


class Life:
    """A user with `dollars` who buys five machines at `BOUGHT` and starts two; what is due is done by the jobs."""

    def __init__(self, database: Database, assembly: Assembly, book: Book) -> None:
        self.database, self.assembly, self.book = database, assembly, book
        self.user = book.user()
        Store.of(USER, database).patch(self.user, {"kyc_status": KycStatus.COMPLETED})

    def begin(self, dollars: int, renew: bool) -> None:
        self.pay(dollars)
        self.billing.plan_buy(self.context, plan_id="vm5")
        if renew:
            self.billing.renew(self.context, on=True)
        self.machines = [self.vms.allocate(self.context).sid for _ in range(2)]

    @property
    def context(self) -> Context:
        return Context(Caller("user", self.user), self.book.clock, self.database, "test")

    @property
    def billing(self) -> BillingService:
        [handler] = [each for each in self._services if hasattr(each, "plan_buy")]
        return local(BillingService, handler, SERVICES)

    @property
    def vms(self) -> VmService:
        [handler] = [each for each in self._services if isinstance(each, VmService)]
        return local(VmService, handler, SERVICES)

    @property
    def _services(self) -> list[object]:
        return [service for part in self.assembly.parts for service in part.services]

    def pay(self, dollars: int) -> None:
        self.book.top_up(self.user, f"pi_{self.book.clock.time:%Y%m%d%H%M%S}", dollars * DOLLAR)

    def jobs(self) -> None:
        ours = [job for job in self.assembly.jobs if job.name.startswith(("plans.", "vms.", "prices.ladder"))]
        for job in [*ours, *ours]:  # one may leave something to one that ran before it
            job.run()

    def until(self, moment: datetime, step: timedelta = timedelta(hours=8)) -> None:
        """Let time pass, with the jobs at every step."""
        while self.book.clock.time < moment:
            self.book.clock.time = min(self.book.clock.time + step, moment)
            self.jobs()

    # --- what can be seen -------------------------------------------------------------------------------------

    @property
    def kinds(self) -> Counter[str]:
        return Counter(each.kind for each in Store.of(NOTICE, self.database).find({"user_sid": self.user})["items"])

    @property
    def running(self) -> int:
        return sum(
            each.running for each in Store.of(POOL_VM, self.database).list_full()["items"] if each.state == "used"
        )

    @property
    def states(self) -> Counter[str]:
        return Counter(each.state for each in Store.of(POOL_VM, self.database).list_full()["items"])

    @property
    def allocations(self) -> list[VmAllocation]:
        return list(Store.of(VM_ALLOCATION, self.database).get_many(self.machines).values())

    @property
    def periods(self) -> list[tuple[datetime, datetime]]:
        found = Store.of(PLAN_PURCHASE, self.database).find({"user_sid": self.user})["items"]
        return [(each.period_start, each.period_end) for each in found]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """On SQLite: what the rooms do is tried on both elsewhere."""
    url = f"sqlite:///{tmp_path}/test.db"
    database = Database.open(url)
    database.execute("PRAGMA synchronous = off")
    create_tables(database)
    book = Book(database)
    book.clock.time = BOUGHT
    fill_pool(database, book.clock, 6)
    settings = load_settings(var_dir=tmp_path, database_url=url)
    yield Life(database, assemble(settings, database, book.clock, Log(lambda _: None)), book)
    assert audit(database) == []
    database.close()


def test_a_plan_that_nobody_renews(life: Life) -> None:
    life.begin(10, renew=False)
    for days, given in ((7, 1), (3, 2), (1, 3)):
        life.until(END - timedelta(days=days, seconds=1))
        assert life.kinds["plan_ending"] == given - 1
        life.until(END - timedelta(days=days))
        assert life.kinds["plan_ending"] == given
    life.until(END - timedelta(seconds=1))
    assert life.running == 2
    life.until(END)
    assert life.running == 0 and life.states == {"used": 2, "free": 4}, "disks are kept"
    life.until(END + timedelta(days=7, seconds=-1))
    assert {each.status for each in life.allocations} == {AllocationStatus.ACTIVE}
    life.until(END + timedelta(days=7))
    assert {each.status for each in life.allocations} == {AllocationStatus.EXPIRED}
    assert life.states == {"dirty": 2, "free": 4}, "a disk is wiped before anybody else gets it"
    life.until(END + timedelta(days=30))
    assert life.kinds == {"low_balance": 1, "tier_changed": 2, "plan_ending": 3, "plan_ended": 1, "vm_released": 2}
    assert life.periods == [(BOUGHT, END)]


def test_a_plan_that_is_renewed_for_a_year(life: Life) -> None:
    life.begin(130, renew=True)
    life.until(BOUGHT + timedelta(days=365), timedelta(days=1))
    assert (len(life.periods), life.running) == (13, 2)
    assert all(before[1] == after[0] for before, after in zip(life.periods, life.periods[1:], strict=False)), "no gap"
    assert {each.expires_at for each in life.allocations} == {BOUGHT + timedelta(days=390)}
    assert life.kinds["plan_ending"] == 36 and life.kinds["plan_renewed"] == 12


def test_who_pays_in_the_grace_has_running_machines_in_the_same_request(life: Life) -> None:
    life.begin(10, renew=True)
    life.until(END)
    assert (life.running, life.kinds["plan_ended"]) == (0, 1)
    life.until(END + timedelta(days=6, hours=23))
    life.pay(10)
    assert life.running == 2, "no job ran since"
    assert life.periods[1] == (life.book.clock.time, life.book.clock.time + timedelta(days=30))
    life.until(END + timedelta(days=20))
    assert {each.status for each in life.allocations} == {AllocationStatus.ACTIVE}


def test_who_buys_in_the_grace_has_them_too(life: Life) -> None:
    life.begin(30, renew=False)
    life.until(END + timedelta(days=2))
    assert life.running == 0
    life.billing.plan_buy(life.context, plan_id="vm5")
    assert life.running == 2


def test_a_running_site_jumps_with_its_test_clock(life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life.begin(10, renew=False)
    clock = tmp_path / "clock"
    for name, value in {"TEST_CLOCK": clock, "VAR_DIR": tmp_path, "DATABASE_URL": life.database.url}.items():
        monkeypatch.setenv(f"HERO_ONBOARDING_{name}", str(value))
    monkeypatch.setenv("HERO_ONBOARDING_MYCELIUM_API_URL", "http://127.0.0.1:1")
    try:
        for number, (moment, running) in enumerate(((END - timedelta(hours=1), 2), (END, 0)), start=1):
            clock.write_text(moment.isoformat())
            os.utime(clock, (2_000_000_000 + number,) * 2)
            os.utime(clock)
            done = CliRunner().invoke(command, ["--once"])
            assert done.exit_code == 0, done.output
            assert life.running == running
        assert life.kinds["plan_ending"] == 1
        clock.write_text("soon")
        assert "HERO_ONBOARDING_TEST_CLOCK" in CliRunner().invoke(command, ["--once"]).output
    finally:
        follow(None)
