"""The SQL of the ledger: posting, history, audit. Each statement reads by an index: no history slows it down."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import BILLING, CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.ledger.wallet import PARTS

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

_LISTED_SQLITE, _LISTED_POSTGRESQL = "(SELECT value FROM json_each(?))", "(SELECT UNNEST(?::text[]) AS value)"
"""The texts of one parameter as rows."""
_BALANCE_OF_LISTED = """(
    SELECT balance_after FROM ledger_entry
    WHERE account BETWEEN 'user:' || listed.value || ':{part}' AND 'user:' || listed.value || ':{part}'
    ORDER BY account DESC, position DESC LIMIT 1
)"""


def _states(listed: str) -> str:
    return statement(
        """
SELECT listed.value, {balances}, {billing}
FROM {listed} AS listed LEFT JOIN billing ON billing.user_sid = listed.value
""",
        balances=", ".join(statement(_BALANCE_OF_LISTED, part=part) for part in PARTS),
        billing=BILLING,
        listed=listed,
    )


STATES_SQLITE, STATES_POSTGRESQL = _states(_LISTED_SQLITE), _states(_LISTED_POSTGRESQL)
"""The balances of each listed user, in the order of `PARTS`, and the billing."""

_KNOWN_KEYS = """
SELECT posting_key FROM ledger_transaction WHERE posting_key IN (SELECT value FROM {listed} AS listed)
"""
KNOWN_KEYS_SQLITE = statement(_KNOWN_KEYS, listed=_LISTED_SQLITE)
KNOWN_KEYS_POSTGRESQL = statement(_KNOWN_KEYS, listed=_LISTED_POSTGRESQL)
"""Which of the listed keys were posted."""

NEWEST_SID = """
SELECT MAX(sid) FROM ledger_transaction
"""

TAKE_TURN_POSTGRESQL = "LOCK TABLE ledger_queue IN EXCLUSIVE MODE"

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

DISPUTE_TRANSACTIONS = """
SELECT kind, source, sid FROM ledger_transaction WHERE user_sid = ? AND kind IN (?, ?, ?, ?) ORDER BY sid
"""
KEEP_FROZEN = """
UPDATE billing SET frozen = ? WHERE user_sid = ?
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

HELD_FOR_KYC = """
SELECT SUM(ledger_entry.amount) FROM ledger_transaction
JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.user_sid = ? AND ledger_transaction.kind IN ('kyc_hold', 'kyc_release')
AND ledger_entry.account = ?
"""
CREDITED_OF_USER = """
SELECT ledger_transaction.posting_key, credit_lot.amount FROM ledger_transaction
JOIN credit_lot ON credit_lot.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.user_sid = ? AND ledger_transaction.kind = 'top_up'
ORDER BY ledger_transaction.posted_at, ledger_transaction.sid
"""

# --- who changed ----------------------------------------------------------------------------------------------------

OWNERS_OF_ENTRIES = """
SELECT position, user_sid FROM ledger_entry WHERE position > ? ORDER BY position LIMIT ?
"""

# --- checkpoints ----------------------------------------------------------------------------------------------------

HASHES = """
SELECT hash FROM ledger_entry WHERE position > ? AND position <= ? ORDER BY position
"""

POSITIONS_OF_ACCOUNT = """
SELECT position FROM ledger_entry WHERE account = ? AND position > ? ORDER BY position LIMIT ?
"""

# --- audit ----------------------------------------------------------------------------------------------------------

ENTRIES_IN_ORDER = statement(
    """
SELECT {entry}, {transaction}, {lot} FROM ledger_entry
LEFT JOIN ledger_transaction ON ledger_transaction.sid = ledger_entry.transaction_sid
LEFT JOIN credit_lot ON credit_lot.transaction_sid = ledger_transaction.sid
WHERE ledger_entry.position > ? ORDER BY ledger_entry.position LIMIT ?
""",
    entry=LEDGER_ENTRY,
    transaction=LEDGER_TRANSACTION,
    lot=CREDIT_LOT,
)
TRANSACTIONS_IN_ORDER = """
SELECT sid, source,
    (SELECT 1 FROM ledger_entry WHERE ledger_entry.transaction_sid = ledger_transaction.sid LIMIT 1),
    (SELECT COUNT(*) FROM ledger_transaction AS same WHERE same.posting_key = ledger_transaction.posting_key),
    (SELECT 1 FROM operator_act WHERE operator_act.sid = SUBSTR(ledger_transaction.source, LENGTH('operator:') + 1))
FROM ledger_transaction WHERE sid > ? ORDER BY sid LIMIT ?
"""
# PERF: only of lots that may have expired: the latest posting is looked for among all of a user's transactions.
LOTS_IN_ORDER = """
SELECT credit_lot.sid, credit_lot.kind, credit_lot.amount, credit_lot.remaining, credit_lot.expires_at,
    ledger_transaction.sid,
    CASE WHEN credit_lot.expires_at IS NOT NULL AND credit_lot.remaining > 0 THEN
        (SELECT MAX(latest.posted_at) FROM ledger_transaction AS latest WHERE latest.user_sid = credit_lot.user_sid)
    END
FROM credit_lot LEFT JOIN ledger_transaction ON ledger_transaction.sid = credit_lot.transaction_sid
WHERE credit_lot.sid > ? ORDER BY credit_lot.sid LIMIT ?
"""
ACCOUNTS_IN_ORDER = """
SELECT account, position, sid, amount, balance_after FROM ledger_entry
WHERE (account, position) > (?, ?) ORDER BY account, position LIMIT ?
"""
LAST_POSITION = """
SELECT position FROM ledger_entry ORDER BY position DESC LIMIT 1
"""

