"""The entries' hashes in their order and what they cover, for whoever makes a tree over them."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.audit import u64
from handlers.hash_chain import Shown
from handlers.ledger import chain, statements


class Leaves:
    """Hashes of the entries in a database; entry number 0 is the one at position 1."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashes, self._last = database.prepare(statements.HASHES), database.prepare(statements.LAST_POSITION)

        self._entries = database.prepare(statements.ENTRIES_IN_ORDER)

    def end(self) -> int:
        """How many entries there are, by the position of the last one."""
        rows = self._database.execute(self._last)
        return int(rows[0][0]) if rows else 0

    def hashes(self, first: int, count: int) -> list[str]:
        """The hashes of entries from number `first` on, fewer where there are not so many."""
        places = u64(self._database, first), u64(self._database, first + count)
        return [row[0] for row in self._database.execute(self._hashes, places)]

    def hashed(self, position: int) -> tuple[Shown, Shown] | None:
        """What the hash of the entry at a position covers, and that of its transaction; None where there is none."""
        rows = self._database.execute(self._entries, (u64(self._database, position - 1), 1)) if position > 0 else []
        if not rows or int(rows[0][LEDGER_ENTRY.names.index("position")]) != position:
            return None
        width, middle = len(LEDGER_ENTRY.names), len(LEDGER_ENTRY.names) + len(LEDGER_TRANSACTION.names)
        row = rows[0]
        entry = Store.of(LEDGER_ENTRY, self._database).to_json(row[:width])
        transaction = Store.of(LEDGER_TRANSACTION, self._database).to_json(row[width:middle])
        lot = Store.of(CREDIT_LOT, self._database).to_json(row[middle:]) if row[middle] is not None else None
        return chain.entry_fields(entry, transaction["hash"]), chain.transaction_fields(transaction, lot)
