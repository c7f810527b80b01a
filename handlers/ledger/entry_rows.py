"""The ledger's entries as they are read: where the last one stands, and a row cut into what it holds."""

from __future__ import annotations

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.hash_chain import Shown
from handlers.ledger import statements

_WIDTH = len(LEDGER_ENTRY.names)
_MIDDLE = _WIDTH + len(LEDGER_TRANSACTION.names)


class EntryRows:
    """Reads the entries of a database."""

    def __init__(self, database: Database) -> None:
        self._database, self._last = database, database.prepare(statements.LAST_POSITION)
        self._entry, self._transaction = Store.of(LEDGER_ENTRY, database), Store.of(LEDGER_TRANSACTION, database)
        self._lot = Store.of(CREDIT_LOT, database)

    def end(self) -> int:
        """The position of the last entry, which is how many there are; 0 where there is none."""
        rows = self._database.execute(self._last)
        return int(rows[0][0]) if rows else 0

    def cut(self, row: Row) -> tuple[Shown, Shown | None, Shown | None]:
        """A row of `ENTRIES_IN_ORDER`: the entry, its transaction and the lot of that, None for what is not there."""
        transaction = self._transaction.to_json(row[_WIDTH:_MIDDLE]) if row[_WIDTH] is not None else None
        lot = self._lot.to_json(row[_MIDDLE:]) if row[_MIDDLE] is not None else None
        return self._entry.to_json(row[:_WIDTH]), transaction, lot
