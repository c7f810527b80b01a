"""The SQL of usage."""

DAYS_OF_USER = """
SELECT day, category, resource_kind, model, node_id, instance_id, records, quantity, list_charge, discount, charge
FROM daily_usage WHERE user_sid = ? AND day >= ? AND day <= ?
ORDER BY day, node_id, instance_id, resource_kind, category, model
"""
SPEND_OF_USER = """
SELECT day, category, SUM(charge), SUM(discount) FROM daily_usage WHERE user_sid = ? AND day >= ?
GROUP BY day, category ORDER BY day, category
"""
IN_ALL_OF_USER = """
SELECT MIN(day), SUM(discount) FROM daily_usage WHERE user_sid = ?
"""
NODES_OF_USER = """
SELECT node_id, last_seen_at FROM node WHERE state <> 'retired'
AND node_id IN (SELECT node_id FROM daily_usage WHERE user_sid = ? AND day >= ?) ORDER BY node_id
"""

# --- what lines are judged by ---------------------------------------------------------------------------------------

PAYER = """
SELECT "user".sid, billing.first_paid_at FROM "user" LEFT JOIN billing ON billing.user_sid = "user".sid
WHERE "user".sid = ?
"""
OWNER_OF_MACHINE = """
SELECT user_sid FROM vm_allocation WHERE sid = ?
"""
LATEST_OF_MACHINE = """
SELECT occurred_at FROM usage_record WHERE instance_id = ? ORDER BY occurred_at DESC LIMIT 1
"""
OVERLAPPING = """
SELECT 1 FROM usage_record WHERE instance_id = ? AND occurred_at > ? AND occurred_at - interval_seconds < ?
    AND resource_kind = ? AND void IS NULL AND NOT EXISTS (
        SELECT 1 FROM usage_record AS taking
        WHERE taking.node_id = usage_record.node_id AND taking.void = usage_record.idempotency_key
    )
LIMIT 1
"""
HASH_OF_RECORD = """
SELECT line_hash FROM usage_record WHERE node_id = ? AND stream_id = ? AND local_seq = ?
"""
KEY_IS_TAKEN = """
SELECT 1 FROM usage_record WHERE node_id = ? AND idempotency_key = ?
"""
WAS_SET_ASIDE = """
SELECT 1 FROM quarantined_line WHERE node_id = ? AND line_hash = ? LIMIT 1
"""
IS_TAKEN_BACK = """
SELECT 1 FROM usage_record WHERE node_id = ? AND void = ?
"""
SKIPS_OF_NODE = """
SELECT sid, "commit", line FROM usage_skip WHERE node_id = ? ORDER BY sid
"""

# --- what is written of a commit ------------------------------------------------------------------------------------

STREAMS_WERE_SKIPPED = """
UPDATE stream_cursor SET skipped = TRUE, rev = rev + 1 WHERE node_id = ? AND NOT skipped
"""

# --- what operators see ---------------------------------------------------------------------------------------------

OPEN_LINES = """
SELECT COUNT(*) FROM quarantined_line WHERE node_id = ? AND state = 'open'
"""
