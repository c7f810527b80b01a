"""What a rebuild takes from the live database as given, and how the fresh one begins."""

from __future__ import annotations

from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredType
from codegen.runtime.values.types import Money
from generated.models.onboarding import KycStatus, NodeState, PaymentEvent, ProviderFee, TopUpStatus, User
from generated.tables.onboarding import (
    KYC_SESSION,
    NODE,
    OPERATOR_ACT,
    PAYMENT_EVENT,
    PRICE,
    PRICE_BOOK,
    PROVIDER_FEE,
    TOP_UP,
    USAGE_SKIP,
    USER,
    VM_ALLOCATION,
)
from handlers.identity.hooks import open_billing
from handlers.rebuild.timeline import every

GIVEN: tuple[StoredType[Any, Any, Any, Any], ...] = (OPERATOR_ACT, PRICE_BOOK, PRICE, USAGE_SKIP)
"""What is given from the beginning; all else comes when it came."""
_UNREAD: dict[str, Any] = {
    "state": NodeState.ACTIVE,
    "last_commit": None,
    "halted_commit": None,
    "halted_reason": None,
    "halted_detail": None,
    "halted_at": None,
    "last_seen_at": None,
    "records": 0,
    "duplicates": 0,
    "quarantined": 0,
    "balances_updated": 0,
    "halts": 0,
}
_UNVERIFIED: dict[str, Any] = {"kyc_status": KycStatus.PENDING, "kyc_verified_at": None}
_UNPAID: dict[str, Any] = {
    "status": TopUpStatus.OPEN,
    "refunded": Money(0),
    "excess": Money(0),
    "over_cap": Money(0),
    "held": Money(0),
    "settled_at": None,
    "review_reason": None,
}
_UNDECIDED: dict[str, Any] = {
    "status": KycStatus.IN_PROGRESS,
    "decided_at": None,
    "completed_at": None,
    "superseded_at": None,
    "reason": None,
}


class Inputs:
    """Copies from `live` into `fresh`: what people and providers said, nothing of what followed from it here."""

    def __init__(self, live: Database, fresh: Database) -> None:
        self._live, self._fresh = live, fresh

    def begin(self) -> None:
        """Operators' acts, price books, skips, and the nodes, of which nothing was read."""
        for stored in GIVEN:
            self._fresh.run(lambda stored=stored: self._copy_all(stored))  # type: ignore[misc]
        self._fresh.run(lambda: self._copy_all(NODE, **_UNREAD))

    def user(self, context: Context, user: User) -> None:
        """A user who is not verified yet, with a balance as long as nothing has moved it."""

        def work() -> None:
            self._copy(USER, user.sid, **_UNVERIFIED)
            open_billing(context, user)

        self._fresh.run(work)

    def machine(self, sid: str) -> None:
        """Whose machine it is, which lines of usage are judged by; not the purchase that it belongs to."""
        self._fresh.run(lambda: self._copy(VM_ALLOCATION, sid, purchase_sid=None))

    def top_up(self, sid: str) -> None:
        """A top-up as it was asked for."""
        self._fresh.run(lambda: self._copy(TOP_UP, sid, **_UNPAID))

    def attempt(self, sid: str) -> None:
        """An attempt at verification that nobody decided about. Call it inside a transaction."""
        self._copy(KYC_SESSION, sid, **_UNDECIDED)

    def event(self, event: PaymentEvent) -> dict[str, Any]:
        """The values of an event's row."""
        return dict(Store.of(PAYMENT_EVENT, self._live).values(event.sid))

    def fee(self, fee: ProviderFee) -> None:
        """A fee as it was told. Call it inside a transaction."""
        self._copy(PROVIDER_FEE, fee.sid)

    def _copy_all(self, stored: StoredType[Any, Any, Any, Any], **changes: Any) -> None:
        for each in every(stored, self._live):
            self._copy(stored, each.sid, **changes)

    def _copy(self, stored: StoredType[Any, Any, Any, Any], sid: str, **changes: Any) -> None:
        Store.of(stored, self._fresh).insert({**Store.of(stored, self._live).values(sid), **changes})
