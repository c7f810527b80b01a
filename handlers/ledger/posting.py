"""Write transactions into the ledger: entries, chain, lots and balance at once, one posting after the other.

ledger.transaction(lambda: ledger.post(
    user_sid=user.sid, kind=TransactionKind.TOP_UP, key=payment_key("piggy", "pi_1"), source="payment:piggy:pi_1",
    reason="Top-up", effective_at=paid_at, draw=lambda wallet: wallet_rules.top_up(wallet, "piggy", amount)))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database, Duplicate, Restart
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime, encode_otime
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.models.onboarding import Account, LedgerTransaction, LotKind, TransactionKind
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.hash_chain import GENESIS
from handlers.ledger import chain, statements
from handlers.ledger import wallet as rules
from handlers.ledger.billing import billings
from handlers.ledger.freezing import FREEZING, freezing
from handlers.ledger.turns import Turn
from handlers.ledger.wallet import PARTS, Line, Lot, Wallet, user_account

T = TypeVar("T")

SOURCE = re.compile(r"(usage|payment|plan|operator):[^\n\r]+")
ACTIVE = (TransactionKind.TOP_UP, TransactionKind.USAGE, TransactionKind.PLAN)
"""What a user does; the latest of them is when the user was last active."""
_ACCOUNT: TypeAdapter[str] = TypeAdapter(Account)
_MOST = 2**63 - 1
_NO_KEY = ""
"""The key of no transaction: keys have at least one character."""
_NOBODY = ""
"""The user of a transaction between accounts of the house: it has no accounts, lots and balance."""


class LedgerOverflow(ArithmeticError):
    """An amount or a balance would leave the 64 bits of nano-dollars; nothing was written."""


def payment_key(provider: str, payment_ref: str) -> str:
    """Posting key and source of a settled payment: it is credited once, whatever tells us of it."""
    return f"payment:{provider}:{payment_ref}"


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


class Ledger:
    """The ledger in a database. Threads may share it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.transactions = Store.of(LEDGER_TRANSACTION, database)
        self.entries = Store.of(LEDGER_ENTRY, database)
        self.lots = Store.of(CREDIT_LOT, database)
        self.billings = billings(database)
        prepare = database.prepare
        self._balance_sql = prepare(statements.BALANCE)
        self._balances_sql = prepare(statements.BALANCES_OF_USER)
        self._before_sql = prepare(statements.BEFORE_POSTING)
        self._lot_of_key_sql = prepare(statements.LOT_OF_KEY)
        self._open_lots_sql = prepare(statements.OPEN_LOTS)
        self._lot_sql = prepare(statements.LOT)
        self._keep_remaining_sql = prepare(statements.KEEP_REMAINING)
        self._expired_lots_sql = prepare(statements.EXPIRED_LOTS)
        self._held_for_kyc_sql = prepare(statements.HELD_FOR_KYC)
        self._keep_frozen_sql = prepare(statements.KEEP_FROZEN)
        self._is_frozen = freezing(database)
        self._turn = Turn.of(database)

    # --- one after the other ----------------------------------------------------------------------------------

    def transaction(self, work: Callable[[], T]) -> T:
        """`work()` in a transaction in which nobody else posts, from its first statement on.

        Postings of other processes wait until it ends. `work` must have no effect outside the database, for it is run
        again where the transaction met one that does not post. Before its end followers are told what became of
        balances.
        """

        def alone() -> T:
            self._queue()
            self._turn.begin()
            try:
                result = work()
                self._turn.tell()
                return result
            finally:
                self._turn.end()

        if self._turn.taken:
            return self.database.run(work)
        outermost = not self.database.in_transaction
        result = self.database.run(alone)
        if outermost:
            for act in self._turn.afterwards():
                act()
        return result

    def _queue(self) -> None:
        """Wait for our turn. On PostgreSQL this must come before the transaction's snapshot, which the first read
        takes, or the transaction has to be run again; on SQLite a transaction has its turn from its beginning."""
        if self.database.dialect == "postgresql":
            self.database.execute(statements.TAKE_TURN_POSTGRESQL)

    # --- posting ----------------------------------------------------------------------------------------------

    def post(
        self,
        *,
        user_sid: str | None,
        kind: TransactionKind,
        key: str,
        source: str,
        reason: str,
        effective_at: datetime,
        draw: Callable[[Wallet], object],
    ) -> LedgerTransaction | None:
        """Post what `draw` draws up on the user's wallet; None where `key` was posted before: nothing is done then.
        Without a user it moves money between accounts of the house.

        Call it inside `transaction`. Inside another transaction that read something before, PostgreSQL may have to run
        that one again. Updates the user's `Billing`, and makes it where there is none; `first_paid_at` is the
        earliest `effective_at` of a `top_up`, `frozen` follows from disputes.

        Raises `LedgerOverflow`; `ValueError` for a transaction of nothing, one that does not sum to zero, a
        malformed source or an unknown account; `UnknownReference` for an unknown user.
        """
        if not self.database.in_transaction:
            raise RuntimeError("post inside Ledger.transaction()")
        if not SOURCE.fullmatch(source):
            raise ValueError(f"a source is usage:…, payment:…, plan:… or operator:…, not {source!r}")
        if not self._turn.taken:
            self._queue()
        owner = user_sid or _NOBODY
        before = self._before(owner, key)
        if before is None:
            return None
        if before.balances["granted"] and self._expire(owner, before):
            before = self._before(owner, key)
            assert before is not None, "an expiry has a key of its own"
        return self._write(Cause(user_sid, kind, key, source, reason, effective_at), before, draw)

    def expire(self, user_sid: str) -> int:
        """Post what is left of the user's granted lots that have expired to `breakage`; how many lots that were.

        `post` does this first, so that nothing is spent after its expiry. Whoever decides by a balance before posting
        calls it before reading the balance, inside `transaction`.
        """
        before = self._before(user_sid, _NO_KEY)
        assert before is not None, "no transaction has an empty key"
        return self._expire(user_sid, before) if before.balances["granted"] else 0

    def _expire(self, user_sid: str, before: Before) -> int:
        """A transaction for each lot, at the time that it expired."""
        moment = self._posting_time(before)
        rows = self.database.execute(self._expired_lots_sql, (user_sid, encode_otime(moment)))
        for sid, source, _, expires_at in rows:
            key = f"grant_expiry:{sid}"
            known = self._before(user_sid, key)
            assert known is not None, f"the lot {sid} expired before and has something left: run the audit"
            at = decode_otime(expires_at)
            cause = Cause(user_sid, TransactionKind.GRANT_EXPIRY, key, source, "Granted credit expired", at)
            self._write(cause, known, partial(rules.expire, sid=sid))
        return len(rows)

    def _posting_time(self, before: Before) -> datetime:
        """Now; never before the last posting, whatever the clock says."""
        now = _second(self.clock.now())
        return max(now, before.posted_at) if before.posted_at else now

    def _write(self, cause: Cause, before: Before, draw: Callable[[Wallet], object]) -> LedgerTransaction:
        owner = cause.user_sid or _NOBODY
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
            "effective_at": _second(cause.effective_at),
            "posted_at": self._posting_time(before),
        }
        lot = self._new_lot(wallet, transaction)
        transaction["hash"] = chain.transaction_hash(_shown(transaction), _shown(lot) if lot else None)
        entries = self._chained(before, lines, transaction)
        writes = [(self.transactions.sql.insert, self.transactions.row(transaction))]
        writes += [(self.entries.sql.insert, self.entries.row(entry)) for entry in entries]
        if lot:
            writes.append((self.lots.sql.insert, self.lots.row(lot)))
        writes += [(self._keep_remaining_sql, (changed.remaining, changed.sid)) for changed in wallet.changed.values()]
        if cause.user_sid is not None:
            writes.append(self._projected(before, wallet, lines, transaction))
        try:
            self.database.execute_all(writes)
        except Duplicate as error:  # the caller's transaction had read before it came to its turn
            raise Restart("another posting was made meanwhile") from error
        if cause.kind in FREEZING:
            self.database.execute(self._keep_frozen_sql, (self._is_frozen(owner), owner))
        posted = self.transactions.object(transaction)
        if cause.user_sid is not None:
            was = int(before.billing["credit_balance"]) if before.billing is not None else 0
            self._turn.note(cause.user_sid, was, posted.sid, posted.posted_at)
            if not self._turn.taken:
                self._turn.tell()
        return posted

    def lot_of(self, key: str) -> str | None:
        """The sid of the lot that the transaction with this posting key made."""
        rows = self.database.execute(self._lot_of_key_sql, (key,))
        return rows[0][0] if rows else None

    def balances(self, user_sid: str) -> dict[Any, int]:
        """The sums of the user's accounts by part (`purchased`, …), in nano-dollars, debit positive."""
        row = self.database.execute(self._balances_sql, _accounts(user_sid))[0]
        return {part: balance or 0 for part, balance in zip(PARTS, row, strict=True)}

    def held_for_kyc(self, user_sid: str) -> int:
        """Nano-dollars that are held of the user's payments until KYC is completed."""
        rows = self.database.execute(self._held_for_kyc_sql, (user_sid, user_account(user_sid, "held")))
        return -int(rows[0][0] or 0)

    def expired_credit(self, user_sid: str) -> int:
        """Nano-dollars in granted lots of the user that have expired by now and are not posted to `breakage` yet."""
        rows = self.database.execute(self._expired_lots_sql, (user_sid, encode_otime(self.clock.now())))
        return sum(remaining for _, _, remaining, _ in rows)

    # --- reading ----------------------------------------------------------------------------------------------

    def _before(self, user_sid: str, key: str) -> Before | None:
        """None where the key was posted before."""
        row = self.database.execute(self._before_sql, (key, *_accounts(user_sid), user_sid))[0]
        posted, position, head, posted_at = row[:4]
        if posted:
            return None
        billing = self.billings.decode(row[8:]) if row[8] is not None else None
        return Before(
            int(position or 0),
            head or GENESIS,
            decode_otime(posted_at) if posted_at is not None else None,
            {part: balance or 0 for part, balance in zip(PARTS, row[4:8], strict=True)},
            billing,
        )

    def _house_balance(self, account: str) -> int:
        _ACCOUNT.validate_python(account)
        rows = self.database.execute(self._balance_sql, (account, account))
        return rows[0][0] if rows else 0

    def _open_lots(self, user_sid: str) -> Iterable[Lot]:
        return map(self._lot, self.database.execute(self._open_lots_sql, (user_sid,)))

    def _find_lot(self, user_sid: str, sid: str) -> Lot | None:
        rows = self.database.execute(self._lot_sql, (sid, user_sid))
        return self._lot(rows[0]) if rows else None

    def _lot(self, row: tuple[Any, ...]) -> Lot:
        sid, kind, amount, remaining, expires_at = row
        return Lot(sid, kind, amount, remaining, sid, decode_otime(expires_at) if expires_at is not None else None)

    # --- writing ----------------------------------------------------------------------------------------------

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
            "expires_at": _second(new.expires_at) if new.expires_at else None,
            "rev": 1,
        }

    def _chained(self, before: Before, lines: tuple[Line, ...], transaction: dict[str, Any]) -> list[dict[str, Any]]:
        """The entries of a transaction as they follow the head of the chain. Those of the house's accounts belong to no
        user: their balances are the house's."""
        owner = transaction["user_sid"] or _NOBODY
        user_accounts = {user_account(owner, part): balance for part, balance in before.balances.items()}
        entries = []
        previous = before.hash
        for position, line in enumerate(lines, before.position + 1):
            own = line.account in user_accounts
            balance = user_accounts[line.account] if own else self._house_balance(line.account)
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
        return entries

    def _projected(
        self, before: Before, wallet: Wallet, lines: tuple[Line, ...], transaction: dict[str, Any]
    ) -> tuple[str, tuple[Any, ...]]:
        """The statement that writes the balance as it now is."""
        kind, effective_at, user_sid = transaction["kind"], transaction["effective_at"], transaction["user_sid"]
        billing = before.billing or self.billings.complete({"user_sid": user_sid}, transaction["posted_at"])
        balance = _fitting(wallet.credit_balance)
        changes: dict[str, Any] = {
            "credit_balance": balance,
            "debt_since": (billing["debt_since"] or transaction["posted_at"]) if balance < 0 else None,
        }
        if kind in ACTIVE:
            changes["last_active_at"] = max(billing["last_active_at"] or effective_at, effective_at)
        if kind == TransactionKind.TOP_UP:
            paid = sum(line.amount for line in lines if line.account.startswith("cash:"))
            changes["lifetime_paid"] = _fitting(billing["lifetime_paid"] + paid)
            changes["first_paid_at"] = min(billing["first_paid_at"] or effective_at, effective_at)
        after = {**billing, **changes}
        if before.billing is None:
            return self.billings.sql.insert, self.billings.row(after)
        row = self.billings.row({**after, "rev": after["rev"] + 1})
        return self.billings.sql.update, (*row[1:], row[0])


def _accounts(user_sid: str) -> list[str]:
    """Each account of a user, twice."""
    return [account for part in PARTS for account in (user_account(user_sid, part),) * 2]


def _second(time: datetime) -> datetime:
    """As it is kept and hashed: whole seconds, UTC."""
    return time.astimezone(UTC).replace(microsecond=0)


def _fitting(amount: int) -> Money:
    if not -_MOST - 1 <= amount <= _MOST:
        raise LedgerOverflow(f"{amount} nano-dollars do not fit into 64 bits")
    return Money(amount)


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if type(value) is Money else value for name, value in values.items()}
