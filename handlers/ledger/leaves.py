"""The entries' hashes in their order, for whoever makes a tree over them."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from handlers.audit import u64
from handlers.ledger import statements


class Leaves:
    """Hashes of the entries in a database; entry number 0 is the one at position 1."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashes, self._last = database.prepare(statements.HASHES), database.prepare(statements.LAST_POSITION)

    def end(self) -> int:
        """How many entries there are, by the position of the last one."""
        rows = self._database.execute(self._last)
        return int(rows[0][0]) if rows else 0

    def hashes(self, first: int, count: int) -> list[str]:
        """The hashes of entries from number `first` on, fewer where there are not so many."""
        places = u64(self._database, first), u64(self._database, first + count)
        return [row[0] for row in self._database.execute(self._hashes, places)]
