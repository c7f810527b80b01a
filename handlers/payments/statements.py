"""The SQL of payments."""

# --- audit ----------------------------------------------------------------------------------------------------------

# PERF: what is read in the order of its key is found by the key alone, not by an index of another column: that would
# sort the rest of the table for each batch. `|| ''` says so to both databases.
SETTLED_TOP_UPS_IN_ORDER = """
SELECT top_up.sid, top_up.provider, top_up.payment_ref, top_up.user_sid, top_up.amount, top_up.review_reason,
    top_up.settled_at, ledger_transaction.sid, ledger_transaction.kind, ledger_transaction.user_sid,
    ledger_transaction.effective_at,
    (SELECT SUM(ledger_entry.amount) FROM ledger_entry WHERE ledger_entry.transaction_sid = ledger_transaction.sid
        AND ledger_entry.account = 'cash:' || top_up.provider)
FROM top_up LEFT JOIN ledger_transaction
    ON ledger_transaction.posting_key = 'payment:' || top_up.provider || ':' || top_up.payment_ref
WHERE top_up.sid > ? AND COALESCE(top_up.settled_at, 0) > 0
    AND top_up.status || '' IN ('settled', 'refunded', 'disputed')
ORDER BY top_up.sid LIMIT ?
"""
CREDITED_PAYMENTS_IN_ORDER = """
SELECT sid, posting_key FROM ledger_transaction WHERE sid > ? AND kind || '' = 'top_up' ORDER BY sid LIMIT ?
"""
SETTLED_TOP_UP = """
SELECT 1 FROM top_up WHERE provider = ? AND payment_ref = ? AND settled_at IS NOT NULL
AND status IN ('settled', 'refunded', 'disputed')
"""
CREDITED_TOP_UPS_IN_ORDER = """
SELECT top_up.sid, top_up.provider, top_up.payment_ref, top_up.user_sid, top_up.status, top_up.refunded,
    credit_lot.amount, top_up.amount, top_up.excess, top_up.settled_at, top_up.review_reason, top_up.held,
    top_up.over_cap
FROM top_up
JOIN ledger_transaction ON ledger_transaction.posting_key = 'payment:' || top_up.provider || ':' || top_up.payment_ref
JOIN credit_lot ON credit_lot.transaction_sid = ledger_transaction.sid
WHERE top_up.sid > ? ORDER BY top_up.sid LIMIT ?
"""
POSTED_FOR_PAYMENT = """
SELECT ledger_transaction.sid, ledger_transaction.kind, ledger_transaction.posting_key, ledger_entry.account,
    ledger_entry.amount, ledger_transaction.effective_at
FROM ledger_transaction JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.source = ? ORDER BY ledger_entry.position
"""
DISPUTES_OF_TOP_UP = """
SELECT dispute_ref, user_sid, provider, amount, status, opened_at, closed_at FROM dispute WHERE top_up_sid = ?
"""
REFUNDS_OF_TOP_UP = """
SELECT amount, user_sid, provider, sid, started_by, reason,
    CASE WHEN status IN ('pending', 'succeeded') AND settled_at IS NOT NULL THEN 1 ELSE 0 END
FROM refund WHERE top_up_sid = ?
"""
EVENTS_OF_TOP_UP = """
SELECT kind, user_sid, provider, provider_event_id, external_ref, amount_minor, currency, status, occurred_at,
    received_at
FROM payment_event WHERE top_up_sid = ? ORDER BY sid
"""
APPLIED_INBOX_IN_ORDER = """
SELECT sid, provider, provider_event_id,
    (SELECT 1 FROM payment_event WHERE payment_event.provider = webhook_inbox_entry.provider
        AND payment_event.provider_event_id = webhook_inbox_entry.provider_event_id)
FROM webhook_inbox_entry WHERE sid > ? AND state || '' = 'applied' ORDER BY sid LIMIT ?
"""
EVENTS_OF_WEBHOOKS_IN_ORDER = """
SELECT sid, provider, provider_event_id,
    (SELECT state FROM webhook_inbox_entry WHERE webhook_inbox_entry.provider = payment_event.provider
        AND webhook_inbox_entry.provider_event_id = payment_event.provider_event_id)
FROM payment_event WHERE sid > ? AND SUBSTR(provider_event_id, 1, 6) <> 'check:' ORDER BY sid LIMIT ?
"""
COMPARED_DAYS_IN_ORDER = """
SELECT sid, provider, day, ours, theirs, difference, fees FROM reconciliation WHERE sid > ? ORDER BY sid LIMIT ?
"""
FEES_IN_ORDER = """
SELECT provider_fee.sid, provider_fee.provider, provider_fee.change_ref, provider_fee.payment_ref,
    provider_fee.user_sid, provider_fee.amount, provider_fee.occurred_at, ledger_transaction.sid,
    ledger_transaction.source, ledger_transaction.user_sid, ledger_transaction.effective_at,
    (SELECT SUM(ledger_entry.amount) FROM ledger_entry WHERE ledger_entry.transaction_sid = ledger_transaction.sid
        AND ledger_entry.account = 'fees')
FROM provider_fee LEFT JOIN ledger_transaction
    ON ledger_transaction.posting_key = 'fee:' || provider_fee.provider || ':' || provider_fee.change_ref
WHERE provider_fee.sid > ? ORDER BY provider_fee.sid LIMIT ?
"""
FEE_POSTINGS_IN_ORDER = """
SELECT sid, posting_key FROM ledger_transaction WHERE sid > ? AND kind || '' = 'provider_fee' ORDER BY sid LIMIT ?
"""
KNOWN_FEE = """
SELECT 1 FROM provider_fee WHERE provider = ? AND change_ref = ?
"""
FEES_POSTED_BETWEEN = """
SELECT SUM(ledger_entry.amount) FROM ledger_transaction
JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
WHERE ledger_transaction.kind = 'provider_fee' AND ledger_transaction.effective_at >= ?
    AND ledger_transaction.effective_at < ? AND ledger_entry.account = 'cash:' || ?
"""

