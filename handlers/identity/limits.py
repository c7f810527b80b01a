"""Rate limits: how often a peer or a key may ask, counted in the database so that several processes agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` times in a window, which begins with the first one."""

    name: str
    limit: int
    window: timedelta


class TooMany(RateLimited):
    """Refused; in `wait` seconds it may be tried again."""

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = max(wait, 1)


class RateLimits:
    """Counts in the table `rate_window`: one row for each rule and subject of late, a read and at most one write each.

    What is refused writes nothing, so a flood costs reads. `on=False` lets everything through.
    """

    def __init__(self, database: Database, clock: Clock, on: bool = True) -> None:
        self.database, self.clock, self.on = database, clock, on
        self._look = database.prepare('SELECT "count", "ends_at" FROM "rate_window" WHERE "key" = ? AND "ends_at" > ?')
        self._count = database.prepare(
            'INSERT INTO "rate_window" ("sid", "key", "count", "ends_at", "rev") VALUES (?, ?, 1, ?, 1)'
            ' ON CONFLICT ("key") DO UPDATE SET'
            ' "count" = CASE WHEN "rate_window"."ends_at" > ? THEN "rate_window"."count" + 1 ELSE 1 END,'
            ' "ends_at" = CASE WHEN "rate_window"."ends_at" > ? THEN "rate_window"."ends_at"'
            ' ELSE excluded."ends_at" END RETURNING "count", "ends_at"'
        )
        self._purge = database.prepare('DELETE FROM "rate_window" WHERE "ends_at" <= ?')

    def take(self, rule: Rule, subject: str) -> None:
        """Count one time. Raises `TooMany` where that is one too many."""
        if not self.on:
            return
        now, key = int(self.clock.now().timestamp()), f"{rule.name}:{subject}"
        found = self.database.execute(self._look, (key, now))
        if not found or found[0][0] < rule.limit:
            ends = now + int(rule.window.total_seconds())
            found = self.database.execute(self._count, (new_sid(), key, ends, now, now))
            if found[0][0] <= rule.limit:
                return
        raise TooMany(found[0][1] - now)

    def purge(self) -> None:
        """Forget windows that are over."""
        self.database.change(self._purge, (int(self.clock.now().timestamp()),))
