"""What is written down of allocations: the place in the plan is taken and given back with the row, in one transaction.

A transaction locks the user's billing first, then the allocation: two of one user go one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from codegen.runtime.context import Clock, KeyedCall, KeylessCall
from codegen.runtime.errors import Conflict, InvalidParams, RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    Frozen,
    InsufficientFunds,
    KycRequired,
    NoActivePlan,
    PoolEmpty,
    QuotaExceeded,
)
from generated.models.onboarding import (
    AllocationStatus,
    Billing,
    KycStatus,
    PlanPurchase,
    VmAllocation,
    WaitingListEntry,
)
from generated.tables.onboarding import USER, VM_ALLOCATION, VmAllocationNew, VmAllocationPatch
from handlers.ledger.billing import billings
from handlers.plans.plans import Plans
from handlers.vms import statements
from handlers.vms.provisioners import Provisioners
from handlers.vms.states import CLAIM, LIVE, WINDOW, first_cost, other_cost, starts_within_window
from handlers.vms.waiting import WaitingList

T = TypeVar("T")


class Allocations:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        plans: Plans,
        provisioners: Provisioners,
        waiting: WaitingList,
        *,
        limited: bool = True,
    ) -> None:
        """Where `limited`, nobody starts machines over and over."""
        self.database, self.clock, self._plans, self._provisioners = database, clock, plans, provisioners
        self.waiting, self._limited = waiting, limited
        self._started_before = database.prepare(statements.STARTED_BEFORE)
        self.store = Store.of(VM_ALLOCATION, database)
        self._users, self._billings = Store.of(USER, database), billings(database)
        self._live = database.prepare(statements.LIVE_OF_USER)
        self._live_machines = database.prepare(statements.LIVE_MACHINES_OF_USER)
        self._at_cost, self._begun = database.prepare(statements.LIVE_AT_COST), database.prepare(statements.BEGUN)

    def now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)

    # --- begin ------------------------------------------------------------------------------------------------

    def begin(
        self,
        user_sid: str,
        sku: str | None,
        ssh_pub_key: str | None,
        call: KeyedCall | None = None,
        entry: WaitingListEntry | None = None,
        *,
        none_left: bool = False,
    ) -> VmAllocation | PoolEmpty:
        """In one transaction: the row, and a place in the plan. The row of this call, where it was made before.

        `PoolEmpty` where others wait for such a machine, or `none_left` by those who were quicker: the user waits now,
        too. Raises what refuses the user, and `Conflict` where the `entry` of the waiting list that is to be served
        waits no more.
        """

        def work() -> VmAllocation | PoolEmpty:
            key = call or KeylessCall()
            sid = key.begin()
            if known := self.store.get_many([sid]):
                return known[sid]
            billing, purchase, size = self._allowed(user_sid, sku)
            if entry is None and self._limited:
                self._limit(user_sid, purchase.vm_count)
            elif entry is not None and self.waiting.of(user_sid, size) != entry:
                raise Conflict("this entry was served meanwhile")
            now = self.now()
            if none_left or self.waiting.before(user_sid, size):
                self.waiting.wait(user_sid, size, ssh_pub_key)
                refusal = PoolEmpty()
                key.decide(refusal)
                return refusal
            self.waiting.turn(user_sid, size, now)
            new: VmAllocationNew = {
                "sid": sid,
                "user_sid": user_sid,
                "plan_id": purchase.plan_id,
                "purchase_sid": purchase.sid,
                "sku": size,
                "cost_cents": self._cost(purchase),
                "ssh_pub_key": ssh_pub_key,
                "provider": self._provisioners.for_size(size),
                "allocated_at": now,
                "expires_at": purchase.period_end,
                "next_check_at": now + CLAIM,
            }
            made = self.store.new(new, now)
            self._count(billing)
            return made

        return self.database.run(work)

    def _limit(self, user_sid: str, vm_count: int) -> None:
        """Raises `RateLimited` for who starts and releases machines over and over."""
        now, most = self.now(), starts_within_window(vm_count)
        since, until = int((now - WINDOW).timestamp()), int(now.timestamp())
        rows = self.database.execute(self._started_before, (user_sid, since, until, most - 1))
        if rows:
            raise RateLimited(retry_after=int(rows[0][0]) - since)

    def _allowed(self, user_sid: str, sku: str | None) -> tuple[Billing, PlanPurchase, str]:
        """The user's billing, locked, their plan, and the size of machine that it gives. Raises what refuses them."""
        billing = self._lock(user_sid)
        purchase = self._plans.current(user_sid)
        if purchase is None or billing is None:
            raise NoActivePlan
        used = self.live(user_sid)
        if used >= purchase.vm_count:
            raise QuotaExceeded(vm_total=purchase.vm_count, vm_used=used)
        if self._users.get(user_sid).kyc_status is not KycStatus.COMPLETED:
            raise KycRequired
        if billing.frozen:
            raise Frozen
        if billing.credit_balance < 0:  # the plan is paid; a debt must be, before anything new
            raise InsufficientFunds(needed=Money(0), balance=Money(billing.credit_balance))
        if sku is not None and sku != purchase.sku:
            raise InvalidParams("sku", f"the plan gives machines of the size {purchase.sku}", "plan")
        return billing, purchase, purchase.sku

    def _cost(self, purchase: PlanPurchase) -> int:
        """The share of the plan's cost; the remainder is with one of its machines at a time."""
        first, other = (share(purchase.cost, purchase.vm_count) for share in (first_cost, other_cost))
        taken = first != other and self.database.execute(self._at_cost, (purchase.sid, first))[0][0]
        return other if taken else first

    # --- later ------------------------------------------------------------------------------------------------

    def change(self, sid: str, work: Callable[[VmAllocation], T]) -> T:
        """`work` with an allocation that nobody else writes, in a transaction. Raises `NotFound`."""

        def locked() -> T:
            self._lock(self.store.get(sid).user_sid)
            return work(self.store.object(self.store.locked(sid, None)))

        return self.database.run(locked)

    def end(self, allocation: VmAllocation, status: AllocationStatus, failure: str | None = None) -> VmAllocation:
        """Inside `change`: it is over, its place in the plan is free, and its provisioner is told at once."""
        now = self.now()
        changes: VmAllocationPatch = {"status": status, "released_at": now, "next_check_at": now, "checks": 0}
        if failure is not None:
            changes["failure"] = failure[:500]
        ended = self.store.patch(allocation.sid, changes)
        billing = self._billings.one({"user_sid": allocation.user_sid})
        if billing is not None:
            self._count(billing)
        return ended

    def release(self, sid: str) -> VmAllocation:
        """The user gives it up, also before it runs. One that is over stays as it is. Raises `NotFound`."""

        def work(allocation: VmAllocation) -> VmAllocation:
            return self.end(allocation, AllocationStatus.RELEASED) if allocation.status in LIVE else allocation

        return self.change(sid, work)

    # --- reading ----------------------------------------------------------------------------------------------

    def live(self, user_sid: str) -> int:
        """How many places of the plan a user's machines take."""
        return int(self.database.execute(self._live, (user_sid,))[0][0])

    def size_of(self, user_sid: str) -> str | None:
        """The size of machine that a user's plan gives; None without a plan."""
        purchase = self._plans.current(user_sid)
        return None if purchase is None else purchase.sku

    def begun(self, sku: str) -> int:
        """How many machines of a size somebody is just asking for: free ones that are promised already."""
        since = int((self.clock.now() - CLAIM).timestamp())
        return int(self.database.execute(self._begun, (sku, since))[0][0])

    def live_of(self, user_sid: str) -> list[VmAllocation]:
        """The machines of a user, those started first before others."""
        rows = self.database.execute(self._live_machines, (user_sid,))
        return [self.store.object(self.store.decode(row)) for row in rows]

    def _lock(self, user_sid: str) -> Billing | None:
        billing = self._billings.one({"user_sid": user_sid})
        return None if billing is None else self._billings.object(self._billings.locked(billing.sid, None))

    def _count(self, billing: Billing) -> None:
        used = self.live(billing.user_sid)
        if billing.vm_quota_used != used:
            self._billings.patch(billing.sid, {"vm_quota_used": used})
