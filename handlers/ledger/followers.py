"""Who is told of changed balances, inside the transaction: what follows from a balance happens with what changed it.

Followers belong to the database: whichever `Ledger` over it posts, they are told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from codegen.runtime.storage.database import Database


@dataclass(frozen=True, slots=True)
class Change:
    """What the postings of a transaction did in all to a user's credit balance, in nano-dollars; never nothing.

    `transaction_sid` and `posted_at` are those of the last of them."""

    user_sid: str
    transaction_sid: str
    before: int
    after: int
    posted_at: datetime


Follower = Callable[[Change], "Callable[[], None] | None"]
"""May post itself; it has no effect outside the database, for the transaction may be run again.

What it returns is called once the transaction is through, by whoever made it, where that was not part of a greater
one: a shortcut for what a job does anyway."""


def followers(database: Database) -> dict[str, Follower]:
    """The followers by name; add one by its name, so that it is told once however often a site is built."""
    found: dict[str, Follower] = database.stores.setdefault(Follower, {})
    return found
