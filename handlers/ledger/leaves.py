"""The entries' hashes in their order and what they cover, for whoever makes a tree over them."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from codegen.runtime.storage.database import Database
from generated.tables.onboarding import LEDGER_ENTRY
from handlers.audit import BATCH, u64
from handlers.hash_chain import Shown
from handlers.ledger import chain, statements
from handlers.ledger.entry_rows import EntryRows
from handlers.ledger.wallet import PARTS, user_account


class Leaves:
    """Hashes of the entries in a database; entry number 0 is the one at position 1."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows, self._hashes = EntryRows(database), database.prepare(statements.HASHES)
        self._entries = database.prepare(statements.ENTRIES_IN_ORDER)
        self._of_account = database.prepare(statements.POSITIONS_OF_ACCOUNT)

    def end(self) -> int:
        """How many entries there are, by the position of the last one."""
        return self._rows.end()

    def hashes(self, first: int, count: int) -> list[str]:
        """The hashes of entries from number `first` on, fewer where there are not so many."""
        places = u64(self._database, first), u64(self._database, first + count)
        return [row[0] for row in self._database.execute(self._hashes, places)]

    def hashed(self, position: int) -> tuple[Shown, Shown] | None:
        """What the hash of the entry at a position covers, and that of its transaction; None where one is missing."""
        rows = self._database.execute(self._entries, (u64(self._database, position - 1), 1)) if position > 0 else []
        if not rows or int(rows[0][LEDGER_ENTRY.names.index("position")]) != position:
            return None
        entry, transaction, lot = self._rows.cut(rows[0])
        if transaction is None:
            return None
        return chain.entry_fields(entry, transaction["hash"]), chain.transaction_fields(transaction, lot)

    def of_user(self, user_sid: str) -> Iterator[int]:
        """The positions of a user's entries, in their order."""
        return merge(*(self._positions(user_account(user_sid, part)) for part in PARTS))

    def _positions(self, account: str) -> Iterator[int]:
        after = 0
        while rows := self._database.execute(self._of_account, (account, u64(self._database, after), BATCH)):
            yield from (int(row[0]) for row in rows)
            after = int(rows[-1][0])
