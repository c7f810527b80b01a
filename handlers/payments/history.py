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
        self._top_ups = Store.of(TOP_UP, database)

    def latest(self, user_sid: str, limit: int) -> list[TopUp]:
        """The last top-ups of a user."""
        return self._top_ups.latest({"user_sid": user_sid}, limit)

    def one(self, user_sid: str, sid: str) -> TopUp:
        """One top-up of the user. Raises `NotFound`."""
        top_up = self._top_ups.get_many([sid]).get(sid)
        if top_up is None or top_up.user_sid != user_sid:
            raise NotFound
        return top_up

    def of_session(self, user_sid: str, session_ref: str, providers: Iterable[str]) -> TopUp:
        """The user's top-up with this checkout at one of the providers. Raises `NotFound`."""
        for provider in providers:
            found = self._top_ups.one({"user_sid": user_sid, "session_ref": session_ref, "provider": provider})
            if found is not None:
                return found
        raise NotFound
