"""One-time links: what a login program prints, so that the browser which opens one can sign in after asking."""

from __future__ import annotations

from datetime import datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from generated.models.onboarding import LoginMethod, LoginOutcome
from handlers.identity import statements
from handlers.identity.challenge import CLOCK_SKEW, LINK_PATH
from handlers.identity.secret import digest, new_secret
from handlers.identity.sessions import Sessions
from handlers.identity.users import Users
from handlers.identity.visitor import Visitor

LIFE = timedelta(seconds=60)


class Links:
    """The links in a database. Looking at one changes nothing; only `use` makes a session, once."""

    def __init__(self, database: Database, clock: Clock, origin: str, sessions: Sessions) -> None:
        self.database, self.clock, self.origin, self.sessions = database, clock, origin, sessions
        self.users = Users(database, clock)
        self._make = database.prepare(statements.LINK_MAKE)
        self._look = database.prepare(statements.LINK_LOOK)
        self._use = database.prepare(statements.LINK_USE)

    def make(self, challenge_sid: str) -> str:
        """A link for a challenge that was answered, good for `LIFE`; in the transaction that answers it."""
        token = new_secret()
        ends = int((self._now() + LIFE).timestamp())
        self.database.change(self._make, (digest(token), ends, challenge_sid))
        return f"{self.origin}{LINK_PATH}?token={token}"

    def look(self, token: str | None) -> str | None:
        """The address that a link would sign in as; None for one that is unknown, used or too old."""
        found = self.database.execute(self._look, (digest(token or ""), *self._ends()))
        return found[0][0] if found else None

    def use(self, token: str | None, visitor: Visitor) -> str | None:
        """The cookie of a new session; None for a link that is unknown, used or too old.

        The caller has made sure that a form of ours asked for it: by its origin and its token.
        """

        def work() -> str | None:
            ends = self._ends()
            found = self.database.execute(self._use, (ends[0], digest(token or ""), *ends))
            user = self.users.at(found[0][0]) if found else None
            if user is None:
                return None
            method = LoginMethod(found[0][1])
            self.sessions.events.write(user, method, LoginOutcome.SUCCEEDED, visitor.peer)
            return self.sessions.create(user.sid, method, visitor.peer, visitor.session)

        return self.database.run(work)

    def _ends(self) -> tuple[int, int]:
        """Between these times ends a link that is good; one that ends later was made before the clock was put back."""
        now = self._now()
        return int(now.timestamp()), int((now + LIFE).timestamp()) + CLOCK_SKEW

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)
