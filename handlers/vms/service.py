"""`vm.*`: what is called from outside, handed on to whoever does it."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import InvalidParams, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import own_transactions
from codegen.runtime.storage.database import Database
from generated.models.onboarding import PoolCount, PoolVm, VmAllocation, VmStatus
from generated.services.onboarding import VmService
from handlers.plans.plans import Plans
from handlers.plugins import installed
from handlers.settings import Settings
from handlers.vms.allocations import Allocations
from handlers.vms.follow_up import FollowUp
from handlers.vms.machines import MachinesOfPlans
from handlers.vms.pool import Pool
from handlers.vms.provisioners import PROVISIONER, Provisioners
from handlers.vms.serving import Serving
from handlers.vms.ssh_key import is_whole
from handlers.vms.states import LIVE
from handlers.vms.waiting import WaitingList
from handlers.work.alerts import alert


@dataclass(frozen=True, slots=True)
class Machines:
    """Everything that deals with machines over one database, made once."""

    provisioners: Provisioners
    allocations: Allocations
    follow_up: FollowUp
    serving: Serving
    for_plans: MachinesOfPlans
    pool: Pool

    @classmethod
    def over(
        cls,
        database: Database,
        clock: Clock,
        plans: Plans,
        provisioners: Provisioners,
        log: Log,
        *,
        limited: bool = True,
    ) -> Machines:
        """Where `limited`, nobody starts machines over and over."""
        waiting = WaitingList(database, clock)
        allocations = Allocations(database, clock, plans, provisioners, waiting, limited=limited)
        follow_up = FollowUp(allocations, provisioners, log)
        serving = Serving(allocations, provisioners, follow_up, log)
        for_plans = MachinesOfPlans(allocations, provisioners, follow_up, log)
        return cls(provisioners, allocations, follow_up, serving, for_plans, Pool(database))

    def tell_broken(self) -> int:
        """Have an operator look at the provisioners that cannot be used; how many."""
        for broken in self.provisioners.broken:
            alert(self.allocations.database, self.allocations.clock, "plugin_broken", broken.name, broken.reason)
        return len(self.provisioners.broken)


def installed_provisioners(settings: Settings, log: Log) -> Provisioners:
    """The installed provisioners; those that cannot be used are told in the log by name."""
    found = installed(PROVISIONER, settings)
    found.log(log)
    return Provisioners.of(found)


class VmHandler(VmService):
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @own_transactions
    def allocate(
        self,
        context: Context,
        *,
        sku: str | None = None,
        ssh_pub_key: str | None = None,
        form_token: str | None = None,
    ) -> VmAllocation:
        """Start a machine within the plan; the provisioner is called outside of any transaction."""
        if ssh_pub_key is not None and not is_whole(ssh_pub_key):
            raise InvalidParams("ssh_pub_key", "is no whole public key; copy its line again", "ssh_key")
        return self._machines.serving.start(user_of(context), sku, ssh_pub_key, context.call)

    @own_transactions
    def release(self, context: Context, *, sid: str) -> VmAllocation:
        """Give a machine up. Its place in the plan is free, whatever its provisioner says; that one is asked at once,
        and again until it did it."""
        self._own(context, sid)
        released = self._machines.allocations.release(sid)
        return self._machines.follow_up.ask(sid) if released.next_check_at is not None else released

    @own_transactions
    def status(self, context: Context, *, sid: str) -> VmStatus:
        """How a machine is, by its provisioner."""
        allocation = self._own(context, sid)
        state = self._machines.follow_up.look(allocation) if allocation.status in LIVE else None
        return VmStatus(
            sid=sid,
            status=allocation.status,
            address=allocation.address,
            running=state is not None and state.running,
            expires_at=allocation.expires_at,
        )

    def pool(self, context: Context) -> list[PoolCount]:
        """The pool in numbers."""
        return self._machines.pool.counts()

    def pool_wiped(self, context: Context, *, sid: str, reason: str | None = None) -> PoolVm:
        """A dirty VM was wiped."""
        return self._machines.pool.wiped(context, sid, reason)

    def pool_retire(self, context: Context, *, sid: str, reason: str) -> PoolVm:
        """Take a VM out of the pool for good."""
        return self._machines.pool.retire(context, sid, reason)

    def _own(self, context: Context, sid: str) -> VmAllocation:
        """An allocation of the caller; an operator sees all."""
        allocation = self._machines.allocations.store.get(sid)
        if context.caller.scope != "admin" and allocation.user_sid != user_of(context):
            raise NotFound
        return allocation
