"""The top-ups of a user as people read them: the newest first, and one of them by its number or its checkout."""

from __future__ import annotations

from codegen.runtime.database import Database
from codegen.runtime.errors import NotFound
from codegen.runtime.store import Store
from generated.models.onboarding import TopUp
from generated.tables.onboarding import TOP_UP


class TopUpHistory:
    """Reads the top-ups of `database`; another user's are not there."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.top_ups = Store.of(TOP_UP, database)
        columns = ", ".join(f'"{name}"' for name in self.top_ups.type.names)
        read = f'SELECT {columns} FROM "top_up" WHERE "user_sid" = ?'   # noqa: S608
        self._latest = database.prepare(f'{read} ORDER BY "sid" DESC LIMIT ?')
        self._of_session = database.prepare(f'{read} AND "session_ref" = ? ORDER BY "sid" DESC LIMIT 1')

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

    def of_session(self, user_sid: str, session_ref: str) -> TopUp | None:
        """The user's top-up with this checkout; the latest where it was paid twice."""
        rows = self.database.execute(self._of_session, (user_sid, session_ref))
        return self.top_ups.object(self.top_ups.decode(rows[0])) if rows else None
