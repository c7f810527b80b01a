"""Rate limits: how often a peer or a key may ask, counted in the database so that several processes agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from handlers.identity import statements

LONGEST = timedelta(hours=1)
"""No window is longer. One that ends later was begun before the clock was put back."""


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` times in a window, which begins with the first one."""

    name: str
    limit: int
    window: timedelta


class TooMany(RateLimited):
    """Refused; in `retry_after` seconds it may be tried again."""

    def __init__(self, wait: int) -> None:
        super().__init__(retry_after=max(wait, 1))


class RateLimits:
    """Counts in the table `rate_window`: one row for each rule and subject of late, a read and at most one write each.

    What is refused writes nothing, so a flood costs reads. A window that ends beyond its length from now is over: the
    clock was put back. `on=False` lets everything through.
    """

    def __init__(self, database: Database, clock: Clock, on: bool = True) -> None:
        self.database, self.clock, self.on = database, clock, on
        self._look = database.prepare(statements.WINDOW)
        self._count = database.prepare(statements.WINDOW_COUNT)
        self._purge = database.prepare(statements.WINDOWS_PURGE)

    def take(self, rule: Rule, *subject: str) -> None:
        """Count one time. Raises `TooMany` where that is one too many."""
        if not self.on:
            return
        now, key = int(self.clock.now().timestamp()), ":".join((rule.name, *subject))
        ends = now + int(rule.window.total_seconds())
        found = self.database.execute(self._look, (key, now, ends))
        if not found or found[0][0] < rule.limit:
            found = self.database.execute(self._count, (new_sid(), key, ends, now, now))
            if found[0][0] <= rule.limit:
                return
        raise TooMany(found[0][1] - now)

    def purge(self) -> None:
        """Forget windows that are over."""
        now = int(self.clock.now().timestamp())
        self.database.change(self._purge, (now, now + int(LONGEST.total_seconds())))
