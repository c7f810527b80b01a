"""The SQL of payments."""

# --- audit ----------------------------------------------------------------------------------------------------------

SETTLED_TOP_UPS_IN_ORDER = """
SELECT top_up.sid, top_up.provider, top_up.payment_ref, top_up.user_sid, top_up.amount, top_up.review_reason,
    top_up.settled_at, ledger_transaction.sid, ledger_transaction.kind, ledger_transaction.user_sid,
    ledger_transaction.effective_at,
    (SELECT SUM(ledger_entry.amount) FROM ledger_entry WHERE ledger_entry.transaction_sid = ledger_transaction.sid
        AND ledger_entry.account = 'cash:' || top_up.provider)
FROM top_up LEFT JOIN ledger_transaction
    ON ledger_transaction.posting_key = 'payment:' || top_up.provider || ':' || top_up.payment_ref
WHERE top_up.settled_at IS NOT NULL AND top_up.status IN ('settled', 'refunded', 'disputed') AND top_up.sid > ?
ORDER BY top_up.sid LIMIT ?
"""
CREDITED_PAYMENTS_IN_ORDER = """
SELECT sid, posting_key FROM ledger_transaction WHERE kind = 'top_up' AND sid > ? ORDER BY sid LIMIT ?
"""
SETTLED_TOP_UP = """
SELECT 1 FROM top_up WHERE provider = ? AND payment_ref = ? AND settled_at IS NOT NULL
AND status IN ('settled', 'refunded', 'disputed')
"""
