"""The right to do something alone for a while, among all processes on one database."""

from __future__ import annotations

from datetime import datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import Lease
from generated.tables.onboarding import LEASE


class Leases:
    """Leases of one holder. A lease ends by itself: what it guards must bear that two think they have it."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self._database, self._clock, self._holder = database, clock, holder
        self._store = Store.of(LEASE, database)

    def take(self, name: str, length: timedelta) -> bool:
        """Take or prolong a lease of this length; False while somebody else has it."""
        now = self._clock.now().replace(microsecond=0)
        known = self._store.one({"name": name})
        if known is not None and _holds(known, now, length):
            if known.holder != self._holder:
                return False
            if known.expires_at > now + length / 2:
                return True

        def work() -> bool:
            if known is None:
                return (
                    self._store.insert_once(
                        {"name": name, "holder": self._holder, "acquired_at": now, "expires_at": now + length},
                        now,
                        ("name",),
                    )
                    is not None
                )
            kept = self._store.object(self._store.locked(known.sid, None))
            if kept.rev != known.rev:  # somebody was quicker
                return kept.holder == self._holder
            if kept.holder == self._holder:
                self._store.patch(kept.sid, {"expires_at": now + length})
            else:
                self._store.patch(
                    kept.sid,
                    {"holder": self._holder, "fence": kept.fence + 1, "acquired_at": now, "expires_at": now + length},
                )
            return True

        return self._database.run(work)

    def held_by_another(self, name: str, length: timedelta) -> bool:
        """Whether somebody else has a lease of this length; only looks."""
        known = self._store.one({"name": name})
        if known is None or known.holder == self._holder:
            return False
        return _holds(known, self._clock.now().replace(microsecond=0), length)

    def release(self, name: str) -> None:
        """Give a lease back before its time, where it is ours."""
        known = self._store.one({"name": name})
        now = self._clock.now().replace(microsecond=0)
        if known is not None and known.holder == self._holder and known.expires_at > now:
            self._store.patch(known.sid, {"expires_at": now})


def _holds(lease: Lease, now: datetime, length: timedelta) -> bool:
    """Whether it still holds. One that ends later than any that begins now was taken before the clock was set back: it
    holds nobody."""
    return now < lease.expires_at <= now + length
