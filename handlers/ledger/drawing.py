"""Draw a transaction up: its entries as they follow the head of the chain, the lot it makes, the balance, as rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.models.onboarding import LotKind, TransactionKind
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.ledger import chain, statements
from handlers.ledger.billing import billings
from handlers.ledger.wallet import Line, Lot, Wallet, user_account

_SOURCE = re.compile(r"(usage|payment|plan|operator):[^\n\r]+")
_ACTIVE = (TransactionKind.TOP_UP, TransactionKind.USAGE, TransactionKind.PLAN)
"""What a user does; the latest of them is when the user was last active."""
_MOST = 2**63 - 1
NOBODY = ""
"""The user of a transaction between accounts of the house: it has no accounts, lots and balance."""


class LedgerOverflow(ArithmeticError):
    """An amount or a balance would leave the 64 bits of nano-dollars; nothing was written."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose transaction, of which kind, under which posting key, from which source, why, and when it happened.

    `user_sid` is None for one between accounts of the house.
    """

    user_sid: str | None
    kind: TransactionKind
    key: str
    source: str
    reason: str
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Before:
    """What a posting finds: head of the chain, the user's accounts, and the values of `Billing` where there is one."""

    position: int
    hash: str
    posted_at: datetime | None
    balances: dict[Any, int]
    billing: dict[str, Any] | None


Draft = tuple[Cause, Callable[[Wallet], object]]
"""What is to be posted, and what draws it up on the user's wallet."""


class HouseBalances(dict[str, int]):
    """The balance of each account of the house: asked for once, then counted on."""

    def __init__(self, balance: Callable[[str], int]) -> None:
        self._balance = balance

    def __missing__(self, account: str) -> int:
        self[account] = found = self._balance(account)
        return found


@dataclass(frozen=True, slots=True)
class Drawn:
    """A transaction that is drawn up: its values, its last entry, and the writes that post it in their order."""

    cause: Cause
    transaction: dict[str, Any]
    head: dict[str, Any]
    writes: list[tuple[str, tuple[Any, ...]]]
    balance_before: int


