"""Audit of the chains: every link follows the one before, and every hash is that of what is stored."""

from collections.abc import Iterator
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.hash_chain import GENESIS, Shown, breaks
from handlers.ledger import chain
from handlers.reading import pages, selected, u64

_SAME = ("reason", "source", "effective_at", "posted_at")
"""What an entry repeats of its transaction."""


def entries(database: Database) -> Iterator[AuditFinding]:
    """The chain of entries, and of each transaction that its entries sum to zero and its hash holds."""
    entry_of = Store.of(LEDGER_ENTRY, database).to_json
    transaction_of = Store.of(LEDGER_TRANSACTION, database).to_json
    lot_of = Store.of(CREDIT_LOT, database).to_json
    width, middle = len(LEDGER_ENTRY.names), len(LEDGER_ENTRY.names) + len(LEDGER_TRANSACTION.names)
    amount, transaction_sid = LEDGER_ENTRY.names.index("amount"), LEDGER_ENTRY.names.index("transaction_sid")
    columns = f"{selected(LEDGER_ENTRY, 'e')}, {selected(LEDGER_TRANSACTION, 't')}, {selected(CREDIT_LOT, 'l')}"
    text = (
        f"SELECT {columns} FROM ledger_entry e LEFT JOIN ledger_transaction t ON t.sid = e.transaction_sid"  # noqa: S608
        " LEFT JOIN credit_lot l ON l.transaction_sid = t.sid WHERE e.position > ? ORDER BY e.position LIMIT ?"
    )
    before: dict[str, Any] = {"position": 0, "hash": GENESIS, "posted_at": None}
    current, at, total = None, 0, 0
    for row in pages(database, text, (u64(database, 0),), LEDGER_ENTRY.names.index("position")):
        entry = entry_of(row[:width])
        transaction = transaction_of(row[width:middle]) if row[width] is not None else None
        if row[transaction_sid] != current:
            yield from _sum(current, at, total)
            current, at, total = row[transaction_sid], entry["position"], 0
            if transaction is not None:
                lot = lot_of(row[middle:]) if row[middle] is not None else None
                yield from _transaction(transaction, lot)
        total += row[amount]
        yield from _entry(before, entry, transaction)
        before = entry
    yield from _sum(current, at, total)


def _sum(sid: str | None, position: int, total: int) -> Iterator[AuditFinding]:
    if total:
        yield _finding("sum", sid, f"the entries from position {position} on sum to {total} nano-dollars, not to zero")


def _transaction(transaction: Shown, lot: Shown | None) -> Iterator[AuditFinding]:
    if chain.transaction_hash(transaction, lot) != transaction["hash"]:
        made = f", its lot {lot['sid']}" if lot is not None else ""
        yield _finding(
            "transaction",
            transaction["sid"],
            f"the transaction{made} or its hash was changed, or a lot of it came or went",
        )


def _entry(before: Shown, entry: Shown, transaction: Shown | None) -> Iterator[AuditFinding]:
    problems = list(breaks(before, entry))
    if transaction is None:
        problems.append(f"its transaction {entry['transaction_sid']} is not there")
    else:
        if chain.entry_hash(entry, transaction["hash"]) != entry["hash"]:
            problems.append("the entry, its transaction or its hash was changed")
        problems += [f"its {name} is not that of its transaction" for name in _SAME if entry[name] != transaction[name]]
        account = entry["account"].split(":")
        user_sid = account[1] if account[0] == "user" else None
        if entry["user_sid"] != user_sid or user_sid not in (None, transaction["user_sid"]):
            problems.append("its user is not that of its account and its transaction")
    if before["posted_at"] is not None and entry["posted_at"] < before["posted_at"]:
        problems.append("it was posted before the entry before it")
    for problem in problems:
        yield _finding("chain", entry["sid"], f"entry at position {entry['position']}: {problem}")


def transactions(database: Database) -> Iterator[AuditFinding]:
    """Transactions without entries, lots that cannot be, keys posted twice."""
    for check, detail, text in _WHOLE:
        for (subject,) in pages(database, text, ("",), 0):
            yield _finding(check, subject, detail)


_WHOLE = (
    (
        "transaction",
        "it has no entries",
        """
        SELECT t.sid FROM ledger_transaction t WHERE t.sid > ? AND NOT EXISTS (
            SELECT 1 FROM ledger_entry e WHERE e.transaction_sid = t.sid) ORDER BY t.sid LIMIT ?""",
    ),
    (
        "lot",
        "its transaction is not there",
        """
        SELECT l.sid FROM credit_lot l WHERE l.sid > ? AND NOT EXISTS (
            SELECT 1 FROM ledger_transaction t WHERE t.sid = l.transaction_sid) ORDER BY l.sid LIMIT ?""",
    ),
    (
        "lot",
        "more is left of it than there ever was",
        """
        SELECT l.sid FROM credit_lot l WHERE l.sid > ? AND l.remaining > l.amount ORDER BY l.sid LIMIT ?""",
    ),
    (
        "key",
        "this key was posted more than once",
        """
        SELECT posting_key FROM ledger_transaction WHERE posting_key > ?
        GROUP BY posting_key HAVING COUNT(*) > 1 ORDER BY posting_key LIMIT ?""",
    ),
)
"""What is looked for, what is wrong with it, and its key."""


def _finding(check: str, subject: str | None, detail: str) -> AuditFinding:
    return AuditFinding(check=check, subject=subject or "", detail=detail)
