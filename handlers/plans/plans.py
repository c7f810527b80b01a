"""The plan that a user has: the purchase whose period runs now."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import PlanPurchase
from generated.tables.onboarding import PLAN_PURCHASE


class Plans:
    """Reads purchases of `database`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._purchases = Store.of(PLAN_PURCHASE, database)

    def current(self, user_sid: str) -> PlanPurchase | None:
        """The purchase whose period runs now; it tells plan, size and number of machines, cost, days and period."""
        return running(self.latest(user_sid), self._clock.now())

    def latest(self, user_sid: str) -> PlanPurchase | None:
        """The purchase that was made last, whether its period has ended or not."""
        return next(iter(self._purchases.latest({"user_sid": user_sid}, 1)), None)


def running(purchase: PlanPurchase | None, at: datetime) -> PlanPurchase | None:
    """The purchase, where its period runs at this time."""
    return purchase if purchase is not None and purchase.period_start <= at < purchase.period_end else None
