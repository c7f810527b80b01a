"""Notices as messages to users' own Mycelium nodes: each is handed over once, and nobody waits for a node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import encode_otime
from generated.errors.onboarding import MyceliumUnavailable
from handlers.identity.mycelium import parse_public_key
from handlers.identity.users import Users
from handlers.notices import statements

TOPIC = "hero.notice"
FRESH = timedelta(days=1)
"""An older notice is not sent any more: whoever switches messages on is not told the past."""
BATCH = 50

Send = Callable[[bytes, str, str], None]
"""Hands a text to our node for the holder of a key, under a topic. Raises `MyceliumUnavailable`."""


class NoticeDelivery:
    """Sends by `send`."""

    def __init__(self, database: Database, clock: Clock, send: Send) -> None:
        self._database, self._clock, self._send = database, clock, send
        self._users = Users(database, clock)
        self._due = database.prepare(statements.TO_BE_SENT)
        self._claim = database.prepare(statements.CLAIM)
        self._give_back = database.prepare(statements.GIVE_BACK)

    def run_once(self) -> int:
        """Send what is due; how many. Our node is asked no more in this run once it does not answer.

        A notice is claimed before it is sent: a process that ends in between leaves it unsent rather than sent twice.
        """
        since = encode_otime(self._clock.now() - FRESH)
        sent = 0
        for sid, user_sid, text in self._database.execute(self._due, (since, True, BATCH)):
            now = encode_otime(self._clock.now())
            if not self._change(self._claim, now, sid):
                continue
            try:
                self._send(parse_public_key(self._users.store.get(user_sid).public_key), TOPIC, text)
            except MyceliumUnavailable:
                self._change(self._give_back, sid)
                break
            sent += 1
        return sent

    def _change(self, sql: str, *values: object) -> int:
        return self._database.run(lambda: self._database.change(sql, values))
