"""Buy plans, renew them, end their periods: each in one transaction with its posting and the balance's projection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from codegen.runtime.context import Clock, Context, KeyedCall
from codegen.runtime.errors import Busy, DeclaredError
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
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
from generated.models.onboarding import Billing, KycStatus, Plan, PlanPurchase, TransactionKind
from generated.tables.onboarding import PLAN_PURCHASE, USER, BillingPatch
from handlers.ledger import wallet
from handlers.ledger.posting import Ledger
from handlers.plans import rules, sentences
from handlers.plans.machines import PlanMachines
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.plans.plans import Plans, running
from handlers.work.alerts import notify

REVENUE = "revenue:vm"
_NO_PLAN: BillingPatch = {"current_plan_id": None, "vm_quota_total": None, "vm_quota_period_end": None}


def plan_source(purchase_sid: str) -> str:
    """Source and posting key of a purchase: it is paid once."""
    return f"plan:{purchase_sid}"


class Purchases:
    """Purchases over a ledger. `machines` gives the machines, where the site has some; it is asked when it is needed,
    for their room stands behind this one."""

    def __init__(
        self, ledger: Ledger, clock: Clock, catalogue: PlanCatalogue, machines: Callable[[], PlanMachines | None]
    ) -> None:
        self.ledger, self.plans = ledger, Plans(ledger.database, clock)
        self._clock, self._catalogue, self._machines = clock, catalogue, machines
        self._database: Database = ledger.database
        self._purchases = Store.of(PLAN_PURCHASE, ledger.database)
        self._users = Store.of(USER, ledger.database)

    # --- what users do ----------------------------------------------------------------------------------------

    def buy(self, context: Context, user_sid: str, plan_id: str) -> Billing:
        """Raises what `BillingService.plan_buy` declares. The provisioner is asked outside of the transaction."""
        plan = self._catalogue.plans.get(plan_id)
        if plan is None:
            raise PlanUnknown(plan_id=plan_id)
        machines = self._machines()
        refusal = self._database.run(lambda: self._refusal(user_sid, plan, self._now()), write=False)
        free = machines.free(plan.sku) if machines is not None and refusal is None else None
        billing = self.ledger.transaction(lambda: self._bought(context.call, user_sid, plan, free))
        if machines is not None:
            machines.at_once(user_sid)
        return billing

    def switch(self, user_sid: str, on: bool) -> Billing:
        """Renew the plan at its end, or not. Raises `NoActivePlan`; the switch of one that ended can be turned off as
        long as a top-up would renew it."""

        def work() -> Billing:
            billing = self._billing(user_sid)
            latest, now = self.plans.latest(user_sid), self._now()
            if billing is None or not (running(latest, now) or (not on and _kept(billing, latest, now))):
                raise NoActivePlan
            return self.ledger.billings.patch(billing.sid, {"renew": on})

        return self.ledger.transaction(work)

    # --- what time does ---------------------------------------------------------------------------------------

    def end(self, user_sid: str) -> bool:
        """End the user's period, if it is over: renew it where that is wished and possible, stop the machines where
        not. Call it inside `ledger.transaction`; whether there was one to end."""
        billing, latest, now = self._billing(user_sid), self.plans.latest(user_sid), self._now()
        over = billing is not None and billing.vm_quota_period_end is not None and billing.vm_quota_period_end <= now
        if billing is None or latest is None or not over:
            return False
        hindrance = sentences.NOT_WISHED
        if billing.renew:
            self.ledger.expire(user_sid)
            offer = self._catalogue.plans.get(latest.plan_id)
            refused = self._may_not_spend(user_sid, offer.cost) if offer is not None else PlanUnknown(plan_id="")
            if offer is not None and refused is None:
                self._renew(latest, offer, now)
                return True
            hindrance = sentences.hindrance(refused)
        self.ledger.billings.patch(billing.sid, {**_NO_PLAN, "vm_kept_until": now + rules.GRACE})
        if (machines := self._machines()) is not None:
            machines.period_ended(user_sid, now)
        text = sentences.ended(self._name(latest), latest.period_end, now + rules.GRACE, hindrance)
        notify(self._database, self._clock, user_sid, "plan_ended", f"plan_ended:{latest.sid}", text)
        return True

    def renew_late(self, user_sid: str) -> bool:
        """Renew a plan that was to be renewed and was not, for want of funds, as long as its machines are kept. Call it
        inside `ledger.transaction`; whether it was renewed."""
        billing, latest, now = self._billing(user_sid), self.plans.latest(user_sid), self._now()
        if billing is None or latest is None or not billing.renew or billing.current_plan_id is not None:
            return False
        offer = self._catalogue.plans.get(latest.plan_id)
        if offer is None or not _kept(billing, latest, now) or self._may_not_spend(user_sid, offer.cost):
            return False
        self._renew(latest, offer, now)
        return True

    # --- parts ------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    def _billing(self, user_sid: str) -> Billing | None:
        return self.ledger.billings.one({"user_sid": user_sid})

    def _name(self, purchase: PlanPurchase) -> str:
        plan = self._catalogue.plans.get(purchase.plan_id)
        return plan.name if plan is not None else purchase.plan_id

    def _may_not_spend(self, user_sid: str, cost: Money) -> DeclaredError | None:
        """Why a user cannot pay for a plan; None where it can."""
        billing = self._billing(user_sid)
        if self._users.get(user_sid).kyc_status != KycStatus.COMPLETED:
            return KycRequired()
        if billing is not None and billing.frozen:
            return Frozen()
        balance = Money(billing.credit_balance) if billing is not None else Money(0)
        return InsufficientFunds(needed=cost, balance=balance) if balance < cost else None

    def _refusal(self, user_sid: str, plan: Plan, now: datetime) -> DeclaredError | None:
        return self._may_not_spend(user_sid, plan.cost) or (
            PlanActive() if running(self.plans.latest(user_sid), now) is not None else None
        )

    def _bought(self, call: KeyedCall, user_sid: str, plan: Plan, free: int | None) -> Billing:
        """The purchase of this call: an attempt before may have made it."""
        sid, now = call.begin(), self._now()
        if not self._purchases.exists(sid):
            self.ledger.expire(user_sid)
            if (refusal := self._refusal(user_sid, plan, now)) is not None:
                raise refusal
            self._require_room(user_sid, plan, free)
            latest, billing = self.plans.latest(user_sid), self._billing(user_sid)
            kept = billing is not None and _kept(billing, latest, now)
            self._pay(sid, user_sid, plan, now, None)
            if billing is not None and not kept:  # the switch is off until somebody turns it on for this plan
                self.ledger.billings.patch(billing.sid, {"renew": False})
        found = self._billing(user_sid)
        assert found is not None, "what was paid has a balance"
        return found

    def _require_room(self, user_sid: str, plan: Plan, free: int | None) -> None:
        """Machines that the user has already, running or kept, need no new ones. Raises `Capacity`."""
        if self._machines() is None:
            return
        if free is None:  # the purchase was refused when the machines were to be asked, and would not be now
            raise Busy("your balance changed meanwhile; try again")
        billing = self._billing(user_sid)
        needed = plan.vm_count - ((billing.vm_quota_used or 0) if billing is not None else 0)
        if needed > free:
            raise Capacity(free=free, needed=needed)

    def _renew(self, latest: PlanPurchase, offer: Plan, now: datetime) -> None:
        """The new period follows the old one, unless it would be over by now or the machines were stopped meanwhile."""
        billing = self._billing(latest.user_sid)
        stopped = billing is None or billing.current_plan_id is None
        late = stopped or rules.period_end(latest.period_end, offer.days) <= now
        purchase = self._pay(new_sid(), latest.user_sid, offer, now if late else latest.period_end, latest.sid)
        text = sentences.renewed(offer.name, Money(purchase.cost), purchase.period_end)
        occasion = f"plan_renewed:{purchase.sid}"
        notify(self._database, self._clock, latest.user_sid, "plan_renewed", occasion, text)

    def _pay(self, sid: str, user_sid: str, plan: Plan, start: datetime, renewed_from: str | None) -> PlanPurchase:
        """The purchase with its snapshot of the plan, its posting, what the balance shows of it, and its machines."""
        now = self._now()
        purchase = self._purchases.new(
            {
                "sid": sid,
                "user_sid": user_sid,
                "plan_id": plan.plan_id,
                "cost": Money(plan.cost),
                "vm_count": plan.vm_count,
                "days": plan.days,
                "sku": plan.sku,
                "period_start": start,
                "period_end": rules.period_end(start, plan.days),
                "renewed_from": renewed_from,
                "paid_at": now,
            },
            now,
        )
        self.ledger.post(
            user_sid=user_sid,
            kind=TransactionKind.PLAN,
            key=plan_source(sid),
            source=plan_source(sid),
            reason=sentences.posting(plan.name, purchase.period_end, renewed_from is not None),
            effective_at=now,
            draw=lambda drawn: wallet.charge(drawn, REVENUE, int(plan.cost)),
        )
        billing = self._billing(user_sid)
        assert billing is not None, "what was posted has a balance"
        shown: BillingPatch = {
            "current_plan_id": plan.plan_id,
            "vm_quota_total": plan.vm_count,
            "vm_quota_used": billing.vm_quota_used or 0,
            "vm_quota_period_end": purchase.period_end,
            "vm_kept_until": None,
        }
        self.ledger.billings.patch(billing.sid, shown)
        if (machines := self._machines()) is not None:
            machines.period_renewed(user_sid, purchase)
        return purchase


def _kept(billing: Billing, latest: PlanPurchase | None, now: datetime) -> bool:
    """Whether the machines of the user's last plan, which is over, are still there."""
    return latest is not None and rules.in_grace(now, latest.period_end, billing.vm_kept_until)
