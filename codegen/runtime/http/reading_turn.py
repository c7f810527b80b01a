"""What is read in one turn of the event loop is read in one transaction: SQLite takes its locks once for all of it.

No call misses what was written before it was sent. Clients that a turn serves had begun to send before the turn began,
and the transaction begins within it; what comes behind another request of the same client is served in a later turn.
"""

from __future__ import annotations

import asyncio

from codegen.runtime.storage.database import Database

FEW = 4
"""Calls in a turn for which a transaction costs more than it spares."""
APART = 64
"""Calls that then read each for itself before another transaction is tried."""


class ReadingTurn:
    """The calls that read on the thread of the event loop, turn by turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, database: Database) -> None:
        self._loop, self._database = loop, database
        self._together = 0
        """Calls of this turn that read in its transaction."""
        self._apart = 0
        """Calls that are still to read each for itself."""

    def join(self) -> None:
        """A call is going to read now."""
        if self._together:
            self._together += 1
        elif self._apart:
            self._apart -= 1
        else:
            self._together = 1
            self._database.begin_reading()
            self._loop.call_soon(self._end)

    def _end(self) -> None:
        """First in the next turn, or behind what had come before the transaction began."""
        if self._together < FEW:
            self._apart = APART
        self._together = 0
        self._database.end_reading()
