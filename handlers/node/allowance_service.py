"""`usage.allowance` and `usage.allowances_changed`: what a site tells a node before it serves somebody."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams, NotFound
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import Allowance, AllowanceChanges, AllowanceRefusal
from generated.services.onboarding import UsageService
from generated.tables.onboarding import STREAM_CURSOR, USER
from handlers.ledger.changed import ChangedUsers, Mark
from handlers.ledger.standing import Standing, Standings

MOST = 200
"""Entries and acts that one answer covers."""
_cursor = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})").fullmatch


@serves(UsageService)
class AllowanceHandler:
    """The part of `UsageService` that nodes ask. `debt_limit` is positive; answers are good for `lasting`."""

    def __init__(
        self, database: Database, standings: Standings, changed: ChangedUsers, debt_limit: Money, lasting: timedelta
    ) -> None:
        self._standings, self._changed = standings, changed
        self._debt_limit, self._lasting = debt_limit, lasting
        self._users, self._streams = Store.of(USER, database), Store.of(STREAM_CURSOR, database)

    def allowance(self, context: Context, *, user_sid: str, stream_id: str | None = None) -> Allowance:
        """Whether the node that calls may serve a user."""
        if not self._users.exists(user_sid):
            raise NotFound(f"there is no user {user_sid}")
        return self._answer(context, user_sid, self._counted(context, stream_id))

    def allowances_changed(
        self, context: Context, *, cursor: str | None = None, stream_id: str | None = None
    ) -> AllowanceChanges:
        """The answers that changed behind the cursor."""
        if cursor is None:
            return AllowanceChanges(
                allowances=[], cursor=_text(self._changed.now()), more=False, until=self._until(context)
            )
        read = _cursor(cursor)
        if read is None:
            raise InvalidParams("cursor", "it is none of this method", "cursor")
        found = self._changed.since(Mark(int(read[1]), int(read[2])), MOST)
        counted = self._counted(context, stream_id)
        answers = [self._answer(context, user, counted) for user in found.users]
        return AllowanceChanges(
            allowances=answers, cursor=_text(found.mark), more=found.more, until=self._until(context)
        )

    def _answer(self, context: Context, user_sid: str, counted: int | None) -> Allowance:
        standing = self._standings.of(user_sid)
        left = remaining(standing, self._debt_limit)
        refusal = AllowanceRefusal.FROZEN if standing.frozen else AllowanceRefusal.INSUFFICIENT_FUNDS
        allowed = left > 0 and not standing.frozen
        return Allowance(
            user_sid=user_sid,
            allowed=allowed,
            reason=None if allowed else refusal,
            remaining=left if allowed else Money(0),
            until=self._until(context),
            counted_seq=counted,
        )

    def _until(self, context: Context) -> datetime:
        return context.clock.now().replace(microsecond=0) + self._lasting

    def _counted(self, context: Context, stream_id: str | None) -> int | None:
        """The last record of the caller's stream that was consumed."""
        if stream_id is None or context.caller.sid is None:
            return None
        found = self._streams.one({"node_id": context.caller.sid, "stream_id": stream_id})
        return int(found.last_seq) if found is not None else None


def remaining(standing: Standing, debt_limit: Money) -> Money:
    """What may be used until services are suspended; debt is only for those who paid before."""
    credit = debt_limit if standing.lifetime_paid > 0 else Money(0)
    return Money(max(standing.balance + credit, 0))


def _text(mark: Mark) -> str:
    return f"{mark.entry}.{mark.act}"
