"""The plan of a user as pages show it: the one that runs, or the one whose machines are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from handlers.ledger.billing import billings
from handlers.plans import rules
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.plans.plans import Plans, running
from handlers.pricing.burn import per_day


@dataclass(frozen=True, slots=True)
class PlanOverview:
    """`kept_until` is there where the period is over and the disks of its machines are still kept.

    `renewal_cost` is what the plan costs today and `renewal_days` how long it then lasts, None where it is not on offer
    any more."""

    plan_id: str
    name: str
    cost: Money
    vm_total: int
    vm_used: int
    period_start: datetime
    period_end: datetime
    renew: bool
    renewal_cost: Money | None
    renewal_days: int | None
    kept_until: datetime | None

    @property
    def runs(self) -> bool:
        return self.kept_until is None

    @property
    def burn_per_day(self) -> Money | None:
        """What renewing it costs per day; None where it is not renewed."""
        if not (self.runs and self.renew) or self.renewal_cost is None or self.renewal_days is None:
            return None
        return Money(per_day(int(self.renewal_cost), self.renewal_days))


class PlanOverviews:
    """Reads them: two reads by index each."""

    def __init__(self, database: Database, clock: Clock, catalogue: PlanCatalogue) -> None:
        self._billings, self._plans, self._clock = billings(database), Plans(database, clock), clock
        self._catalogue = catalogue

    def of(self, user_sid: str) -> PlanOverview | None:
        """None for a user without a plan, and once the machines of the last one are gone."""
        latest, now = self._plans.latest(user_sid), self._clock.now()
        if latest is None:
            return None
        billing = self._billings.one({"user_sid": user_sid})
        written = billing.vm_kept_until if billing is not None else None
        runs = running(latest, now) is not None
        if not (runs or rules.in_grace(now, latest.period_end, written)):
            return None
        offer = self._catalogue.plans.get(latest.plan_id)
        return PlanOverview(
            plan_id=latest.plan_id,
            name=offer.name if offer is not None else latest.plan_id,
            cost=Money(latest.cost),
            vm_total=latest.vm_count,
            vm_used=(billing.vm_quota_used or 0) if billing is not None else 0,
            period_start=latest.period_start,
            period_end=latest.period_end,
            renew=billing is not None and billing.renew,
            renewal_cost=Money(offer.cost) if offer is not None else None,
            renewal_days=offer.days if offer is not None else None,
            kept_until=None if runs else rules.kept_until(written, latest.period_end),
        )
