"""The daily job of the discount ladder: the tier that is shown, and a notice of each step. No charge reads it."""

from __future__ import annotations

from functools import partial
from time import perf_counter

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.columns import decode_otime
from generated.models.onboarding import DiscountTier, LadderReport
from handlers.ledger.billing import billings
from handlers.prices import statements
from handlers.pricing.ladder import Step, percent_of, tier_at
from handlers.work.alerts import notify

BATCH = 500


class LadderJob:
    """Refreshes the tiers in a database; `steps` are the ladder's."""

    def __init__(self, database: Database, clock: Clock, steps: tuple[Step, ...]) -> None:
        self._database, self._clock, self._steps = database, clock, steps
        self._billings = billings(database)
        self._paid = database.prepare(statements.FIRST_PAYMENTS)

    def tick(self) -> LadderReport:
        """Refresh the tier of everybody who ever paid; those that changed, each in a transaction of its own."""
        began, users, changed = perf_counter(), 0, 0
        after = ""
        while rows := self._database.execute(self._paid, (after, BATCH)):
            for row in rows:
                users += 1
                if self._tier(row) != row[3]:
                    changed += self._database.run(partial(self._refresh, row))
            after = rows[-1][0]
        return LadderReport(users=users, changed=changed, duration_ms=int((perf_counter() - began) * 1000))

    def run_once(self) -> int:
        """The same as a job; how many tiers changed."""
        return int(self.tick().changed)

    def _tier(self, row: Row) -> DiscountTier:
        return tier_at(self._clock.now(), decode_otime(row[2]))

    def _refresh(self, row: Row) -> bool:
        sid, user_sid, _, shown = row
        tier = self._tier(row)
        self._billings.patch(sid, {"discount_tier": tier})
        percent, before = (percent_of(each, self._steps) for each in (tier, DiscountTier(shown)))
        text = f"Hero OS and models cost you {percent} % of the list price from now on; it was {before} %."
        notify(self._database, self._clock, user_sid, "tier_changed", f"tier_changed:{user_sid}:{tier}", text)
        return True
