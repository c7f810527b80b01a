"""Audit of the balances: accounts are the sums of their entries; lots and `Billing` say the same as the accounts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import BILLING
from handlers.audit import BATCH, Audit, Carry, u64
from handlers.ledger import statements
from handlers.ledger.entry_rows import EntryRows
from handlers.ledger.freezing import freezing
from handlers.ledger.wallet import PARTS, Part, user_account

_SPLIT = 1_000_000
"""What the statements divide amounts by before they add them up."""
_CREDIT: tuple[Part, ...] = ("purchased", "granted", "receivable")

# --- accounts -------------------------------------------------------------------------------------------------------


def _accounts(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each account's balance after each entry, and the sum of all entries that were there when this began."""
    if "until" not in carry:
        carry.update(until=EntryRows(database).end(), total=0, account=None, balance=0)
    for account, position, sid, amount, balance_after in rows:
        if account != carry["account"]:
            carry.update(account=account, balance=0)
        balance = carry["balance"] + amount
        if int(position) <= carry["until"]:
            carry["total"] += amount
        if balance_after != balance:
            detail = (
                f"entry at position {int(position)}: the balance of {account} after it is {money_text(balance)}, "
                f"not {money_text(balance_after)}"
            )
            yield AuditFinding(check="account", subject=sid, detail=detail)
        carry["balance"] = balance_after  # what follows is judged by this one


def _total(database: Database, carry: Carry) -> Iterator[AuditFinding]:
    if carry["total"]:
        detail = f"all entries sum to {money_text(carry['total'])}, not to zero"
        yield AuditFinding(check="sum", subject="USD", detail=detail)


# --- balances of users ----------------------------------------------------------------------------------------------


def _billings(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each user's accounts, lots and `Billing` against each other."""
    decode = Store.of(BILLING, database).decode
    is_frozen = freezing(database)
    for row in rows:
        balances: dict[Part, int] = {part: row[place] or 0 for place, part in enumerate(PARTS)}
        purchased_lots, granted_lots, paid = (_whole(*row[place : place + 2]) for place in (4, 6, 8))
        billing = decode(row[12:])
        user_sid = billing["user_sid"]
        credit = -sum(balances[part] for part in _CREDIT)
        expected = {
            "credit_balance": credit,
            "lifetime_paid": paid,
            "first_paid_at": _time(row[10]),
            "last_active_at": _time(row[11]),
            "debt_since": _debt_since(database, user_sid, credit),
            "frozen": is_frozen(user_sid),
        }
        for name, value in expected.items():
            if billing[name] != value:
                detail = f"{name} of user {user_sid} is {_said(billing[name])}, by the ledger {_said(value)}"
                yield AuditFinding(check="billing", subject=billing["sid"], detail=detail)
        lots: tuple[tuple[Part, int], ...] = (("purchased", purchased_lots), ("granted", granted_lots))
        for part, left in lots:
            if left != -balances[part]:
                detail = f"{money_text(left)} are left in {part} lots, {money_text(-balances[part])} in the account"
                yield AuditFinding(check="lots", subject=user_sid, detail=detail)
        for part, balance in balances.items():
            if balance and (balance > 0) != (part == "receivable"):
                detail = f"the account {part} is on the wrong side: {money_text(balance)}"
                yield AuditFinding(check="account", subject=user_sid, detail=detail)


def _users(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, billing, transaction, lot in rows:
        if not billing and (transaction or lot):
            yield AuditFinding(check="billing", subject=sid, detail="this user has transactions or lots but no billing")


def _debt_since(database: Database, user_sid: str, credit: int) -> datetime | None:
    """When the posting happened that brought a balance below zero which is there now."""
    if credit >= 0:
        return None
    since = None
    for _, posted in groupby(_backwards(database, user_sid), key=lambda row: row[0]):
        for _, amount, posted_at, _ in posted:
            credit, since = credit + amount, posted_at
        if credit >= 0:
            break
    return _time(since)


def _backwards(database: Database, user_sid: str) -> Iterator[Row]:
    """The entries of a user's credit, the newest first."""
    accounts = [user_account(user_sid, part) for part in _CREDIT]
    text = database.prepare(statements.ENTRIES_OF_THREE_ACCOUNTS_BACKWARDS)
    before = u64(database, 2**64 - 1)
    while rows := database.execute(text, (*accounts, before, BATCH)):
        yield from rows
        before = rows[-1][3]


def _time(stored: int | None) -> datetime | None:
    return None if stored is None else decode_otime(stored)


def _said(value: Any) -> str:
    return money_text(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _whole(quotients: Any, remainders: Any) -> int:
    return int(quotients or 0) * _SPLIT + int(remainders or 0)


ACCOUNTS = Audit(
    name="ledger.accounts",
    statement=statements.ACCOUNTS_IN_ORDER,
    key=(0, 1),
    first=("", "0"),
    judge=_accounts,
    finish=_total,
)
BILLINGS = Audit(
    name="ledger.billings",
    statement=statements.BILLINGS_IN_ORDER,
    key=(12 + BILLING.names.index("user_sid"),),
    judge=_billings,
)
USERS = Audit(name="ledger.users", statement=statements.USERS_IN_ORDER, judge=_users)
