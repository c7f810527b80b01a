"""Somebody who writes into the ledger's tables and computes every hash, balance and lot behind it anew.

What they leave, the audit of the ledger by itself cannot tell from a true one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredType
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from generated.tables.onboarding import BILLING, CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.audit import findings
from handlers.composition import registered_audits
from handlers.hash_chain import GENESIS
from handlers.ledger import chain

Rows = list[dict[str, Any]]


def without_triggers(database: Database) -> None:
    """Let any row be changed."""
    if database.dialect == "sqlite":
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
    else:
        database.execute("SET session_replication_role = replica")


class Forger:
    """Over a database whose rows nothing protects any more. Transactions are named by their posting keys."""

    def __init__(self, database: Database) -> None:
        without_triggers(database)
        self._database = database

    def keys(self, kind: str, part: str = "") -> list[str]:
        """The keys of a kind that have `part` in them, in the order of posting."""
        text = "SELECT posting_key FROM ledger_transaction WHERE kind = ? ORDER BY sid"
        return [key for (key,) in self._execute(text, kind) if part in key]

    def user_of(self, key: str) -> str | None:
        rows = self._execute("SELECT user_sid FROM ledger_transaction WHERE posting_key = ?", key)
        user: str | None = rows[0][0]
        return user

    @contextmanager
    def forged(self) -> Iterator[None]:
        """What is done inside is made good, as far as the ledger goes, and undone at the end."""
        before = {table: list(self._rows(table)) for table in _TABLES}
        yield
        for table in reversed(_TABLES):
            self._execute(f'DELETE FROM "{table}"')  # noqa: S608
        for table in _TABLES:
            for row in before[table]:
                marks = ", ".join("?" * len(row))
                self._execute(f'INSERT INTO "{table}" ({self._columns(table)}) VALUES ({marks})', *row)  # noqa: S608

    # --- what is done -----------------------------------------------------------------------------------------

    def change(self, key: str, amount: int) -> None:
        """Move so many nano-dollars more between the first two accounts of a transaction."""
        rows = self._execute(
            "SELECT ledger_entry.sid FROM ledger_entry JOIN ledger_transaction"
            " ON ledger_transaction.sid = ledger_entry.transaction_sid"
            " WHERE ledger_transaction.posting_key = ? ORDER BY ledger_entry.position LIMIT 2",
            key,
        )
        for (sid,), more in zip(rows, (amount, -amount), strict=True):
            self._execute("UPDATE ledger_entry SET amount = amount + ? WHERE sid = ?", more, sid)
        self._execute(
            "UPDATE credit_lot SET amount = amount + ? WHERE transaction_sid ="
            " (SELECT sid FROM ledger_transaction WHERE posting_key = ?)",
            amount,
            key,
        )
        self.chain()

    def delete(self, key: str) -> None:
        """Let a transaction never have been."""
        sid = self._execute("SELECT sid FROM ledger_transaction WHERE posting_key = ?", key)[0][0]
        self._execute("DELETE FROM credit_lot WHERE transaction_sid = ?", sid)
        self._execute("DELETE FROM ledger_entry WHERE transaction_sid = ?", sid)
        self._execute("DELETE FROM ledger_transaction WHERE sid = ?", sid)
        self.chain()

    def move(self, key: str, later: timedelta, *columns: str) -> None:
        """Let the ledger say another time in these columns of a transaction."""
        seconds = int(later.total_seconds())
        for column in columns:
            text = f"UPDATE ledger_transaction SET {column} = {column} + ? WHERE posting_key = ?"  # noqa: S608
            self._execute(text, seconds, key)
        if "effective_at" in columns:
            self._execute(
                "UPDATE ledger_entry SET effective_at = effective_at + ? WHERE transaction_sid ="
                " (SELECT sid FROM ledger_transaction WHERE posting_key = ?)",
                seconds,
                key,
            )
        self.chain()

    def swap(self, first: str, second: str) -> None:
        """Let two transactions have been posted the other way round."""
        order = [key for (key,) in self._execute(_IN_ORDER)]
        order = [{first: second, second: first}.get(key, key) for key in order]
        self.chain(order)

    def chain(self, order: list[str] | None = None) -> None:
        """Positions, times of posting, balances, hashes, lots and projections of what the entries now say."""
        entries, transactions = Store.of(LEDGER_ENTRY, self._database), Store.of(LEDGER_TRANSACTION, self._database)
        keys = order or [key for (key,) in self._execute(_IN_ORDER)]
        balances, previous, written, now = dict[str, int](), GENESIS, Rows(), datetime.fromtimestamp(0, UTC)
        for key in dict.fromkeys(keys):
            transaction = transactions.one({"posting_key": key})
            assert transaction is not None
            now = max(now, transaction.posted_at)
            transaction = transaction.model_copy(update={"posted_at": now})
            lots = Store.of(CREDIT_LOT, self._database).find({"transaction_sid": transaction.sid})["items"]
            lot = lots[0].model_dump(mode="json") if lots else None
            digest = chain.transaction_hash(transaction.model_dump(mode="json"), lot)
            text = "UPDATE ledger_transaction SET hash = ?, posted_at = ? WHERE sid = ?"
            self._execute(text, digest, encode_otime(now), transaction.sid)
            own = entries.find({"transaction_sid": transaction.sid}, limit=100)["items"]
            for entry in sorted(own, key=lambda each: each.position):
                balances[entry.account] = balances.get(entry.account, 0) + int(entry.amount)
                changes = {
                    "position": len(written) + 1,
                    "balance_after": Money(balances[entry.account]),
                    "posted_at": now,
                    "previous_hash": previous,
                }
                previous = chain.entry_hash(entry.model_copy(update=changes).model_dump(mode="json"), digest)
                written.append({**entries.values(entry.sid), **changes, "hash": previous})
        self._execute("DELETE FROM ledger_entry")
        for row in written:
            entries.insert(row)
        self._projections(balances)

    def _projections(self, balances: dict[str, int]) -> None:
        """`Billing` and the lots of each user, as the accounts have it."""
        for billing in Store.of(BILLING, self._database).list_full(1000)["items"]:
            own = {part: balances.get(f"user:{billing.user_sid}:{part}", 0) for part in _PARTS}
            self._execute(
                "UPDATE billing SET credit_balance = ? WHERE sid = ?",
                -(own["purchased"] + own["granted"] + own["receivable"]),
                billing.sid,
            )
            for kind in ("purchased", "granted"):
                lots = Store.of(CREDIT_LOT, self._database).find({"user_sid": billing.user_sid}, limit=1000)["items"]
                mine = [lot for lot in lots if lot.kind == kind]
                missing = -own[kind] - sum(int(lot.remaining) for lot in mine)
                for lot in mine if missing else ():
                    most = int(lot.amount) - int(lot.remaining)
                    more = max(min(missing, most), -int(lot.remaining))
                    self._execute("UPDATE credit_lot SET remaining = remaining + ? WHERE sid = ?", more, lot.sid)
                    missing -= more

    def told_by_the_audit(self) -> list[str]:
        """What the audit finds in the ledger by itself."""
        own = [each for each in registered_audits() if each.name.startswith(("ledger.entries", "ledger.accounts"))]
        return [finding.detail for finding in findings(self._database, own)]

    # --- parts ------------------------------------------------------------------------------------------------

    def _columns(self, table: str) -> str:
        return ", ".join(f'"{name}"' for name in _TABLES[table].names)

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        return list(self._execute(f'SELECT {self._columns(table)} FROM "{table}"'))  # noqa: S608

    def _execute(self, text: str, *params: Any) -> Any:
        return self._database.execute(self._database.prepare(text), params)


_PARTS = ("purchased", "granted", "receivable", "held")
_TABLES: dict[str, StoredType[Any, Any, Any, Any]] = {
    "ledger_transaction": LEDGER_TRANSACTION,
    "credit_lot": CREDIT_LOT,
    "ledger_entry": LEDGER_ENTRY,
    "billing": BILLING,
}
_IN_ORDER = """
SELECT ledger_transaction.posting_key FROM ledger_entry JOIN ledger_transaction
ON ledger_transaction.sid = ledger_entry.transaction_sid ORDER BY ledger_entry.position
"""
