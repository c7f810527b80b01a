"""What a handler is given beside its parameters: who calls, the clock, the database, the request's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from codegen.runtime.clock import Clock as Clock
from codegen.runtime.clock import SystemClock as SystemClock
from codegen.runtime.values.sid import new_sid

if TYPE_CHECKING:
    from codegen.runtime.errors import DeclaredError
    from codegen.runtime.storage.database import Database

Scope = Literal["public", "user", "own", "node", "admin"]


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


class KeyedCall(Protocol):
    """What a call with an idempotency key (`@idempotent`) knows of itself.

    A method inside a transaction needs nothing of it. One that begins its transactions itself makes what it makes under
    the sid that `begin` gives: tried again after a crash, it is given the same sid, finds what is there, and goes on.
    """

    def begin(self) -> str:
        """In the transaction that makes the first thing: the sid for it. From then on the key is bound to this call."""

    def decide(self, error: DeclaredError) -> None:
        """In the transaction that makes it final: this error, which the method then raises, is the outcome."""


class KeylessCall:
    """A call without a key: each is a new one."""

    def begin(self) -> str:
        return new_sid()

    def decide(self, error: DeclaredError) -> None:
        pass


_KEYLESS = KeylessCall()


@dataclass(slots=True)
class Context:
    """One call. `database` is inside this call's transaction."""

    caller: Caller
    clock: Clock
    database: Database
    request_id: str
    call: KeyedCall = _KEYLESS
