"""What a rebuild takes from the live database as given, and how the fresh one begins."""

from __future__ import annotations

from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredType
from generated.models.onboarding import NodeState, User, VmAllocation
from generated.tables.onboarding import (
    NODE,
    OPERATOR_ACT,
    PRICE,
    PRICE_BOOK,
    USAGE_SKIP,
    USER,
    VM_ALLOCATION,
)
from handlers.identity.hooks import open_billing
from handlers.rebuild.timeline import every

GIVEN: tuple[StoredType[Any, Any, Any, Any], ...] = (OPERATOR_ACT, PRICE_BOOK, PRICE, USAGE_SKIP)
"""What is given from the beginning; users and machines come when they came."""
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
}


class Inputs:
    """Copies from `live` into `fresh`."""

    def __init__(self, live: Database, fresh: Database) -> None:
        self._live, self._fresh = live, fresh

    def begin(self) -> None:
        """Operators' acts, price books, skips, and the nodes as they are registered now, of which nothing was read."""
        for stored in GIVEN:
            self._fresh.run(lambda stored=stored: self._copy_all(stored))  # type: ignore[misc]
        self._fresh.run(lambda: self._copy_all(NODE, **_UNREAD))

    def user(self, context: Context, user: User) -> None:
        """A user, with a balance as long as nothing has moved it."""

        def work() -> None:
            self._copy(USER, user)
            open_billing(context, user)

        self._fresh.run(work)

    def machine(self, machine: VmAllocation) -> None:
        """Whose machine it is, which lines of usage are judged by; not the purchase that it belongs to."""
        self._fresh.run(lambda: self._copy(VM_ALLOCATION, machine, purchase_sid=None))

    def _copy_all(self, stored: StoredType[Any, Any, Any, Any], **changes: Any) -> None:
        for each in every(stored, self._live):
            self._copy(stored, each, **changes)

    def _copy(self, stored: StoredType[Any, Any, Any, Any], found: Any, **changes: Any) -> None:
        Store.of(stored, self._fresh).insert({**Store.of(stored, self._live).values(found.sid), **changes})
