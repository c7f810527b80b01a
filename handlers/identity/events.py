"""The login history, and the alarm when a pinned key differs."""

from __future__ import annotations

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginMethod, LoginOutcome, User
from generated.tables.onboarding import LOGIN_EVENT
from handlers.identity.peer import Peer
from handlers.work.alerts import alert

DIFFERS = "pinned_key_differs"
"""The kind of alert."""


class LoginEvents:
    """Writes lines of the history, in the transaction of what they tell. They hold no secret, code or proof."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.events = Store.of(LOGIN_EVENT, database)

    def write(self, user: User, method: LoginMethod, outcome: LoginOutcome, peer: Peer | None = None) -> None:
        """Something that happened to a user."""
        self.write_for(user.mycelium_address, user, method, outcome, peer)

    def write_for(
        self, address: str, user: User | None, method: LoginMethod, outcome: LoginOutcome, peer: Peer | None = None
    ) -> None:
        """Something that happened to an address, which may be nobody's yet."""
        self.events.new(
            {
                "user_sid": user.sid if user else None,
                "address": address,
                "method": method,
                "outcome": outcome,
                "ip": peer.ip or None if peer else None,
                "user_agent": peer.user_agent or None if peer else None,
            },
            self.clock.now(),
        )

    def alarm(self, address: str, public_key: str) -> None:
        """Tell the operators that another key was shown for an address whose key is pinned."""
        alert(self.database, self.clock, DIFFERS, address, f"another key was shown for this address: {public_key}")
