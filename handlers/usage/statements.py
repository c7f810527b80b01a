"""The SQL of usage."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import DAILY_USAGE, USAGE_RECORD

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
SELECT node_id, last_seen_at, state FROM node WHERE state <> 'retired'
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
UNMEASURED = """
SELECT occurred_at, quantity FROM usage_record WHERE instance_id = ? AND occurred_at > ? AND occurred_at < ?
    AND resource_kind = ? AND interval_seconds IS NULL AND void IS NULL AND NOT EXISTS (
        SELECT 1 FROM usage_record AS taking
        WHERE taking.node_id = usage_record.node_id AND taking.void = usage_record.idempotency_key
    )
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
SELECT sid, "commit", line, path FROM usage_skip WHERE node_id = ? ORDER BY sid
"""

# --- what is written of a commit ------------------------------------------------------------------------------------

DAY = statement(
    """
SELECT {day} FROM daily_usage WHERE user_sid = ? AND day = ? AND node_id = ? AND instance_id = ? AND resource_kind = ?
    AND category = ? AND model = ?
""",
    day=DAILY_USAGE,
)
STREAMS_WERE_SKIPPED = """
UPDATE stream_cursor SET skipped = TRUE, rev = rev + 1 WHERE node_id = ? AND NOT skipped
"""

# --- what operators see ---------------------------------------------------------------------------------------------

OPEN_LINES = """
SELECT COUNT(*) FROM quarantined_line WHERE node_id = ? AND state = 'open'
"""

# --- audit ----------------------------------------------------------------------------------------------------------

COMMITS_IN_ORDER = """
SELECT consumed_commit.sid, consumed_commit.node_id, consumed_commit."commit", consumed_commit.records,
    consumed_commit.charge,
    (SELECT COUNT(*) FROM usage_record WHERE usage_record.node_id = consumed_commit.node_id
        AND usage_record."commit" = consumed_commit."commit"),
    (SELECT SUM(charge) FROM usage_record WHERE usage_record.node_id = consumed_commit.node_id
        AND usage_record."commit" = consumed_commit."commit"),
    (SELECT SUM(list_charge) FROM usage_record WHERE usage_record.node_id = consumed_commit.node_id
        AND usage_record."commit" = consumed_commit."commit"),
    (SELECT SUM(ledger_entry.amount) FROM ledger_transaction
        JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
        WHERE ledger_transaction.posting_key
            > 'usage:' || consumed_commit.node_id || '@' || consumed_commit."commit" || ':'
        AND ledger_transaction.posting_key
            < 'usage:' || consumed_commit.node_id || '@' || consumed_commit."commit" || ';'
        AND ledger_entry.account LIKE 'revenue:%'),
    (SELECT SUM(ledger_entry.amount) FROM ledger_transaction
        JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
        WHERE ledger_transaction.posting_key
            > 'usage:' || consumed_commit.node_id || '@' || consumed_commit."commit" || ':'
        AND ledger_transaction.posting_key
            < 'usage:' || consumed_commit.node_id || '@' || consumed_commit."commit" || ';'
        AND ledger_entry.account = 'discount')
FROM consumed_commit WHERE consumed_commit.sid > ? ORDER BY consumed_commit.sid LIMIT ?
"""
ACCEPTED_OF_COMMIT = """
SELECT COUNT(*), SUM(usage_record.charge) FROM quarantined_line
JOIN usage_record ON usage_record.node_id = quarantined_line.node_id
    AND usage_record."commit" = quarantined_line."commit" AND usage_record.path = quarantined_line.path
    AND usage_record.line = quarantined_line.line
WHERE quarantined_line.node_id = ? AND quarantined_line."commit" = ? AND quarantined_line.state = 'accepted'
"""
RECORDS_IN_ORDER = """
SELECT usage_record.sid, usage_record.node_id, usage_record."commit", usage_record.path, usage_record.line,
    usage_record.user_sid, usage_record.category, usage_record.list_charge, usage_record.void,
    (SELECT 1 FROM consumed_commit WHERE consumed_commit.node_id = usage_record.node_id
        AND consumed_commit."commit" = usage_record."commit"),
    (SELECT last_seq FROM stream_cursor WHERE stream_cursor.node_id = usage_record.node_id
        AND stream_cursor.stream_id = usage_record.stream_id),
    usage_record.local_seq,
    (SELECT 1 FROM ledger_transaction WHERE ledger_transaction.posting_key = 'usage:' || usage_record.node_id || '@' ||
        usage_record."commit" || ':' || usage_record.user_sid || ':' || usage_record.category ||
        CASE WHEN usage_record.void IS NULL THEN ':usage' ELSE ':usage_void' END),
    (SELECT 1 FROM ledger_transaction WHERE ledger_transaction.posting_key = 'usage:' || usage_record.node_id || '@' ||
        usage_record."commit" || ':' || usage_record.path || ':' || usage_record.line || ':' || usage_record.user_sid ||
        ':' || usage_record.category || CASE WHEN usage_record.void IS NULL THEN ':usage' ELSE ':usage_void' END),
    (SELECT original.list_charge + usage_record.list_charge FROM usage_record AS original
        WHERE original.node_id = usage_record.node_id AND original.idempotency_key = usage_record.void)
FROM usage_record WHERE usage_record.sid > ? ORDER BY usage_record.sid LIMIT ?
"""
USER_TOTALS_IN_ORDER = """
SELECT sid,
    (SELECT SUM(records) FROM daily_usage WHERE daily_usage.user_sid = "user".sid),
    (SELECT SUM(list_charge) FROM daily_usage WHERE daily_usage.user_sid = "user".sid),
    (SELECT SUM(charge) FROM daily_usage WHERE daily_usage.user_sid = "user".sid),
    (SELECT SUM(discount) FROM daily_usage WHERE daily_usage.user_sid = "user".sid),
    (SELECT SUM(CASE WHEN void IS NULL THEN 1 ELSE -1 END) FROM usage_record WHERE usage_record.user_sid = "user".sid),
    (SELECT SUM(list_charge) FROM usage_record WHERE usage_record.user_sid = "user".sid),
    (SELECT SUM(charge) FROM usage_record WHERE usage_record.user_sid = "user".sid)
FROM "user" WHERE sid > ? ORDER BY sid LIMIT ?
"""
NODES_IN_ORDER = """
SELECT sid, node_id, last_commit, records,
    (SELECT 1 FROM consumed_commit WHERE consumed_commit.node_id = node.node_id
        AND consumed_commit."commit" = node.last_commit),
    (SELECT COUNT(*) FROM usage_record WHERE usage_record.node_id = node.node_id)
FROM node WHERE sid > ? ORDER BY sid LIMIT ?
"""

# --- what users see of a commit -------------------------------------------------------------------------------------

OWN_LINES_OF_COMMIT = statement(
    """
SELECT {record} FROM usage_record WHERE node_id = ? AND "commit" = ? AND user_sid = ? ORDER BY path, line LIMIT ?
""",
    record=USAGE_RECORD,
)
