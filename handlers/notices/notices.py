"""The notices of a user: the latest, and which were read; what the user wants to be told."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from generated.models.onboarding import Notice
from generated.tables.onboarding import ALERT_SETTINGS, NOTICE
from handlers.notices import statements
from handlers.work.alert_settings import DEFAULT_THRESHOLD


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants to be told: below which balance, if at all, and whether notices go to the user's own node."""

    low_balance: bool = True
    threshold: Money = DEFAULT_THRESHOLD
    messages: bool = False


class Notices:
    """Reads and writes them in `database`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._notices = Store.of(NOTICE, database)
        self._settings = Store.of(ALERT_SETTINGS, database)
        self._read_all = database.prepare(statements.READ_ALL)

    def latest(self, user_sid: str, most: int) -> list[Notice]:
        """The notices of a user, the newest first."""
        return self._notices.latest({"user_sid": user_sid}, most)

    def unread(self, user_sid: str, most: int) -> list[Notice]:
        """Those of the latest `most` that were not read."""
        return [notice for notice in self.latest(user_sid, most) if notice.read_at is None]

    def read_all(self, user_sid: str) -> None:
        """The user has read them."""
        now = encode_otime(self._clock.now())
        self._database.run(lambda: self._database.change(self._read_all, (now, user_sid)))

    def wishes(self, user_sid: str) -> Wishes:
        """What a user set, or what holds for those who set nothing."""
        found = self._settings.one({"user_sid": user_sid})
        if found is None:
            return Wishes()
        return Wishes(found.low_balance, Money(found.low_balance_threshold), found.messages)

    def wish(self, user_sid: str, wishes: Wishes) -> None:
        """Keep what a user wants."""

        def work() -> None:
            found = self._settings.one({"user_sid": user_sid})
            if found is None:
                self._settings.new(
                    {
                        "user_sid": user_sid,
                        "low_balance": wishes.low_balance,
                        "low_balance_threshold": wishes.threshold,
                        "messages": wishes.messages,
                    },
                    self._clock.now(),
                )
            else:
                self._settings.patch(
                    found.sid,
                    {
                        "low_balance": wishes.low_balance,
                        "low_balance_threshold": wishes.threshold,
                        "messages": wishes.messages,
                    },
                )

        self._database.run(work)
