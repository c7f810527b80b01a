"""Audit of the balances: accounts are the sums of their entries; lots and `Billing` say the same as the accounts."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding, TransactionKind
from generated.tables.onboarding import BILLING
from handlers.ledger.freezing import freezing
from handlers.ledger.posting import ACTIVE
from handlers.ledger.wallet import PARTS, Part, user_account
from handlers.reading import pages, selected, u64

_SPLIT = 1_000_000
"""Sums are taken of quotients and remainders, so that no database's integer overflows."""
_CREDIT: tuple[Part, ...] = ("purchased", "granted", "receivable")


def accounts(database: Database) -> Iterator[AuditFinding]:
    """Each account's balance after each entry, and the sum of all."""
    text = (
        "SELECT account, position, sid, amount, balance_after FROM ledger_entry"
        " WHERE (account, position) > (?, ?) ORDER BY account, position LIMIT ?"
    )
    current, balance, total = None, 0, 0
    for account, position, sid, amount, balance_after in pages(database, text, ("", u64(database, 0)), 0, 1):
        if account != current:
            current, balance = account, 0
        balance += amount
        total += amount
        if balance_after != balance:
            yield AuditFinding(
                check="account",
                subject=sid,
                detail=(
                    f"entry at position {int(position)}: the balance of {account} after it is {money_text(balance)}, "
                    f"not {money_text(balance_after)}"
                ),
            )
            balance = balance_after  # what follows is judged by this one
    if total:
        yield AuditFinding(check="sum", subject="USD", detail=f"all entries sum to {money_text(total)}, not to zero")


def billings(database: Database) -> Iterator[AuditFinding]:
    """Each user's accounts, lots and `Billing` against each other."""
    decode = Store.of(BILLING, database).decode
    balances = ", ".join(
        "(SELECT balance_after FROM ledger_entry WHERE account = 'user:' || b.user_sid || "  # noqa: S608
        f"':{part}' ORDER BY position DESC LIMIT 1)"
        for part in PARTS
    )
    lots = ", ".join(
        f"(SELECT {sum_} FROM credit_lot l WHERE l.user_sid = b.user_sid AND l.kind = '{kind}')"  # noqa: S608
        for kind in ("purchased", "granted")
        for sum_ in _sums("l.remaining")
    )
    paid = ", ".join(
        f"(SELECT {sum_} FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_sid = t.sid WHERE"  # noqa: S608
        f" t.user_sid = b.user_sid AND t.kind = '{TransactionKind.TOP_UP}' AND e.account LIKE 'cash:%')"
        for sum_ in _sums("e.amount")
    )
    active = ", ".join(f"'{kind}'" for kind in ACTIVE)
    times = (
        f"(SELECT MIN(effective_at) FROM ledger_transaction WHERE user_sid = b.user_sid"  # noqa: S608
        f" AND kind = '{TransactionKind.TOP_UP}'), (SELECT MAX(effective_at) FROM ledger_transaction"
        f" WHERE user_sid = b.user_sid AND kind IN ({active}))"
    )
    text = (
        f"SELECT {balances}, {lots}, {paid}, {times}, {selected(BILLING, 'b')} FROM billing b"  # noqa: S608
        " WHERE b.user_sid > ? ORDER BY b.user_sid LIMIT ?"
    )
    head = len(PARTS) + 8
    is_frozen = freezing(database)
    for row in pages(database, text, ("",), head + BILLING.names.index("user_sid")):
        found: dict[Any, int] = {part: balance or 0 for part, balance in zip(PARTS, row, strict=False)}
        billing = decode(row[head:])
        user_sid = billing["user_sid"]
        credit = -sum(found[part] for part in _CREDIT)
        expected = {
            "credit_balance": credit,
            "lifetime_paid": _whole(row[8], row[9]),
            "first_paid_at": _time(row[10]),
            "last_active_at": _time(row[11]),
            "debt_since": _debt_since(database, user_sid, credit),
            "frozen": is_frozen(user_sid, -found["held"]),
        }
        for name, value in expected.items():
            if billing[name] != value:
                yield AuditFinding(
                    check="billing",
                    subject=billing["sid"],
                    detail=(f"{name} of user {user_sid} is {_said(billing[name])}, by the ledger {_said(value)}"),
                )
        for place, kind in enumerate(("purchased", "granted")):
            left = _whole(row[4 + 2 * place], row[5 + 2 * place])
            if left != -found[kind]:
                yield AuditFinding(
                    check="lots",
                    subject=user_sid,
                    detail=(f"{money_text(left)} are left in {kind} lots, {money_text(-found[kind])} in the account"),
                )
        for part in PARTS:
            if found[part] and (found[part] > 0) != (part == "receivable"):
                yield AuditFinding(
                    check="account",
                    subject=user_sid,
                    detail=(f"the account {part} is on the wrong side: {money_text(found[part])}"),
                )
    yield from _without_billing(database)


def _without_billing(database: Database) -> Iterator[AuditFinding]:
    text = (
        'SELECT u.sid FROM "user" u WHERE u.sid > ? AND NOT EXISTS (SELECT 1 FROM billing b'
        " WHERE b.user_sid = u.sid) AND (EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.user_sid = u.sid)"
        " OR EXISTS (SELECT 1 FROM credit_lot l WHERE l.user_sid = u.sid)) ORDER BY u.sid LIMIT ?"
    )
    for (sid,) in pages(database, text, ("",), 0):
        yield AuditFinding(check="billing", subject=sid, detail="this user has transactions or lots but no billing")


def _debt_since(database: Database, user_sid: str, credit: int) -> datetime | None:
    """When the posting happened that brought a balance below zero which is there now."""
    if credit >= 0:
        return None
    accounts = ", ".join(f"'{user_account(user_sid, part)}'" for part in _CREDIT)
    text = (
        "SELECT transaction_sid, amount, posted_at, position FROM ledger_entry"  # noqa: S608
        f" WHERE account IN ({accounts}) AND position < ? ORDER BY position DESC LIMIT ?"
    )
    entries = pages(database, text, (u64(database, 2**64 - 1),), 3)
    since = None
    for _, posted in groupby(entries, key=lambda row: row[0]):
        for _, amount, posted_at, _ in posted:
            credit, since = credit + amount, posted_at
        if credit >= 0:
            break
    return _time(since)


def _time(stored: int | None) -> datetime | None:
    return None if stored is None else decode_otime(stored)


def _said(value: Any) -> str:
    return money_text(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _sums(column: str) -> tuple[str, str]:
    return f"SUM({column} / {_SPLIT})", f"SUM({column} % {_SPLIT})"


def _whole(quotients: Any, remainders: Any) -> int:
    return int(quotients or 0) * _SPLIT + int(remainders or 0)
