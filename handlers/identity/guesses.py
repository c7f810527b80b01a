"""Wrong secrets: a peer that goes on sending them waits longer and longer, and the operators are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from codegen.runtime.context import Caller, Clock
from codegen.runtime.errors import Unauthorized
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.auth import Authenticator, environ_name
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.values.sid import new_sid
from handlers.identity import statements
from handlers.identity.limits import LONGEST, TooMany
from handlers.identity.peer import Peer, Peers
from handlers.work.alerts import alert

Secret = Literal["admin_secret", "api_key"]

FREE = 10
"""Wrong secrets of one peer that cost nothing: people and programs make mistakes."""
MEMORY = LONGEST
"""A peer that sent none for so long begins anew."""
LONGEST_PAUSE = timedelta(minutes=15)
GUESSED = "secret_guessed"
"""The kind of alert."""


def pause(wrong: int) -> int:
    """Seconds that a peer waits after so many wrong secrets: none, then 1, 2, 4 … up to `LONGEST_PAUSE`."""
    if wrong < FREE:
        return 0
    return min(1 << min(wrong - FREE, 30), int(LONGEST_PAUSE.total_seconds()))


class Guesses:
    """Counts wrong secrets of each peer in the table `rate_window`, so that several processes agree.

    A row ends `MEMORY` after the last wrong secret, which tells when that was. `on=False` counts nothing.
    """

    def __init__(self, database: Database, clock: Clock, log: Log, on: bool = True) -> None:
        self.database, self.clock, self.log, self.on = database, clock, log, on
        self._look = database.prepare(statements.WINDOW)
        self._count = database.prepare(statements.WINDOW_PROLONG)

    def require_no_pause(self, secret: Secret, peer: Peer) -> None:
        """Raises `TooMany` while this peer has to wait."""
        if not self.on:
            return
        now, key, memory = int(self.clock.now().timestamp()), _key(secret, peer), int(MEMORY.total_seconds())
        found = self.database.execute(self._look, (key, now, now + memory))
        if found:
            wrong, ends = found[0]
            wait = ends - memory + pause(wrong) - now
            if wait > 0:
                raise TooMany(wait)

    def note(self, secret: Secret, peer: Peer) -> None:
        """Count a wrong secret, and tell the operators once it begins to cost time. Raises `TooMany` during a pause."""
        if not self.on:
            return
        self.require_no_pause(secret, peer)
        now = int(self.clock.now().timestamp())
        ends = now + int(MEMORY.total_seconds())
        [(wrong,)] = self.database.execute(self._count, (new_sid(), _key(secret, peer), ends, now))
        if not pause(wrong):
            return
        self.log.line("secret guessed", {"secret": secret, "peer": peer.network, "wrong": wrong}, "warning")
        what = f"{wrong} wrong secrets from {peer.network}, which now waits {pause(wrong)} seconds for each"
        alert(self.database, self.clock, GUESSED, secret, what)


def _key(secret: Secret, peer: Peer) -> str:
    return f"guess:{secret}:{peer.network}"


class SlowGuesses:
    """An authenticator that lets nobody guess: `inner` says who calls, wrong secrets are counted for each peer.

    While a peer waits, an admin secret of it is not even compared, the right one neither: people choose such secrets,
    and an answer would be worth something. API keys are 256 random bits: the right one is let in, only wrong ones wait,
    so that one program with a revoked key holds up none of its neighbours.
    """

    def __init__(self, inner: Authenticator, guesses: Guesses, peers: Peers, admin_header: str) -> None:
        self._inner, self._guesses, self._peers = inner, guesses, peers
        self._admin_header = environ_name(admin_header)

    def authenticate(self, environ: Mapping[str, Any]) -> Caller:
        """Raises what `inner` raises, `TooMany`, and `Busy` where nobody can be counted now."""
        try:
            return self._authenticate(environ)
        except Unavailable as error:
            raise error.answer from error

    def _authenticate(self, environ: Mapping[str, Any]) -> Caller:
        by_admin_secret = self._admin_header in environ
        if by_admin_secret:
            self._guesses.require_no_pause("admin_secret", self._peers.of(environ))
        try:
            return self._inner.authenticate(environ)
        except Unauthorized:
            self._guesses.note("admin_secret" if by_admin_secret else "api_key", self._peers.of(environ))
            raise
