"""The rows of refunds beside their total: those we started, those that a provider names, and a rest without a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import ProviderRefund, Refund, RefundSource, RefundStatus, TopUp
from generated.tables.onboarding import REFUND, RefundPatch
from handlers.payments.states import CURRENCY, NANO_PER_MINOR, believable

LIVE = (RefundStatus.PENDING, RefundStatus.SUCCEEDED)
AT_THE_PROVIDER = "refunded at the provider"


class RefundRows:
    """Each refund of a payment is one row, found by its reference. What of the total has no name is one more row
    without a reference: so the rows always add up to the total."""

    def __init__(self, database: Database) -> None:
        self._store = Store.of(REFUND, database)

    def keep(
        self, top_up: TopUp, total: int, named: Sequence[ProviderRefund] | None, at: datetime, now: datetime
    ) -> None:
        """Write down the provider's total in nano-dollars, and where it was asked, all the refunds it names."""
        for refund in named or ():
            self._keep_named(top_up, refund, at, now)
        rows = self._store.find({"top_up_sid": top_up.sid}, limit=1000)["items"]
        rest = total - sum(int(row.amount) for row in rows if _counted(row) and not _nameless(row))
        if named is not None:
            names = {refund.refund_ref for refund in named}
            others = [row for row in rows if row.refund_ref not in names and not _nameless(row)]
            rest = self._settle(others, rest, at) if rest > 0 else self._fail(others, rest)
        nameless = [row for row in rows if _nameless(row)]
        came_back = named is not None and not named and total < sum(int(row.amount) for row in rows if _counted(row))
        self._keep_rest(top_up, nameless, max(rest, 0), came_back, at, now)

    def waiting(self, top_up_sid: str) -> int:
        """Nano-dollars of refunds that were started and are not yet in the provider's total."""
        rows = self._store.find({"top_up_sid": top_up_sid}, limit=1000)["items"]
        return sum(int(row.amount) for row in rows if row.settled_at is None and row.status in LIVE)

    # --- one by one -------------------------------------------------------------------------------------------

    def _keep_named(self, top_up: TopUp, refund: ProviderRefund, at: datetime, now: datetime) -> None:
        if refund.currency != CURRENCY:
            return
        known = self._store.one({"provider": top_up.provider, "refund_ref": refund.refund_ref})
        if known is None and refund.refund_sid is not None:
            ours = self._store.get_many([refund.refund_sid]).get(refund.refund_sid)
            known = ours if ours is not None and ours.top_up_sid == top_up.sid and ours.refund_ref is None else None
        settled_at = believable(refund.occurred_at or at, top_up.created_at, now)
        if known is None:
            self._new(top_up, refund.refund_ref, refund.amount_minor * NANO_PER_MINOR, refund.status, settled_at, now)
            return
        changes: RefundPatch = {"refund_ref": refund.refund_ref, "status": refund.status}
        if known.settled_at is None and refund.status in LIVE:
            changes["settled_at"] = settled_at
        if refund.status != RefundStatus.PENDING:
            changes["next_attempt_at"] = None
        self._change(known, changes)

    def _change(self, row: Refund, changes: RefundPatch) -> None:
        if any(getattr(row, name) != value for name, value in changes.items()):
            self._store.patch(row.sid, changes)

    def _settle(self, rows: list[Refund], rest: int, at: datetime) -> int:
        """A provider that names no refunds: those of ours that wait are in its total, oldest first."""
        for row in rows:
            if row.settled_at is None and row.status in LIVE and row.amount <= rest:
                rest -= int(row.amount)
                self._store.patch(
                    row.sid, {"status": RefundStatus.SUCCEEDED, "settled_at": at, "next_attempt_at": None}
                )
        return rest

    def _fail(self, rows: list[Refund], rest: int) -> int:
        """The total fell, and no name tells of which: the one of this amount, or the latest."""
        done = [row for row in rows if _counted(row)]
        for row in sorted(done, key=lambda row: (int(row.amount) != -rest, -done.index(row))):
            if int(row.amount) <= -rest:
                rest += int(row.amount)
                self._store.patch(row.sid, {"status": RefundStatus.FAILED, "next_attempt_at": None})
        return rest

    def _keep_rest(
        self, top_up: TopUp, nameless: list[Refund], rest: int, came_back: bool, at: datetime, now: datetime
    ) -> None:
        if sum(int(row.amount) for row in nameless) == rest:
            return
        for row in nameless:
            if came_back and rest == 0:
                self._store.patch(row.sid, {"status": RefundStatus.FAILED})
            else:
                self._store.delete(row.sid)
        if rest:
            self._new(top_up, None, rest, RefundStatus.SUCCEEDED, at, now)

    def _new(
        self, top_up: TopUp, ref: str | None, amount: int, status: RefundStatus, settled_at: datetime, now: datetime
    ) -> None:
        self._store.new(
            {
                "top_up_sid": top_up.sid,
                "user_sid": top_up.user_sid,
                "provider": top_up.provider,
                "refund_ref": ref,
                "amount": Money(amount),
                "status": status,
                "started_by": RefundSource.PROVIDER,
                "reason": AT_THE_PROVIDER,
                "settled_at": settled_at if status in LIVE else None,
            },
            now,
        )


def _counted(row: Refund) -> bool:
    """Whether it is in the provider's total."""
    return row.settled_at is not None and row.status in LIVE


def _nameless(row: Refund) -> bool:
    """Whether it stands for what is known by its amount only."""
    return row.started_by == RefundSource.PROVIDER and row.refund_ref is None and row.status in LIVE
