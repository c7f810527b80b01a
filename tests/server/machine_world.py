"""Users with plans, a pool and what allocates from it, in this process; clock and jobs wait for the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from codegen.runtime.context import ADMIN, Caller, Clock, Context
from codegen.runtime.http.app import App
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    KycStatus,
    Notice,
    PlanPurchase,
    PoolVm,
    PoolVmState,
    User,
    VmAllocation,
)
from generated.plugins.onboarding import Provisioner
from generated.routes import SERVICES
from generated.services.onboarding import VmService
from generated.tables.onboarding import (
    BILLING,
    NOTICE,
    OPERATOR_ALERT,
    PLAN_PURCHASE,
    POOL_VM,
    USER,
    VM_ALLOCATION,
    WAITING_LIST_ENTRY,
)
from handlers.app import build
from handlers.audit import findings
from handlers.composition import load_settings
from handlers.ledger.billing import billings
from handlers.plans.plans import Plans
from handlers.vms.domain import DOMAIN
from handlers.vms.pool import Pool
from handlers.vms.pool_file import Machine
from handlers.vms.provisioners import Provisioners
from handlers.vms.service import Machines, VmHandler
from providers.pool import PoolAssignmentProvisioner, PoolSettings
from tests.migrated import migrate
from tests.server.site import SECRET

SKU = "hero-os-2gb"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAabcdefghijklmnopqrstuvwxyz0123456789ABCDEF me@here"


class Now:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.start = datetime(2026, 3, 1, tzinfo=UTC)
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self.start + self.ahead


@dataclass
class World:
    database: Database
    clock: Now
    machines: Machines
    build_app: Callable[[], App]
    logged: list[bytes] = field(default_factory=list)

    @cached_property
    def app(self) -> App:
        """The whole site; most tests need none."""
        return self.build_app()

    @property
    def service(self) -> VmService:
        """The service as calls from outside have it: parameters are checked, keys are kept."""
        return local(VmService, VmHandler(self.machines), SERVICES)

    # --- who and what there is --------------------------------------------------------------------------------

    def user(self, name: str = "1", kyc: KycStatus = KycStatus.COMPLETED) -> User:
        now = self.clock.now()
        user = Store.of(USER, self.database).new(
            {"mycelium_address": f"400::{name}", "public_key": name.zfill(4) * 16, "kyc_status": kyc}, now
        )
        billings(self.database).new({"user_sid": user.sid}, now)
        return user

    def plan(self, user: User, count: int = 5, cents: int = 1000, days: int = 30) -> PlanPurchase:
        now = self.clock.now()
        return Store.of(PLAN_PURCHASE, self.database).new(
            {
                "user_sid": user.sid,
                "plan_id": f"vm{count}",
                "cost": Money.from_cents(cents),
                "vm_count": count,
                "days": days,
                "sku": SKU,
                "period_start": now,
                "period_end": now + timedelta(days=days),
            },
            now,
        )

    def holder(self, name: str = "1", count: int = 5) -> User:
        """A user with a plan."""
        user = self.user(name)
        self.plan(user, count)
        return user

    def fill_pool(self, count: int, first: int = 1) -> None:
        fill_pool(self.database, self.clock, count, first)

    def context(self, user: User | None) -> Context:
        caller = ADMIN if user is None else Caller("user", user.sid)
        return Context(caller, self.clock, self.database, "test")

    # --- what happens -----------------------------------------------------------------------------------------

    def allocate(self, user: User, **fields: Any) -> VmAllocation:
        return self.service.allocate(self.context(user), **fields)

    def release(self, user: User, sid: str) -> VmAllocation:
        return self.service.release(self.context(user), sid=sid)

    def wipe_all(self) -> None:
        """An operator confirms every wipe."""
        for vm in self.pool(PoolVmState.DIRTY):
            self.service.pool_wiped(self.context(None), sid=vm.sid)

    def jobs(self) -> None:
        """Run the jobs until nothing is left to be done now."""
        machines = self.machines
        for _ in range(20):
            done = machines.follow_up.run_once() + machines.serving.run_once() + machines.follow_up.give_up_disks()
            if not done:
                return

    def later(self, **delta: float) -> None:
        self.clock.ahead += timedelta(**delta)
        self.jobs()

    def close(self) -> None:
        """Close the connections of this thread."""
        self.database.close()
        for provisioner in self.machines.provisioners.offered.values():
            if isinstance(provisioner, PoolAssignmentProvisioner):
                provisioner.close()

    # --- what can be seen -------------------------------------------------------------------------------------

    def pool(self, *states: PoolVmState) -> list[PoolVm]:
        found = Store.of(POOL_VM, self.database).list_full(1000)["items"]
        return [vm for vm in found if not states or vm.state in states]

    def states(self) -> str:
        """The states of the pool, in order."""
        return " ".join(vm.state.value for vm in self.pool())

    def allocation(self, sid: str) -> VmAllocation:
        return Store.of(VM_ALLOCATION, self.database).get(sid)

    def allocations(self) -> list[VmAllocation]:
        return Store.of(VM_ALLOCATION, self.database).list_full(1000)["items"]

    def used(self, user: User) -> int | None:
        billing = Store.of(BILLING, self.database).one({"user_sid": user.sid})
        return None if billing is None else billing.vm_quota_used

    def waiting(self) -> list[str]:
        """Who waits, in order."""
        found = Store.of(WAITING_LIST_ENTRY, self.database).list_full(1000)["items"]
        return [each.user_sid for each in found if each.notified_at is None]

    def notices(self, user: User) -> list[Notice]:
        return Store.of(NOTICE, self.database).find({"user_sid": user.sid})["items"]

    def alerts(self) -> list[str]:
        """What an operator has to look at now."""
        found = Store.of(OPERATOR_ALERT, self.database).list_full(1000)["items"]
        return [each.kind for each in found if each.cleared_at is None]

    def audit(self) -> None:
        """Of machines: the purchases here were not paid for."""
        assert list(findings(self.database, DOMAIN.audits)) == []


def fill_pool(database: Database, clock: Clock, count: int, first: int = 1) -> None:
    """Take free machines into the pool of a site."""
    new = [Machine(n, f"m{n:03d}", f"5a0:{n:x}::1", SKU) for n in range(first, first + count)]
    context = Context(ADMIN, clock, database, "test")
    database.run(lambda: Pool(database).take_in(context, new, "test", "test"))


@contextmanager
def world(directory: Path, database_url: str, **provisioners: Provisioner) -> Iterator[World]:
    """Everything made; the pool is the provisioner, unless a test brings others."""
    database = Database.open(database_url)
    migrate(database)
    if database.dialect == "sqlite":
        database.execute("PRAGMA synchronous = off")
    clock, logged = Now(), list[bytes]()
    log = Log(logged.append)
    pool = PoolAssignmentProvisioner(PoolSettings(database_url=SecretStr(database_url)), clock)
    offered = Provisioners(provisioners or {"pool": pool})
    machines = Machines.over(database, clock, Plans(database, clock), offered, log)
    settings = load_settings(var_dir=directory, database_url=database_url, admin_secret=SecretStr(SECRET))
    shared = [machines, machines.for_plans, offered]
    app = partial(build, settings, database, clock, log, validate_results=True, shared=shared)
    try:
        yield World(database, clock, machines, app, logged)
    finally:
        pool.close()
        database.close()
