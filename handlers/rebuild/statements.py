"""The SQL of a rebuild: ledgers read from end to end, and one side looked up for what the other has."""

ENTRIES_IN_ORDER = """
SELECT ledger_entry.position, ledger_transaction.sid, ledger_transaction.kind, ledger_transaction.user_sid,
    ledger_transaction.posting_key, ledger_transaction.source, ledger_transaction.effective_at,
    ledger_transaction.posted_at, ledger_entry.account, ledger_entry.amount
FROM ledger_entry JOIN ledger_transaction ON ledger_transaction.sid = ledger_entry.transaction_sid
WHERE ledger_entry.position > ? ORDER BY ledger_entry.position LIMIT ?
"""
EXPIRIES = """
SELECT sid, user_sid, posted_at FROM ledger_transaction
WHERE sid > ? AND kind || '' = 'grant_expiry' AND user_sid IS NOT NULL ORDER BY sid LIMIT ?
"""
ANY_ENTRY = """
SELECT 1 FROM ledger_entry LIMIT 1
"""
SET_ASIDE_AT = """
SELECT sid FROM quarantined_line WHERE node_id = ? AND "commit" = ? AND path = ? AND line = ?
"""
_SUMS = """
SELECT ledger_entry.account, SUM(ledger_entry.amount), MIN(ledger_entry.position), ledger_transaction.kind,
    ledger_transaction.user_sid, ledger_transaction.effective_at
FROM ledger_transaction JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
"""
_EACH = "GROUP BY ledger_transaction.sid, ledger_entry.account"
ENTRIES_OF_KEY = f"{_SUMS} WHERE ledger_transaction.posting_key = ? {_EACH}"
ENTRIES_OF_EXPIRY = f"{_SUMS} WHERE ledger_transaction.source = ? AND ledger_transaction.kind = 'grant_expiry' {_EACH}"

# --- what is compared: a page behind a key, and one row by its key ---------------------------------------------------

ACCOUNTS = """
SELECT account, SUM(amount) FROM ledger_entry WHERE account > ? GROUP BY account ORDER BY account LIMIT ?
"""
ACCOUNT = """
SELECT account, SUM(amount) FROM ledger_entry WHERE account = ? GROUP BY account
"""
BALANCES = """
SELECT user_sid, credit_balance, lifetime_paid, first_paid_at FROM billing
WHERE user_sid > ? ORDER BY user_sid LIMIT ?
"""
BALANCE = """
SELECT user_sid, credit_balance, lifetime_paid, first_paid_at FROM billing WHERE user_sid = ?
"""
_LOTS = """
SELECT credit_lot.sid, ledger_transaction.posting_key, credit_lot.user_sid, credit_lot.kind, credit_lot.amount,
    credit_lot.remaining, credit_lot.expires_at
FROM credit_lot JOIN ledger_transaction ON ledger_transaction.sid = credit_lot.transaction_sid
"""
LOTS = f"{_LOTS} WHERE credit_lot.sid > ? ORDER BY credit_lot.sid LIMIT ?"
LOT = f"{_LOTS} WHERE ledger_transaction.posting_key = ?"
RECORDS = """
SELECT sid, node_id, idempotency_key, user_sid, category, "commit", path, line, tier, list_charge, charge
FROM usage_record WHERE sid > ? ORDER BY sid LIMIT ?
"""
RECORD = """
SELECT sid, node_id, idempotency_key, user_sid, category, "commit", path, line, tier, list_charge, charge
FROM usage_record WHERE node_id = ? AND idempotency_key = ?
"""
COMMITS = """
SELECT sid, node_id, "commit", records, duplicates, quarantined, charge
FROM consumed_commit WHERE sid > ? ORDER BY sid LIMIT ?
"""
COMMIT = """
SELECT sid, node_id, "commit", records, duplicates, quarantined, charge
FROM consumed_commit WHERE node_id = ? AND "commit" = ?
"""
DAYS = """
SELECT sid, user_sid, day, node_id, instance_id, resource_kind, category, model, records, list_charge, charge
FROM daily_usage WHERE sid > ? ORDER BY sid LIMIT ?
"""
DAY = """
SELECT sid, user_sid, day, node_id, instance_id, resource_kind, category, model, records, list_charge, charge
FROM daily_usage WHERE user_sid = ? AND day = ? AND node_id = ? AND instance_id = ? AND resource_kind = ?
    AND category = ? AND model = ?
"""
TOP_UPS = """
SELECT sid, user_sid, refunded, excess, over_cap, held, settled_at FROM top_up WHERE sid > ? ORDER BY sid LIMIT ?
"""
TOP_UP = """
SELECT sid, user_sid, refunded, excess, over_cap, held, settled_at FROM top_up WHERE sid = ?
"""
VERIFIED = """
SELECT sid, kyc_status FROM "user" WHERE sid > ? ORDER BY sid LIMIT ?
"""
VERIFIED_USER = """
SELECT sid, kyc_status FROM "user" WHERE sid = ?
"""
