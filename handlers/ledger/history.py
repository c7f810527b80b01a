"""A user's ledger as people read it: newest first, a line per transaction, with the balance after it.

A page is two reads by index, however long the history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import LedgerEntry, LedgerTransaction
from generated.tables.onboarding import LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.audit import u64
from handlers.ledger import statements
from handlers.ledger.wallet import PARTS, Part, user_account

View = Literal["all", "purchased", "granted", "held", "receivable"]
CREDIT: tuple[Part, ...] = ("purchased", "granted", "receivable")
"""The accounts whose sum is the credit balance."""
_NEWEST = 2**64 - 1


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One transaction as it touched the user. Signs are the user's: what came in is positive.

    `amount` is what it changed in what is looked at (the credit balance, or one account), `balance` what that was
    after it. `entries` are the user's own, in the order of the chain.
    """

    transaction: LedgerTransaction
    amount: Money
    balance: Money
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`before` asks for the page that follows: the lines older than this position; None where there are none."""

    lines: tuple[HistoryLine, ...]
    before: int | None


class History:
    """Reads the entries of `database`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.entries = Store.of(LEDGER_ENTRY, database)
        self.transactions = Store.of(LEDGER_TRANSACTION, database)
        self._of_all_accounts = database.prepare(statements.NEWEST_OF_FOUR_ACCOUNTS)
        self._credited = database.prepare(statements.CREDITED_OF_USER)
        self._of_one_account = database.prepare(statements.NEWEST_OF_ACCOUNT)

    def of_source(self, source: str) -> list[LedgerEntry]:
        """All entries of one source, in the order of the chain."""
        found = self.entries.find({"source": source}, limit=1000)["items"]
        return sorted(found, key=lambda entry: entry.position)

    def credited(self, user_sid: str) -> list[tuple[str, int]]:
        """A user's payments by their posting keys, with what was credited of each in nano-dollars, in that order."""
        return [(key, amount) for key, amount in self.database.execute(self._credited, (user_sid,))]

    def page(self, user_sid: str, limit: int, before: int | None = None, view: View = "all") -> HistoryPage:
        """The newest `limit` lines that are older than the position `before`."""
        parts = PARTS if view == "all" else (view,)
        counted = CREDIT if view == "all" else parts
        depth = limit + 2  # of each account: every transaction that is shown is then whole, and one more is seen
        top = u64(self.database, _NEWEST if before is None else min(before, _NEWEST))
        accounts_of = [user_account(user_sid, part) for part in parts]
        params = [value for account in accounts_of for value in (account, top, account, depth)]
        rows = self.database.execute(self._of_all_accounts if view == "all" else self._of_one_account, params)
        found = [self.entries.object(self.entries.decode(row)) for row in rows]
        found.sort(key=lambda entry: -entry.position)
        groups: dict[str, list[LedgerEntry]] = {}
        for entry in found:
            groups.setdefault(entry.transaction_sid, []).append(entry)
        accounts = {user_account(user_sid, part) for part in counted}
        balance = -sum(_latest(found, account) for account in accounts)
        shown = list(groups)[:limit]
        transactions = self.transactions.get_many(shown)
        lines = []
        for sid in shown:
            entries = groups[sid]
            amount = -sum(entry.amount for entry in entries if entry.account in accounts)
            lines.append(HistoryLine(transactions[sid], Money(amount), Money(balance), tuple(reversed(entries))))
            balance -= amount
        more = len(groups) > limit
        return HistoryPage(tuple(lines), groups[shown[-1]][-1].position if more else None)


def _latest(entries: list[LedgerEntry], account: str) -> int:
    """The balance of an account after its newest entry."""
    return next((int(entry.balance_after) for entry in entries if entry.account == account), 0)
