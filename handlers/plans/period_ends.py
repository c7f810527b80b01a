"""The jobs of plans: tell users that their period ends soon, and end periods that are over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from handlers.ledger.standing import Standings
from handlers.plans import rules, sentences, statements
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.plans.purchases import Purchases
from handlers.work.alerts import notify, told

BATCH = 200


class PeriodEnds:
    def __init__(
        self, database: Database, clock: Clock, purchases: Purchases, catalogue: PlanCatalogue, standings: Standings
    ) -> None:
        self._database, self._clock = database, clock
        self._purchases, self._catalogue, self._standings = purchases, catalogue, standings
        self._over = database.prepare(statements.PERIODS_OVER)
        self._ending = database.prepare(statements.PERIODS_ENDING)

    def run_once(self) -> int:
        """End the periods that are over; how many. One that fails does not stop the others."""
        failed: Exception | None = None
        done = 0
        for (user_sid,) in self._database.execute(self._over, (encode_otime(self._clock.now()), BATCH)):
            try:
                done += self._purchases.ledger.transaction(partial(self._purchases.end, user_sid))
            except Exception as error:
                failed = error
        if failed is not None:
            raise failed
        return done

    def tell(self) -> int:
        """Tell users whose period ends soon, each once for each number of days; how many were told. It reads much and
        writes little, so each is looked at without keeping writers waiting."""
        now = self._clock.now()
        until = now + timedelta(days=max(rules.NOTICE_DAYS))
        ending = self._database.execute(self._ending, (encode_otime(now), encode_otime(until)))
        count = 0
        for (user_sid,) in ending:
            due = self._database.run(partial(self._due, user_sid), write=False)
            if due is not None:
                count += notify(self._database, self._clock, user_sid, "plan_ending", *due)
        return count

    def _due(self, user_sid: str) -> tuple[str, str] | None:
        """The occasion and the text of the notice that a user is to be given now."""
        billing = self._purchases.ledger.billings.one({"user_sid": user_sid})
        latest = self._purchases.plans.current(user_sid)
        days = rules.notice_due(self._clock.now(), latest.period_end, latest.days) if latest is not None else None
        if billing is None or latest is None or days is None:
            return None
        occasion = f"plan_ending:{latest.sid}:{days}"
        if told(self._database, occasion):
            return None
        offer = self._catalogue.plans.get(latest.plan_id)
        text = sentences.ending(
            offer.name if offer is not None else latest.plan_id,
            days,
            latest.period_end,
            Money(offer.cost if offer is not None else latest.cost),
            self._standings.of(user_sid).balance,
            billing.renew and offer is not None,
        )
        return occasion, text