# --- what is due ----------------------------------------------------------------------------------------------------

# A time later than the longest wait of today's age was written by a clock that was set back since: it is due as well.
DUE_TOP_UPS = """
SELECT sid, provider FROM (
    SELECT sid, provider, next_check_at FROM top_up WHERE next_check_at <= ?
    UNION ALL
    SELECT sid, provider, next_check_at FROM top_up
    WHERE next_check_at > ? AND next_check_at - ? > (? - created_at) / 5
) AS due
ORDER BY next_check_at, sid LIMIT ?
"""
TOP_UPS_SINCE = """
SELECT COUNT(*) FROM top_up WHERE user_sid = ? AND created_at > ?
"""
UNDECIDED_OF_USER = """
SELECT SUM(amount) FROM top_up WHERE user_sid = ? AND status IN ('open', 'needs_review')
"""
OVER_CAP_OF_USER = """
SELECT sid FROM top_up WHERE user_sid = ? AND over_cap > 0 ORDER BY sid
"""
GONE_OF_USER = """
SELECT provider, payment_ref, refunded, excess,
    (SELECT SUM(dispute.amount) FROM dispute
        WHERE dispute.top_up_sid = top_up.sid AND dispute.status IN ('open', 'lost'))
FROM top_up WHERE user_sid = ? AND payment_ref IS NOT NULL
"""
VERIFIED_USERS_OVER_CAP = """
SELECT DISTINCT top_up.user_sid FROM top_up JOIN "user" ON "user".sid = top_up.user_sid
WHERE top_up.over_cap > 0 AND "user".kyc_status = 'completed' ORDER BY top_up.user_sid
"""
SETTLED_BETWEEN = """
SELECT sid FROM top_up WHERE provider = ? AND settled_at >= ? AND settled_at < ? ORDER BY sid
"""
FIRST_TOP_UP = """
SELECT created_at FROM top_up WHERE provider = ? ORDER BY created_at LIMIT 1
"""
COMPARED_DAYS = """
SELECT day, compare_again_at FROM reconciliation WHERE provider = ? ORDER BY day
"""
DUE_WEBHOOKS = """
SELECT sid FROM webhook_inbox_entry WHERE state IN ('received', 'failed') AND provider = ?
AND (next_attempt_at IS NULL OR next_attempt_at <= ? OR next_attempt_at > ?) ORDER BY sid LIMIT ?
"""
DUE_REFUNDS = """
SELECT sid, provider FROM (
    SELECT sid, provider, next_attempt_at FROM refund WHERE next_attempt_at <= ?
    UNION ALL
    SELECT sid, provider, next_attempt_at FROM refund
    WHERE next_attempt_at > ? AND next_attempt_at - ? > (? - created_at) / 5
) AS due
ORDER BY next_attempt_at, sid LIMIT ?
"""
