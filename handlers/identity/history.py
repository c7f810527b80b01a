"""The login history of an address, the newest first: failed tries before the first login belong to it."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginEvent
from generated.tables.onboarding import LOGIN_EVENT


class LoginHistory:
    """Reads the events of `database`."""

    def __init__(self, database: Database) -> None:
        self._events = Store.of(LOGIN_EVENT, database)

    def latest(self, address: str, limit: int) -> list[LoginEvent]:
        """What last happened to an address."""
        return self._events.latest({"address": address}, limit)
