"""What caused the postings of a live ledger, in the order in which it was written down: read in pages, merged by sid.

Each cause has a row of its own, written in the transaction in which it was posted: an event that was received, a fee
that was told, a commit that was consumed, an act that was done, a plan that was bought. Sids grow with time, and who
posts has waited for its turn before: so their order is the ledger's, and the ledger is not asked for it.
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
from generated.models.onboarding import (
    ConsumedCommit,
    KycEvent,
    KycSession,
    OperatorAct,
    PaymentEvent,
    PlanPurchase,
    ProviderFee,
    TopUp,
    TransactionKind,
    User,
    VmAllocation,
)
from generated.tables.onboarding import (
    CONSUMED_COMMIT,
    KYC_EVENT,
    KYC_SESSION,
    OPERATOR_ACT,
    PAYMENT_EVENT,
    PLAN_PURCHASE,
    PROVIDER_FEE,
    TOP_UP,
    USER,
    VM_ALLOCATION,
)
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
    effective_at: datetime
    posted_at: datetime
    lines: dict[str, int]


@dataclass(frozen=True, slots=True)
class Expiry:
    """The ledger was told then to expire what a user was granted."""

    user_sid: str
    posted_at: datetime


Cause = (
    User
    | VmAllocation
    | TopUp
    | KycSession
    | KycEvent
    | PaymentEvent
    | ProviderFee
    | ConsumedCommit
    | OperatorAct
    | PlanPurchase
)

_CAUSES: tuple[StoredType[Any, Any, Any, Any], ...] = (
    USER,
    VM_ALLOCATION,
    TOP_UP,
    KYC_SESSION,
    KYC_EVENT,
    PAYMENT_EVENT,
    PROVIDER_FEE,
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
        _, sid, kind, user_sid, key, source, effective_at, posted_at, _, _ = entries[0]
        lines: dict[str, int] = {}
        for *_, account, amount in entries:
            lines[account] = lines.get(account, 0) + amount
        times = decode_otime(effective_at), decode_otime(posted_at)
        yield Transaction(sid, TransactionKind(kind), user_sid, key, source, *times, lines)


def timeline(database: Database) -> Iterator[Cause]:
    """Everything that may have caused a posting, in its order."""
    streams = [_by_sid(place, every(stored, database)) for place, stored in enumerate(_CAUSES)]
    for _, _, cause in merge(*streams, key=lambda each: each[:2]):
        yield cause


def expiries(database: Database) -> Iterator[Expiry]:
    """When grants' ends were posted."""
    text, after = database.prepare(statements.EXPIRIES), ""
    while rows := database.execute(text, (after, BATCH)):
        for _, user_sid, posted_at in rows:
            yield Expiry(user_sid, decode_otime(posted_at))
        after = rows[-1][0]


def _entries(database: Database) -> Iterator[tuple[Any, ...]]:
    text, after = database.prepare(statements.ENTRIES_IN_ORDER), 0
    while rows := database.execute(text, (u64(database, after), BATCH)):
        yield from rows
        after = int(rows[-1][0])


def _by_sid(place: int, found: Iterator[Any]) -> Iterator[tuple[str, int, Any]]:
    sid = attrgetter("sid")
    for each in found:
        yield sid(each), place, each
