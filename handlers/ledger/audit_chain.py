"""Audit of the chain: every entry follows the one before, every hash is that of what is stored, every lot can be."""

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from generated.models.onboarding import AuditFinding, LotKind
from generated.tables.onboarding import LEDGER_ENTRY
from handlers.audit import Audit, Carry
from handlers.hash_chain import GENESIS, Shown, breaks
from handlers.ledger import chain, statements
from handlers.ledger.entry_rows import EntryRows

_SAME = ("reason", "source", "effective_at", "posted_at")
"""What an entry repeats of its transaction."""
_POSITION, _AMOUNT, _TRANSACTION, _POSTED_AT = (
    LEDGER_ENTRY.names.index(name) for name in ("position", "amount", "transaction_sid", "posted_at")
)

# --- entries --------------------------------------------------------------------------------------------------------


def _entries(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """The chain of entries, and of each transaction that its entries sum to zero and its hash holds."""
    cut = EntryRows(database).cut
    for row in rows:
        entry, transaction, lot = cut(row)
        if row[_TRANSACTION] != carry.get("transaction"):
            yield from _sum(database, carry)
            carry.update(transaction=row[_TRANSACTION], begins=entry["position"], sum=0)
            if transaction is not None:
                yield from _transaction(transaction, lot)
        carry["sum"] += row[_AMOUNT]
        before = {"position": carry.get("position", 0), "hash": carry.get("hash", GENESIS)}
        problems = [*breaks(before, entry), *_entry(entry, transaction)]
        if row[_POSTED_AT] < carry.get("posted_at", 0):
            problems.append("it was posted before the entry before it")
        for problem in problems:
            yield _finding("chain", entry["sid"], f"entry at position {entry['position']}: {problem}")
        carry.update(position=entry["position"], hash=entry["hash"], posted_at=row[_POSTED_AT])


def _sum(database: Database, carry: Carry) -> Iterator[AuditFinding]:
    """That the entries of the transaction that ends here sum to zero."""
    if carry.get("sum"):
        detail = f"the entries from position {carry['begins']} on sum to {carry['sum']} nano-dollars, not to zero"
        yield _finding("sum", carry["transaction"], detail)


def _transaction(transaction: Shown, lot: Shown | None) -> Iterator[AuditFinding]:
    if chain.transaction_hash(transaction, lot) != transaction["hash"]:
        made = f", its lot {lot['sid']}" if lot is not None else ""
        detail = f"the transaction{made} or its hash was changed, or a lot of it came or went"
        yield _finding("transaction", transaction["sid"], detail)


def _entry(entry: Shown, transaction: Shown | None) -> Iterator[str]:
    if transaction is None:
        yield f"its transaction {entry['transaction_sid']} is not there"
        return
    if chain.entry_hash(entry, transaction["hash"]) != entry["hash"]:
        yield "the entry, its transaction or its hash was changed"
    yield from (f"its {name} is not that of its transaction" for name in _SAME if entry[name] != transaction[name])
    account = entry["account"].split(":")
    user_sid = account[1] if account[0] == "user" else None
    if entry["user_sid"] != user_sid or user_sid not in (None, transaction["user_sid"]):
        yield "its user is not that of its account and its transaction"


# --- transactions and lots ------------------------------------------------------------------------------------------


def _transactions(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Transactions without entries, keys posted twice, operators' transactions without an act."""
    for sid, source, has_entries, same_key, act in rows:
        if not has_entries:
            yield _finding("transaction", sid, "it has no entries")
        if same_key > 1:
            yield _finding("key", sid, "its key was posted more than once")
        if source.startswith("operator:") and not act:
            yield _finding("act", sid, f"there is no act of its source {source}")


def _lots(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, kind, amount, remaining, expires_at, transaction_sid, latest_posting in rows:
        if transaction_sid is None:
            yield _finding("lot", sid, "its transaction is not there")
        if remaining > amount:
            yield _finding("lot", sid, "more is left of it than there ever was")
        if kind == LotKind.GRANTED and remaining and expires_at is not None and expires_at <= (latest_posting or 0):
            yield _finding("lot", sid, "its user's later transactions left something in it that had expired")


def _finding(check: str, subject: str, detail: str) -> AuditFinding:
    return AuditFinding(check=check, subject=subject, detail=detail)


ENTRIES = Audit(
    name="ledger.entries",
    statement=statements.ENTRIES_IN_ORDER,
    key=(_POSITION,),
    first=("0",),
    judge=_entries,
    finish=_sum,
    counts_entries=True,
)
TRANSACTIONS = Audit(name="ledger.transactions", statement=statements.TRANSACTIONS_IN_ORDER, judge=_transactions)
LOTS = Audit(name="ledger.lots", statement=statements.LOTS_IN_ORDER, judge=_lots)
