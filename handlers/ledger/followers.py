"""Who is told of each posting, inside its transaction: what follows from a balance happens with what changed it.

Followers belong to the database: whichever `Ledger` over it posts, they are told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from codegen.runtime.storage.database import Database
from generated.models.onboarding import TransactionKind


@dataclass(frozen=True, slots=True)
class Change:
    """What a posting did to a user's credit balance, in nano-dollars."""

    user_sid: str
    kind: TransactionKind
    transaction_sid: str
    before: int
    after: int
    posted_at: datetime


Follower = Callable[[Change], None]
"""May post itself; it has no effect outside the database, for the transaction may be run again."""


def followers(database: Database) -> dict[str, Follower]:
    """The followers by name; add one by its name, so that it is told once however often a site is built."""
    found: dict[str, Follower] = database.stores.setdefault(Follower, {})
    return found
