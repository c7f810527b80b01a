"""What caused the postings of a live ledger, in the order in which it happened: read in pages, merged by sid.

Transactions keep the order in which they were posted. Whatever posted nothing stands before the first transaction that
was made after it: sids grow with time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredType
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.struct import Struct
from generated.models.onboarding import ConsumedCommit, OperatorAct, PlanPurchase, TransactionKind, User, VmAllocation
from generated.tables.onboarding import CONSUMED_COMMIT, OPERATOR_ACT, PLAN_PURCHASE, USER, VM_ALLOCATION
from handlers.audit import BATCH, u64
from handlers.rebuild import statements

M = TypeVar("M", bound=Struct)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A posted transaction; `lines` are its entries, amounts in nano-dollars by account, debit positive."""

    sid: str
    kind: TransactionKind
    user_sid: str | None
    key: str
    source: str
    reason: str
    effective_at: datetime
    posted_at: datetime
    lines: dict[str, int]


Cause = Transaction | User | VmAllocation | ConsumedCommit | OperatorAct | PlanPurchase

_CAUSES: tuple[StoredType[Any, Any, Any, Any], ...] = (
    USER,
    VM_ALLOCATION,
    CONSUMED_COMMIT,
    OPERATOR_ACT,
    PLAN_PURCHASE,
)


def every(stored: StoredType[M, Any, Any, Any], database: Database) -> Iterator[M]:
    """All objects of a type by their sids, read in pages."""
    store, cursor = Store.of(stored, database), None
    while True:
        page = store.list_full(BATCH, cursor)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def transactions(database: Database) -> Iterator[Transaction]:
    """All transactions, in the order of their postings."""
    for _, rows in groupby(_entries(database), key=lambda row: row[1]):
        entries = list(rows)
        _, sid, kind, user_sid, key, source, reason, effective_at, posted_at, _, _ = entries[0]
        lines: dict[str, int] = {}
        for *_, account, amount in entries:
            lines[account] = lines.get(account, 0) + amount
        yield Transaction(
            sid,
            TransactionKind(kind),
            user_sid,
            key,
            source,
            reason,
            decode_otime(effective_at),
            decode_otime(posted_at),
            lines,
        )


def timeline(database: Database) -> Iterator[Cause]:
    """Everything that may have caused a posting, and the transactions themselves."""
    streams: list[Iterator[tuple[str, int, Cause]]] = [_in_order(transactions(database))]
    streams += [_by_sid(place, every(stored, database)) for place, stored in enumerate(_CAUSES, 1)]
    for _, _, cause in merge(*streams, key=lambda each: each[:2]):
        yield cause


def _entries(database: Database) -> Iterator[tuple[Any, ...]]:
    text, after = database.prepare(statements.ENTRIES_IN_ORDER), 0
    while rows := database.execute(text, (u64(database, after), BATCH)):
        yield from rows
        after = int(rows[-1][0])


def _in_order(found: Iterator[Transaction]) -> Iterator[tuple[str, int, Cause]]:
    latest = ""
    for each in found:  # another host's clock may be behind: the order of postings counts
        latest = max(latest, each.sid)
        yield latest, 0, each


def _by_sid(place: int, found: Iterator[Any]) -> Iterator[tuple[str, int, Cause]]:
    sid = attrgetter("sid")
    for each in found:
        yield sid(each), place, each
