"""The rows of disputes: what is known of each, beside its top-up."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import DisputeStatus, TopUp
from generated.tables.onboarding import DISPUTE, DisputePatch
from handlers.payments.states import UNNAMED, Dispute, State

CLOSED = (DisputeStatus.WON, DisputeStatus.LOST)


class DisputeRows:
    def __init__(self, database: Database) -> None:
        self._store = Store.of(DISPUTE, database)

    def of(self, top_up: TopUp) -> dict[str, Dispute]:
        """The disputes of a payment by their references."""
        found = {}
        for row in self._store.find({"top_up_sid": top_up.sid}, limit=1000)["items"]:
            ref = UNNAMED if row.dispute_ref == top_up.payment_ref else row.dispute_ref
            found[ref] = Dispute(int(row.amount), row.status, row.closed_at or row.opened_at)
        return found

    def keep(self, top_up: TopUp, before: State, after: State, now: datetime) -> None:
        """Write down what is new about the disputes of a payment."""
        for ref, dispute in after.disputes.items():
            if before.disputes.get(ref) == dispute:
                continue
            at = dispute.at
            changes: DisputePatch = {"amount": Money(dispute.amount), "status": dispute.status}
            if dispute.status in CLOSED:
                changes["closed_at"] = at
            else:
                changes |= {"opened_at": at, "closed_at": None}
            name = ref if ref != UNNAMED else top_up.payment_ref
            assert name is not None, "only a payment is disputed"
            known = self._store.one({"provider": top_up.provider, "dispute_ref": name})
            if known is not None:
                self._store.patch(known.sid, changes)
                continue
            self._store.new(
                {
                    "top_up_sid": top_up.sid,
                    "user_sid": top_up.user_sid,
                    "provider": top_up.provider,
                    "dispute_ref": name,
                    "amount": Money(dispute.amount),
                    "status": dispute.status,
                    "opened_at": at,
                    "closed_at": at if dispute.status in CLOSED else None,
                },
                now,
            )
