"""The list of refunds beside their total: those we started, and those that a provider tells of."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import Refund, RefundSource, RefundStatus, TopUp
from generated.tables.onboarding import REFUND
from handlers.payments.moves import Move


class RefundRows:
    """Follows the provider's total, in which single refunds are not named."""

    def __init__(self, database: Database) -> None:
        self._store = Store.of(REFUND, database)

    def moved(self, top_up: TopUp, move: Move, at: datetime) -> None:
        """The total grew: ours that wait are among it, oldest first. It fell: the one of this amount, or the latest."""
        rows = self._store.find({"top_up_sid": top_up.sid}, limit=1000)["items"]
        when = at.replace(microsecond=0)
        if move.act == "refund":
            self._grown(top_up, rows, move.amount, when)
        else:
            self._fallen(rows, move.amount)

    def _grown(self, top_up: TopUp, rows: list[Refund], rest: int, at: datetime) -> None:
        for row in rows:
            if waits(row) and row.amount <= rest:
                rest -= int(row.amount)
                self._store.patch(row.sid, {"status": RefundStatus.SUCCEEDED, "settled_at": at})
        if rest:
            self._store.new(
                {
                    "top_up_sid": top_up.sid,
                    "user_sid": top_up.user_sid,
                    "provider": top_up.provider,
                    "amount": Money(rest),
                    "status": RefundStatus.SUCCEEDED,
                    "started_by": RefundSource.PROVIDER,
                    "reason": "refunded at the provider",
                    "settled_at": at,
                },
                at,
            )

    def _fallen(self, rows: list[Refund], rest: int) -> None:
        done = [row for row in rows if row.status == RefundStatus.SUCCEEDED and row.settled_at is not None]
        for row in sorted(done, key=lambda row: (row.amount != rest, -done.index(row))):
            if rest > 0 and row.amount <= rest:
                rest -= int(row.amount)
                self._store.patch(row.sid, {"status": RefundStatus.FAILED})

    def waiting(self, top_up_sid: str) -> int:
        """Nano-dollars of refunds that were started and are not yet in the provider's total."""
        rows = self._store.find({"top_up_sid": top_up_sid}, limit=1000)["items"]
        return sum(int(row.amount) for row in rows if waits(row))


def waits(row: Refund) -> bool:
    """Started, and not yet known to be in the provider's total or to have come to nothing."""
    return row.settled_at is None and row.status in (RefundStatus.PENDING, RefundStatus.SUCCEEDED)
