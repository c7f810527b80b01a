"""The SQL of the ledger: what posting writes and reads. Each statement reads by an index: no history slows it down."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import BILLING, LEDGER_ENTRY

# --- postings -------------------------------------------------------------------------------------------------------

# A range of one account, so that only the index (account, position) gives the order: with an equation PostgreSQL may
# go back through all positions, which is long for an account that is seldom used. The account is given twice.
BALANCE = """
SELECT balance_after FROM ledger_entry WHERE account BETWEEN ? AND ? ORDER BY account DESC, position DESC LIMIT 1
"""
_FOUR_BALANCES = ", ".join([f"({BALANCE})"] * 4)

BALANCES_OF_USER = statement("SELECT {balances}", balances=_FOUR_BALANCES)
"""Of the user's four accounts, each named twice."""

BEFORE_POSTING = statement(
    """
SELECT (SELECT 1 FROM ledger_transaction WHERE posting_key = ?),
    head.position, head.hash, head.posted_at, {balances}, {billing}
FROM (SELECT 1) AS one
LEFT JOIN (SELECT position, hash, posted_at FROM ledger_entry ORDER BY position DESC LIMIT 1) AS head ON TRUE
LEFT JOIN billing ON billing.user_sid = ?
""",
    balances=_FOUR_BALANCES,
    billing=BILLING,
)
"""Whether the key is taken, the head of the chain, the balances of the user's accounts, and the user's billing."""

LOT_OF_KEY = """
SELECT credit_lot.sid FROM ledger_transaction JOIN credit_lot ON credit_lot.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.posting_key = ?
"""
OPEN_LOTS = """
SELECT sid, kind, amount, remaining, expires_at FROM credit_lot WHERE user_sid = ? AND remaining > 0
"""
LOT = """
SELECT sid, kind, amount, remaining, expires_at FROM credit_lot WHERE sid = ? AND user_sid = ?
"""
KEEP_REMAINING = """
UPDATE credit_lot SET remaining = ?, rev = rev + 1 WHERE sid = ?
"""

# --- grants that expire ---------------------------------------------------------------------------------------------

EXPIRED_LOTS = """
SELECT sid, source, remaining, expires_at FROM credit_lot
WHERE user_sid = ? AND remaining > 0 AND kind = 'granted' AND expires_at <= ? ORDER BY expires_at, sid
"""
USERS_WITH_EXPIRED_LOTS = """
SELECT DISTINCT user_sid FROM credit_lot
WHERE expires_at <= ? AND remaining > 0 AND kind = 'granted' AND user_sid > ? ORDER BY user_sid LIMIT ?
"""

# --- whether spending is frozen -------------------------------------------------------------------------------------

LAST_ACT = """
SELECT sid, arguments FROM operator_act WHERE subject = ? AND act = ? ORDER BY position DESC LIMIT 1
"""
LAST_TRANSACTION = """
SELECT MAX(sid) FROM ledger_transaction WHERE user_sid = ? AND kind = ?
"""

# --- what people read -----------------------------------------------------------------------------------------------

# PERF: asked with `account = ?`, PostgreSQL may walk the index of all positions for an account of few entries;
# compared as a pair, both databases begin at the place itself in the index of accounts.
_NEWEST_ENTRIES = """
SELECT * FROM (
    SELECT {entry} FROM ledger_entry WHERE (account, position) < (?, ?) AND account >= ?
    ORDER BY account DESC, position DESC LIMIT ?
) AS newest
"""
NEWEST_OF_ACCOUNT = statement(_NEWEST_ENTRIES, entry=LEDGER_ENTRY)
NEWEST_OF_FOUR_ACCOUNTS = statement(" UNION ALL ".join([_NEWEST_ENTRIES] * 4), entry=LEDGER_ENTRY)

UNREAD_NOTICES = """
SELECT COUNT(*) FROM notice WHERE user_sid = ? AND read_at IS NULL
"""