class Drawing:
    """Draws up for a database; lots are asked for when they are needed."""

    def __init__(
        self,
        database: Database,
        open_lots: Callable[[str], Iterable[Lot]],
        find_lot: Callable[[str, str], Lot | None],
    ) -> None:
        self._transactions = Store.of(LEDGER_TRANSACTION, database)
        self._entries = Store.of(LEDGER_ENTRY, database)
        self._lots = Store.of(CREDIT_LOT, database)
        self._billings = billings(database)
        self._open_lots, self._find_lot = open_lots, find_lot
        self._keep_remaining_sql = database.prepare(statements.KEEP_REMAINING)

    def drawn(
        self, cause: Cause, before: Before, draw: Callable[[Wallet], object], house: HouseBalances, posted_at: datetime
    ) -> Drawn:
        """What `draw` draws up. Raises `LedgerOverflow`, `ValueError` as `Ledger.post` does."""
        owner = cause.user_sid or NOBODY
        wallet = Wallet(owner, before.balances, lambda: self._open_lots(owner), lambda sid: self._find_lot(owner, sid))
        draw(wallet)
        lines = wallet.lines
        if not lines:
            raise ValueError("there is nothing to post")
        transaction: dict[str, Any] = {
            "sid": new_sid(),
            "kind": cause.kind,
            "user_sid": cause.user_sid,
            "posting_key": cause.key,
            "source": cause.source,
            "reason": cause.reason,
            "effective_at": second(cause.effective_at),
            "posted_at": posted_at,
        }
        lot = self._new_lot(wallet, transaction)
        transaction["hash"] = chain.transaction_hash(_shown(transaction), _shown(lot) if lot else None)
        entries = self._chained(before, lines, transaction, house)
        writes = [(self._transactions.sql.insert, self._transactions.row(transaction))]
        writes += [(self._entries.sql.insert, self._entries.row(entry)) for entry in entries]
        if lot:
            writes.append((self._lots.sql.insert, self._lots.row(lot)))
        writes += [(self._keep_remaining_sql, (changed.remaining, changed.sid)) for changed in wallet.changed.values()]
        if cause.user_sid is not None:
            writes.append(self._projected(before, wallet, lines, transaction))
        was = int(before.billing["credit_balance"]) if before.billing is not None else 0
        return Drawn(cause, transaction, entries[-1], writes, was)

    def _new_lot(self, wallet: Wallet, transaction: dict[str, Any]) -> dict[str, Any] | None:
        if not wallet.new_lots:
            return None
        (new,) = wallet.new_lots
        return {
            "sid": new_sid(),
            "user_sid": wallet.user_sid,
            "kind": LotKind(new.kind),
            "transaction_sid": transaction["sid"],
            "source": transaction["source"],
            "amount": _fitting(new.amount),
            "remaining": Money(new.remaining),
            "created_at": transaction["posted_at"],
            "expires_at": second(new.expires_at) if new.expires_at else None,
            "rev": 1,
        }

    def _chained(
        self, before: Before, lines: tuple[Line, ...], transaction: dict[str, Any], house: HouseBalances
    ) -> list[dict[str, Any]]:
        """The entries of a transaction as they follow the head of the chain. Those of the house's accounts belong to no
        user: their balances are the house's."""
        owner = transaction["user_sid"] or NOBODY
        user_accounts = {user_account(owner, part): balance for part, balance in before.balances.items()}
        entries = []
        previous = before.hash
        for position, line in enumerate(lines, before.position + 1):
            own = line.account in user_accounts
            balance = user_accounts[line.account] if own else house[line.account]
            entry = {
                "sid": new_sid(),
                "position": position,
                "transaction_sid": transaction["sid"],
                "account": line.account,
                "user_sid": transaction["user_sid"] if own else None,
                "amount": _fitting(line.amount),
                "balance_after": _fitting(balance + line.amount),
                "effective_at": transaction["effective_at"],
                "posted_at": transaction["posted_at"],
                "reason": transaction["reason"],
                "source": transaction["source"],
                "previous_hash": previous,
            }
            previous = entry["hash"] = chain.entry_hash(_shown(entry), transaction["hash"])
            entries.append(entry)
            if not own:
                house[line.account] = balance + line.amount
        return entries

    def _projected(
        self, before: Before, wallet: Wallet, lines: tuple[Line, ...], transaction: dict[str, Any]
    ) -> tuple[str, tuple[Any, ...]]:
        """The statement that writes the balance as it now is."""
        kind, effective_at, user_sid = transaction["kind"], transaction["effective_at"], transaction["user_sid"]
        billing = before.billing or self._billings.complete({"user_sid": user_sid}, transaction["posted_at"])
        balance = _fitting(wallet.credit_balance)
        changes: dict[str, Any] = {
            "credit_balance": balance,
            "debt_since": (billing["debt_since"] or transaction["posted_at"]) if balance < 0 else None,
        }
        if kind in _ACTIVE:
            changes["last_active_at"] = max(billing["last_active_at"] or effective_at, effective_at)
        if kind == TransactionKind.TOP_UP:
            paid = sum(line.amount for line in lines if line.account.startswith("cash:"))
            changes["lifetime_paid"] = _fitting(billing["lifetime_paid"] + paid)
            changes["first_paid_at"] = min(billing["first_paid_at"] or effective_at, effective_at)
        after = {**billing, **changes}
        if before.billing is None:
            return self._billings.sql.insert, self._billings.row(after)
        row = self._billings.row({**after, "rev": after["rev"] + 1})
        return self._billings.sql.update, (*row[1:], row[0])


def require_source(source: str) -> None:
    """Raises `ValueError` for what is no source."""
    if not _SOURCE.fullmatch(source):
        raise ValueError(f"a source is usage:…, payment:…, plan:… or operator:…, not {source!r}")


def second(time: datetime) -> datetime:
    """As it is kept and hashed: whole seconds, UTC."""
    return time.astimezone(UTC).replace(microsecond=0)


def _fitting(amount: int) -> Money:
    if not -_MOST - 1 <= amount <= _MOST:
        raise LedgerOverflow(f"{amount} nano-dollars do not fit into 64 bits")
    return Money(amount)


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if type(value) is Money else value for name, value in values.items()}
