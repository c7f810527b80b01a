"""The top-ups of a user as people read them: the newest first, and one of them by its number or its checkout."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import TopUp
from generated.tables.onboarding import TOP_UP


class TopUpHistory:
    """Reads the top-ups of `database`; another user's are not there."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.top_ups = Store.of(TOP_UP, database)
        columns = ", ".join(f'"{name}"' for name in self.top_ups.type.names)
        self._latest = database.prepare(
            f'SELECT {columns} FROM "top_up" WHERE "user_sid" = ? ORDER BY "sid" DESC LIMIT ?'  # noqa: S608
        )
        self._of_session = database.prepare(
            f'SELECT {columns} FROM "top_up" WHERE "session_ref" = ? AND "provider" = ? AND "user_sid" = ?'  # noqa: S608
            ' ORDER BY "sid" LIMIT 1'
        )

    def latest(self, user_sid: str, limit: int) -> list[TopUp]:
        """The last top-ups of a user."""
        rows = self.database.execute(self._latest, (user_sid, limit))
        return [self.top_ups.object(self.top_ups.decode(row)) for row in rows]

    def one(self, user_sid: str, sid: str) -> TopUp:
        """One top-up of the user. Raises `NotFound`."""
        top_up = self.top_ups.get_many([sid]).get(sid)
        if top_up is None or top_up.user_sid != user_sid:
            raise NotFound
        return top_up

    def of_session(self, user_sid: str, session_ref: str, providers: Iterable[str]) -> TopUp:
        """The user's top-up with this checkout at one of the providers. Raises `NotFound`."""
        for provider in providers:
            rows = self.database.execute(self._of_session, (session_ref, provider, user_sid))
            if rows:
                return self.top_ups.object(self.top_ups.decode(rows[0]))
        raise NotFound
