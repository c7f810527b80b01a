"""What follows from a balance, in the transaction that changed it: alerts, suspension and its end, a late renewal."""

from __future__ import annotations

from collections.abc import Callable

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import NoticeKind, TransactionKind
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

    def follow(self, change: Change) -> None:
        """Told by the ledger of each posting."""
        if change.after < change.before:
            self._fell(change)
        elif change.after > change.before:
            self._rose(change)

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

    def _rose(self, change: Change) -> None:
        if rules.suspended(change.before, self._limit) and not rules.suspended(change.after, self._limit):
            if (machines := self._machines()) is not None:
                machines.resume(change.user_sid, change.posted_at)
            self._tell(change, "services_resumed", sentences.RESUMED)
        if change.kind == TransactionKind.TOP_UP:
            self._purchases.renew_late(change.user_sid)

    def _tell(self, change: Change, kind: NoticeKind, text: str) -> None:
        notify(self._database, self._clock, change.user_sid, kind, f"{kind}:{change.transaction_sid}", text)
