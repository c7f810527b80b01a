"""The SQL of posting, prepared once for a database. Each reads by an index: none slows down as history grows."""

from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import DECODERS

# A range of one account, so that only the index (account, position) gives the order: with an equation PostgreSQL may
# go back through all positions, which is long for an account that is seldom used.
_BALANCE = (
    "SELECT balance_after FROM ledger_entry WHERE account BETWEEN ? AND ? ORDER BY account DESC, position DESC LIMIT 1"
)
_LOT = "SELECT sid, kind, amount, remaining, expires_at FROM credit_lot"


class Statements:
    """Texts in the words of `database`; `time` reads a stored time. `parts` is how many accounts a user has.

    Whose balance is asked for stands in the parameters twice.
    """

    def __init__(self, database: Database, parts: int, billing_columns: tuple[str, ...]) -> None:
        prepare = database.prepare
        self.time = DECODERS[database.dialect]["otime"]
        balances = ", ".join([f"({_BALANCE})"] * parts)
        billing = ", ".join(f'b."{name}"' for name in billing_columns)
        self.lot_of = prepare(
            "SELECT l.sid FROM ledger_transaction t JOIN credit_lot l ON l.transaction_sid = t.sid"
            " WHERE t.posting_key = ?"
        )
        self.balance = prepare(_BALANCE)
        self.balances = prepare(f"SELECT {balances}")
        self.before = prepare(
            "SELECT (SELECT 1 FROM ledger_transaction WHERE posting_key = ?),"  # noqa: S608
            f" h.position, h.hash, h.posted_at, {balances}, {billing} FROM (SELECT 1) one"
            " LEFT JOIN (SELECT position, hash, posted_at FROM ledger_entry ORDER BY position DESC LIMIT 1) h ON TRUE"
            " LEFT JOIN billing b ON b.user_sid = ?"
        )
        self.open_lots = prepare(f"{_LOT} WHERE user_sid = ? AND remaining > 0")
        self.one_lot = prepare(f"{_LOT} WHERE sid = ? AND user_sid = ?")
        self.lot = prepare("UPDATE credit_lot SET remaining = ?, rev = rev + 1 WHERE sid = ?")
