"""Plans, the ledger and machines of a real pool, put together as in a site; clock and jobs wait for the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from codegen.runtime.context import Caller, Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import Billing, KycStatus, PlanPurchase, VmAllocation
from generated.routes import SERVICES
from generated.services.onboarding import BillingService, VmService
from generated.tables.onboarding import NOTICE, PLAN_PURCHASE, POOL_VM, USER, VM_ALLOCATION
from handlers.composition import assemble, load_settings
from handlers.domain import Job
from handlers.plans.overview import PlanOverviews
from handlers.plans.service import PlansHandler
from handlers.vms.deadline import InTime
from handlers.vms.service import Machines, VmHandler
from providers.pool import PoolAssignmentProvisioner
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.machine_world import fill_pool

DOLLAR = 10**9


@dataclass
class Life:
    """`jobs` are those of plans, machines and the ladder."""

    book: Book
    billing: BillingService
    vms: VmService
    machines: Machines
    overviews: PlanOverviews
    jobs: list[Job]

    @property
    def database(self) -> Database:
        return self.book.database

    def tenant(self) -> Tenant:
        """A user who is verified."""
        sid = self.book.user()
        Store.of(USER, self.database).patch(sid, {"kyc_status": KycStatus.COMPLETED})
        return Tenant(self, sid)

    def due(self, prefix: str = "") -> None:
        """Do what is due now; one job may leave something to one that ran before it."""
        ours = [job for job in self.jobs if job.name.startswith(prefix)]
        for job in [*ours, *ours]:
            job.run()

    def until(self, moment: datetime, step: timedelta = timedelta(hours=8)) -> None:
        """Let time pass, with the jobs at every step."""
        while self.book.clock.time < moment:
            self.book.clock.time = min(self.book.clock.time + step, moment)
            self.due()

    def close(self) -> None:
        """Close the connections of this thread."""
        self.database.close()
        self.pool.close()

    @property
    def pool(self) -> Database:
        """The pool's own connections to the database."""
        [limited] = self.machines.provisioners.offered.values()
        assert isinstance(limited, InTime) and isinstance(limited._plugin, PoolAssignmentProvisioner)
        return limited._plugin._database

    @property
    def states(self) -> Counter[str]:
        """How many VMs of the pool are in which state."""
        return Counter(each.state for each in Store.of(POOL_VM, self.database).list_full(1000)["items"])


@dataclass
class Tenant:
    """A user who buys five machines and starts some of them."""

    life: Life
    sid: str
    started: list[str] = field(default_factory=list)

    @property
    def context(self) -> Context:
        return Context(Caller("user", self.sid), self.life.book.clock, self.life.database, "test")

    def pay(self, dollars: int, ref: str = "") -> None:
        self.life.book.top_up(self.sid, f"pi_{self.sid}_{ref or dollars}", dollars * DOLLAR)

    def buy(self, form_token: str | None = None) -> Billing:
        return self.life.billing.plan_buy(self.context, plan_id="vm5", form_token=form_token)

    def begin(self, dollars: int, *, renew: bool, machines: int = 2) -> Tenant:
        """Pay, buy the plan, start machines."""
        self.pay(dollars)
        self.buy()
        if renew:
            self.life.billing.renew(self.context, on=True)
        self.started = [self.life.vms.allocate(self.context).sid for _ in range(machines)]
        return self

    def release(self, sid: str) -> None:
        self.life.vms.release(self.context, sid=sid)

    # --- what can be seen -------------------------------------------------------------------------------------

    @property
    def dollars(self) -> float:
        return self.life.book.balance(self.sid) / DOLLAR

    @property
    def kinds(self) -> Counter[str]:
        """The notices."""
        found = Store.of(NOTICE, self.life.database).find({"user_sid": self.sid}, limit=1000)["items"]
        return Counter(each.kind for each in found)

    @property
    def running(self) -> int:
        """How many machines run, by the pool."""
        held = [Store.of(POOL_VM, self.life.database).one({"allocation_sid": sid}) for sid in self.started]
        return sum(vm is not None and vm.state == "used" and vm.running for vm in held)

    @property
    def allocations(self) -> list[VmAllocation]:
        return list(Store.of(VM_ALLOCATION, self.life.database).get_many(self.started).values())

    @property
    def purchases(self) -> list[PlanPurchase]:
        return Store.of(PLAN_PURCHASE, self.life.database).find({"user_sid": self.sid})["items"]


@contextmanager
def plan_life(database: Database, directory: Path, at: datetime, pool: int = 6) -> Iterator[Life]:
    """So many machines are in the pool; audited in the end."""
    create_tables(database)
    book = Book(database)
    book.clock.time = at
    fill_pool(database, book.clock, pool)
    settings = load_settings(var_dir=directory, database_url=database.url)
    assembly = assemble(settings, database, book.clock, Log(lambda _: None))
    handlers = [service for part in assembly.parts for service in part.services]
    [plans] = [each for each in handlers if isinstance(each, PlansHandler)]
    [vms] = [each for each in handlers if isinstance(each, VmHandler)]
    life = Life(
        book,
        local(BillingService, plans, SERVICES),
        local(VmService, vms, SERVICES),
        assembly.site.get(Machines),
        assembly.site.get(PlanOverviews),
        [job for job in assembly.jobs if job.name.startswith(("plans.", "vms.", "prices.ladder"))],
    )
    yield life
    assert audit(database) == []
    life.close()
