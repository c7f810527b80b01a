"""The login history of an address, the newest first: failed tries before the first login belong to it."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginEvent
from generated.tables.onboarding import LOGIN_EVENT


class LoginHistory:
    """Reads the events of `database`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.events = Store.of(LOGIN_EVENT, database)
        columns = ", ".join(f'"{name}"' for name in self.events.type.names)
        self._latest = database.prepare(
            f'SELECT {columns} FROM "login_event" WHERE "address" = ? ORDER BY "sid" DESC LIMIT ?'  # noqa: S608
        )

    def latest(self, address: str, limit: int) -> list[LoginEvent]:
        """What last happened to an address."""
        rows = self.database.execute(self._latest, (address, limit))
        return [self.events.object(self.events.decode(row)) for row in rows]
