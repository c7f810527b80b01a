"""What a handler is given beside its parameters: who calls, the clock, the database, the request's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from codegen.runtime.storage.database import Database

Scope = Literal["public", "user", "own", "node", "admin"]


class Clock(Protocol):
    """The one source of time; tests give their own."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: nobody (`public`), a principal (`user`, with its sid), a `node` (with its node id), or `admin`.

    `session` names the session that a principal calls by, where it is one.
    """

    scope: Literal["public", "user", "node", "admin"]
    sid: str | None = None
    session: str | None = None


PUBLIC = Caller("public")
ADMIN = Caller("admin")


@dataclass(slots=True)
class Context:
    """One call. `database` is inside this call's transaction."""

    caller: Caller
    clock: Clock
    database: Database
    request_id: str
