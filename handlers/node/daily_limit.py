"""How much operators' programs may have recorded for one user on a day, counted in the site's database: a program that
goes wrong, or a secret that got out, charges nobody more than that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import DailyLimit
from generated.tables.onboarding import RECORDED_DAY


class DailyLimits:
    """At most `cents` for each user and day (UTC)."""

    def __init__(self, database: Database, clock: Clock, cents: int) -> None:
        self._database, self._clock, self._most = database, clock, cents
        self._days = Store.of(RECORDED_DAY, database)

    @contextmanager
    def taken(self, user_sid: str, cents: int, known: Callable[[], bool]) -> Iterator[Callable[[], None]]:
        """Count an amount, and record it inside; call what is given where it was recorded before, so that it counts
        once. One that is `known` is let through, whatever the limit. Raises `DailyLimit`.

        A process that is killed inside may have counted what it did not record: the limit is reached sooner.
        """
        day = self._clock.now().date()
        try:
            self._count(user_sid, day, cents)
        except DailyLimit:
            if not known():
                raise
            yield lambda: None
            return

        def give_back() -> None:
            self._count(user_sid, day, -cents)

        try:
            yield give_back
        except BaseException:
            give_back()
            raise

    def _count(self, user_sid: str, day: date, cents: int) -> None:
        def work() -> None:
            now = self._clock.now()
            self._days.insert_once({"user_sid": user_sid, "day": day, "amount_cents": 0}, now, ("user_sid", "day"))
            found = self._days.one({"user_sid": user_sid, "day": day})
            assert found is not None, "it was inserted"
            row = self._days.locked(found.sid, None)
            recorded = int(row["amount_cents"]) + cents
            if cents > 0 and recorded > self._most:
                told = f"{row['amount_cents']} cents were recorded for this user today, and {self._most} are the most"
                raise DailyLimit(told, limit_cents=self._most, recorded_cents=row["amount_cents"])
            self._days.write(row, {"amount_cents": recorded})

        self._database.run(work)
