"""What follows from a balance, in the transaction that changed it: alerts, suspension and its end, a late renewal.

It matters by how much a balance changed, not by what: whatever brings money brings services back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import NoticeKind
from handlers.ledger.followers import Change
from handlers.plans import rules, sentences
from handlers.plans.machines import PlanMachines
from handlers.plans.purchases import Purchases
from handlers.work.alert_settings import AlertThresholds
from handlers.work.alerts import notify


class BalanceWatch:
    """Follows the ledger. `debt_limit` is positive: below minus that much services are suspended."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        purchases: Purchases,
        debt_limit: Money,
        machines: Callable[[], PlanMachines | None],
    ) -> None:
        self._database, self._clock, self._purchases = database, clock, purchases
        self._limit, self._machines = debt_limit, machines
        self._thresholds = AlertThresholds(database)

    def follow(self, change: Change) -> Callable[[], None] | None:
        """Told by the ledger of each balance that changed. Machines that start again are asked to as soon as the
        transaction is through."""
        if change.after < change.before:
            self._fell(change)
        elif self._rose(change) and (machines := self._machines()) is not None:
            return partial(_try, machines, change.user_sid)
        return None

    def _fell(self, change: Change) -> None:
        balance = Money(change.after)
        threshold = self._thresholds.of(change.user_sid)
        if rules.suspended(change.after, self._limit) and not rules.suspended(change.before, self._limit):
            if (machines := self._machines()) is not None:
                machines.suspend(change.user_sid, change.posted_at)
            self._tell(change, "services_suspended", sentences.suspended(balance, self._limit))
        elif rules.fell_below(0, change.before, change.after):
            self._tell(change, "balance_negative", sentences.negative(balance, self._limit))
        elif threshold is not None and rules.fell_below(threshold, change.before, change.after):
            self._tell(change, "low_balance", sentences.low_balance(balance, threshold))

    def _rose(self, change: Change) -> bool:
        """Whether machines may have to start."""
        resumed = rules.suspended(change.before, self._limit) and not rules.suspended(change.after, self._limit)
        if resumed:
            if (machines := self._machines()) is not None:
                machines.resume(change.user_sid, change.posted_at)
            self._tell(change, "services_resumed", sentences.RESUMED)
        return self._purchases.renew_late(change.user_sid) or resumed

    def _tell(self, change: Change, kind: NoticeKind, text: str) -> None:
        notify(self._database, self._clock, change.user_sid, kind, f"{kind}:{change.transaction_sid}", text)


def _try(machines: PlanMachines, user_sid: str) -> None:
    """What is paid is paid, whether the machines answer or not: a job asks them again."""
    with suppress(Exception):
        machines.at_once(user_sid)