# Sums are taken of quotients and remainders, so that no database's integer overflows.
_BALANCE_OF_PART = """(
    SELECT balance_after FROM ledger_entry
    WHERE account BETWEEN 'user:' || billing.user_sid || ':{part}' AND 'user:' || billing.user_sid || ':{part}'
    ORDER BY account DESC, position DESC LIMIT 1
)"""
_SUM_OF_LOTS = """(
    SELECT SUM({sum}) FROM credit_lot WHERE credit_lot.user_sid = billing.user_sid AND credit_lot.kind = '{kind}'
)"""
_SUM_OF_PAYMENTS = """(
    SELECT SUM({sum}) FROM ledger_transaction
    JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
    WHERE ledger_transaction.user_sid = billing.user_sid AND ledger_transaction.kind = 'top_up'
    AND ledger_entry.account LIKE 'cash:%'
)"""
BILLINGS_IN_ORDER = statement(
    """
SELECT {purchased}, {granted}, {receivable}, {held},
    {purchased_lots}, {purchased_lots_rest}, {granted_lots}, {granted_lots_rest}, {paid}, {paid_rest},
    (SELECT MIN(effective_at) FROM ledger_transaction WHERE user_sid = billing.user_sid AND kind = 'top_up'),
    (SELECT MAX(effective_at) FROM ledger_transaction
        WHERE user_sid = billing.user_sid AND kind IN ('top_up', 'usage', 'plan')),
    {billing}
FROM billing WHERE billing.user_sid > ? ORDER BY billing.user_sid LIMIT ?
""",
    **{part: statement(_BALANCE_OF_PART, part=part) for part in ("purchased", "granted", "receivable", "held")},
    purchased_lots=statement(_SUM_OF_LOTS, sum="remaining / 1000000", kind="purchased"),
    purchased_lots_rest=statement(_SUM_OF_LOTS, sum="remaining % 1000000", kind="purchased"),
    granted_lots=statement(_SUM_OF_LOTS, sum="remaining / 1000000", kind="granted"),
    granted_lots_rest=statement(_SUM_OF_LOTS, sum="remaining % 1000000", kind="granted"),
    paid=statement(_SUM_OF_PAYMENTS, sum="ledger_entry.amount / 1000000"),
    paid_rest=statement(_SUM_OF_PAYMENTS, sum="ledger_entry.amount % 1000000"),
    billing=BILLING,
)
USERS_IN_ORDER = """
SELECT sid, (SELECT 1 FROM billing WHERE billing.user_sid = "user".sid),
    (SELECT 1 FROM ledger_transaction WHERE ledger_transaction.user_sid = "user".sid LIMIT 1),
    (SELECT 1 FROM credit_lot WHERE credit_lot.user_sid = "user".sid LIMIT 1)
FROM "user" WHERE sid > ? ORDER BY sid LIMIT ?
"""
ENTRIES_OF_THREE_ACCOUNTS_BACKWARDS = """
SELECT transaction_sid, amount, posted_at, position FROM ledger_entry
WHERE account IN (?, ?, ?) AND position < ? ORDER BY position DESC LIMIT ?
"""

# --- a month --------------------------------------------------------------------------------------------------------

ENTRIES_OF_USER_BETWEEN = statement(
    """
SELECT {entry} FROM ledger_entry WHERE user_sid = ? AND posted_at >= ? AND posted_at < ? ORDER BY position
""",
    entry=LEDGER_ENTRY,
)
BALANCE_OF_USER_BEFORE = """
SELECT balance_after FROM ledger_entry WHERE user_sid = ? AND account = ? AND posted_at < ?
ORDER BY position DESC LIMIT 1
"""
REVENUE_OF_USER_BETWEEN = """
SELECT ledger_transaction.posted_at, ledger_entry.account, ledger_entry.amount,
    COALESCE((SELECT SUM(off.amount) FROM ledger_entry AS off
        WHERE off.transaction_sid = ledger_transaction.sid AND off.account = 'discount'), 0)
FROM ledger_transaction JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.user_sid = ? AND ledger_transaction.posted_at >= ? AND ledger_transaction.posted_at < ?
    AND ledger_entry.account LIKE 'revenue:%'
ORDER BY ledger_transaction.sid
"""
