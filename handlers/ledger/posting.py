"""Write transactions into the ledger: entries, chain, lots and balance at once, one posting after the other.

ledger.transaction(lambda: ledger.post(
    user_sid=user.sid, kind=TransactionKind.TOP_UP, key=payment_key("piggy", "pi_1"), source="payment:piggy:pi_1",
    reason="Top-up", effective_at=paid_at, draw=lambda wallet: wallet_rules.top_up(wallet, "piggy", amount)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Restart
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime, encode_otime
from generated.models.onboarding import Account, LedgerTransaction, TransactionKind
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.hash_chain import GENESIS
from handlers.ledger import statements
from handlers.ledger import wallet as rules
from handlers.ledger.billing import billings
from handlers.ledger.drawing import NOBODY, Before, Cause, Draft, Drawing, Drawn, HouseBalances, require_source, second
from handlers.ledger.freezing import FREEZING, freezing
from handlers.ledger.states import States
from handlers.ledger.turns import Turn
from handlers.ledger.wallet import PARTS, Lot, Wallet, user_account

T = TypeVar("T")

_ACCOUNT: TypeAdapter[str] = TypeAdapter(Account)
_NO_KEY = ""
"""The key of no transaction: keys have at least one character."""


def payment_key(provider: str, payment_ref: str) -> str:
    """Posting key and source of a settled payment: it is credited once, whatever tells us of it."""
    return f"payment:{provider}:{payment_ref}"


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
        self._states = States(database)
        self._drawing = Drawing(database, self._open_lots, self._find_lot)

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

    def _enter(self) -> None:
        """Queue, unless `transaction` did. Raises `RuntimeError` outside of any transaction."""
        if not self.database.in_transaction:
            raise RuntimeError("post inside Ledger.transaction()")
        if not self._turn.taken:
            self._queue()

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
        self._enter()
        require_source(source)
        owner = user_sid or NOBODY
        before = self._before(owner, key)
        if before is None:
            return None
        if before.balances["granted"] and self._expire(owner, before):
            before = self._before(owner, key)
            assert before is not None, "an expiry has a key of its own"
        return self._write(Cause(user_sid, kind, key, source, reason, effective_at), before, draw)

    def post_many(self, drafts: Iterable[Draft]) -> int:
        """Post drafts of users as `post` does one after the other, but written together; how many. Those whose key was
        posted before are left out; no key may be of two users. Raises as `post` does, and then the transaction is to be
        given up."""
        self._enter()
        count = 0
        for run in _of_different_users(drafts):
            for cause, _ in run:
                require_source(cause.source)
            known = self._states.known_keys([cause.key for cause, _ in run])
            new = [(cause, draw) for cause, draw in run if cause.key not in known]
            self._post_run(new)
            count += len(new)
        if not self._turn.taken:
            self._turn.tell()
        return count

    def _post_run(self, run: Sequence[Draft]) -> None:
        """Post drafts of which each is another user's: what one does, no other finds but the house's accounts."""
        users = [cause.user_sid or NOBODY for cause, _ in run]
        states = self._states.of(users)
        # What has expired is posted first.
        if sum([self.expire(user) for user in users if states[user].balances["granted"]]):
            states = self._states.of(users)
        before, house, all_drawn = self._before(NOBODY, _NO_KEY), HouseBalances(self._house_balance), list[Drawn]()
        assert before is not None, "no transaction has an empty key"
        for user, (cause, draw) in zip(users, run, strict=True):
            before = replace(before, balances=states[user].balances, billing=states[user].billing)
            drawn = self._drawing.drawn(cause, before, draw, house, self._posting_time(before))
            all_drawn.append(drawn)
            head = drawn.head
            before = replace(before, position=head["position"], hash=head["hash"], posted_at=head["posted_at"])
        together: dict[str, list[Sequence[Any]]] = {}
        for drawn in all_drawn:
            for sql, params in drawn.writes:
                together.setdefault(sql, []).append(params)
        try:
            for sql, rows in together.items():
                self.database.execute_many(sql, rows)
        except Duplicate as error:
            raise Restart("another posting was made meanwhile") from error
        for drawn in all_drawn:
            self._written(drawn)

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
        now = second(self.clock.now())
        return max(now, before.posted_at) if before.posted_at else now

    def _write(self, cause: Cause, before: Before, draw: Callable[[Wallet], object]) -> LedgerTransaction:
        drawn = self._drawing.drawn(cause, before, draw, HouseBalances(self._house_balance), self._posting_time(before))
        try:
            self.database.execute_all(drawn.writes)
        except Duplicate as error:  # the caller's transaction had read before it came to its turn
            raise Restart("another posting was made meanwhile") from error
        self._written(drawn)
        if not self._turn.taken:
            self._turn.tell()
        return self.transactions.object(drawn.transaction)

    def _written(self, drawn: Drawn) -> None:
        """What follows from a transaction that is written."""
        cause = drawn.cause
        if cause.user_sid is None:
            return
        if cause.kind in FREEZING:
            self.database.execute(self._keep_frozen_sql, (self._is_frozen(cause.user_sid), cause.user_sid))
        self._turn.note(cause.user_sid, drawn.balance_before, drawn.transaction["sid"], drawn.transaction["posted_at"])

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


def _of_different_users(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    """The drafts in their order, cut wherever a user comes again."""
    run: list[Draft] = []
    users = set[str | None]()
    for draft in drafts:
        if draft[0].user_sid in users:
            yield run
            run, users = [], set()
        run.append(draft)
        users.add(draft[0].user_sid)
    if run:
        yield run


def _accounts(user_sid: str) -> list[str]:
    """Each account of a user, twice."""
    return [account for part in PARTS for account in (user_account(user_sid, part),) * 2]
