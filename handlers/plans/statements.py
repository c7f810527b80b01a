"""The SQL of plans: which periods end, and what the audit reads."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import PLAN_PURCHASE

PERIODS_OVER = """
SELECT user_sid FROM billing WHERE vm_quota_period_end <= ? ORDER BY vm_quota_period_end LIMIT ?
"""
PERIODS_ENDING = """
SELECT user_sid FROM billing WHERE vm_quota_period_end > ? AND vm_quota_period_end <= ? ORDER BY vm_quota_period_end
"""

# --- audit ----------------------------------------------------------------------------------------------------------

PURCHASES_IN_ORDER = statement(
    """
SELECT {purchase},
    (SELECT SUM(-ledger_entry.amount) FROM ledger_transaction
        JOIN ledger_entry ON ledger_entry.transaction_sid = ledger_transaction.sid
        WHERE ledger_transaction.posting_key = 'plan:' || plan_purchase.sid AND ledger_transaction.kind = 'plan'
        AND ledger_transaction.user_sid = plan_purchase.user_sid AND ledger_entry.account = 'revenue:vm'),
    (SELECT ledger_transaction.effective_at FROM ledger_transaction
        WHERE ledger_transaction.posting_key = 'plan:' || plan_purchase.sid),
    (SELECT earlier.user_sid FROM plan_purchase AS earlier WHERE earlier.sid = plan_purchase.renewed_from),
    (SELECT MIN(other.sid) FROM plan_purchase AS other WHERE other.user_sid = plan_purchase.user_sid
        AND other.sid <> plan_purchase.sid AND other.period_start < plan_purchase.period_end
        AND plan_purchase.period_start < other.period_end)
FROM plan_purchase WHERE plan_purchase.sid > ? ORDER BY plan_purchase.sid LIMIT ?
""",
    purchase=PLAN_PURCHASE,
)
# PERF: `|| ''` keeps the database from sorting all plans for each batch: the key's order is there.
PLAN_POSTINGS_IN_ORDER = """
SELECT ledger_transaction.sid, ledger_transaction.posting_key,
    (SELECT 1 FROM plan_purchase WHERE 'plan:' || plan_purchase.sid = ledger_transaction.posting_key
        AND plan_purchase.sid = SUBSTR(ledger_transaction.posting_key, LENGTH('plan:') + 1))
FROM ledger_transaction WHERE ledger_transaction.sid > ? AND ledger_transaction.kind || '' = 'plan'
ORDER BY ledger_transaction.sid LIMIT ?
"""
BILLED_PLANS_IN_ORDER = """
SELECT billing.user_sid, billing.sid, billing.current_plan_id, billing.vm_quota_total, billing.vm_quota_period_end,
    billing.vm_kept_until, plan_purchase.plan_id, plan_purchase.vm_count, plan_purchase.period_end
FROM billing LEFT JOIN plan_purchase ON plan_purchase.sid = (
    SELECT MAX(latest.sid) FROM plan_purchase AS latest WHERE latest.user_sid = billing.user_sid
)
WHERE billing.user_sid > ? ORDER BY billing.user_sid LIMIT ?
"""
