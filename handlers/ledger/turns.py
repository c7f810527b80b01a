"""A thread's turn to post, and what it did to balances meanwhile: followers are told before its transaction ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from codegen.runtime.storage.database import Database
from handlers.ledger.billing import billings
from handlers.ledger.followers import Change, followers


class _Noted(NamedTuple):
    before: int
    transaction_sid: str
    posted_at: datetime


class Turn(threading.local):
    """Of each thread; one for a database: `Turn.of(database)`."""

    def __init__(self, database: Database) -> None:
        self.taken = False
        """Whether this thread may post; postings of others wait."""
        self._followers, self._billings = followers(database), billings(database)
        self._noted: dict[str, _Noted] = {}
        self._afterwards: list[Callable[[], None]] = []

    @classmethod
    def of(cls, database: Database) -> Turn:
        found: Turn | None = database.stores.get(cls)
        return found if found is not None else database.stores.setdefault(cls, cls(database))

    def begin(self) -> None:
        self.taken = True
        self._noted, self._afterwards = {}, []

    def end(self) -> None:
        self.taken = False
        self._noted = {}

    def note(self, user_sid: str, before: int, transaction_sid: str, posted_at: datetime) -> None:
        """A posting changed the balance of a user, which was `before`."""
        known = self._noted.get(user_sid)
        self._noted[user_sid] = _Noted(known.before if known is not None else before, transaction_sid, posted_at)

    def tell(self) -> None:
        """Tell followers of each balance that is another than it was; of what they post themselves, too."""
        while self._noted and self._followers:
            noted, self._noted = self._noted, {}
            for user_sid, (before, transaction_sid, posted_at) in noted.items():
                billing = self._billings.one({"user_sid": user_sid})  # part of the transaction may have been undone
                after = int(billing.credit_balance) if billing is not None else before
                if after != before:
                    self._told(Change(user_sid, transaction_sid, before, after, posted_at))

    def _told(self, change: Change) -> None:
        for follower in self._followers.values():
            act = follower(change)
            if act is not None:
                self._afterwards.append(act)

    def afterwards(self) -> list[Callable[[], None]]:
        """What followers left to be done once the transaction is through; each once."""
        acts, self._afterwards = self._afterwards, []
        return acts
