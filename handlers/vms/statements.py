"""The SQL of machines."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import VM_ALLOCATION

LIVE_OF_USER = """
SELECT COUNT(*) FROM vm_allocation WHERE user_sid = ? AND status IN ('provisioning', 'active')
"""
LIVE_MACHINES_OF_USER = statement(
    """
SELECT {machine} FROM vm_allocation WHERE user_sid = ? AND status IN ('provisioning', 'active') ORDER BY sid
""",
    machine=VM_ALLOCATION,
)
BEGUN = """
SELECT COUNT(*) FROM vm_allocation
WHERE status = 'provisioning' AND sku = ? AND provider_ref IS NULL AND allocated_at > ?
"""
STARTED_BEFORE = """
SELECT allocated_at FROM vm_allocation WHERE user_sid = ? AND allocated_at > ? AND allocated_at <= ?
ORDER BY allocated_at DESC LIMIT 1 OFFSET ?
"""
LIVE_AT_COST = """
SELECT COUNT(*) FROM vm_allocation
WHERE purchase_sid = ? AND status IN ('provisioning', 'active') AND cost_cents = ?
"""
DUE = """
SELECT sid FROM (
    SELECT sid, next_check_at FROM vm_allocation WHERE next_check_at <= ?
    UNION ALL
    SELECT sid, next_check_at FROM vm_allocation WHERE next_check_at > ?
) AS due
ORDER BY next_check_at, sid LIMIT ?
"""
DUE_OF_USER = """
SELECT sid FROM vm_allocation WHERE user_sid = ? AND next_check_at <= ? ORDER BY sid
"""
WIPES_DUE = """
SELECT sid FROM vm_allocation WHERE wipe_at <= ? AND status = 'active' ORDER BY wipe_at, sid LIMIT ?
"""

# --- the waiting list -----------------------------------------------------------------------------------------------

WAITING_SIZES = """
SELECT DISTINCT sku FROM waiting_list_entry WHERE notified_at IS NULL ORDER BY sku
"""
WAITING = """
SELECT sid FROM waiting_list_entry WHERE sku = ? AND notified_at IS NULL ORDER BY created_at, sid LIMIT ?
"""
WAITING_FOR = """
SELECT COUNT(*) FROM waiting_list_entry WHERE sku = ? AND notified_at IS NULL
"""
WAITING_BEFORE = """
SELECT COUNT(*) FROM waiting_list_entry WHERE sku = ? AND notified_at IS NULL AND sid <> ?
    AND (created_at < ? OR (created_at = ? AND sid < ?))
"""
FAILED_SINCE = """
SELECT COUNT(*) FROM vm_allocation
WHERE user_sid = ? AND status = 'failed' AND sku = ? AND failure <> ? AND allocated_at >= ?
"""

FAILED_LATELY = """
SELECT 1 FROM vm_allocation
WHERE status = 'failed' AND sku = ? AND failure <> ? AND released_at > ? AND released_at <= ? LIMIT 1
"""

# --- the pool -------------------------------------------------------------------------------------------------------

POOL_COUNTS = """
SELECT sku, state, COUNT(*) FROM pool_vm GROUP BY sku, state ORDER BY sku, state
"""
POOL = """
SELECT pool_vm.sid, pool_vm.name, pool_vm.address, pool_vm.sku, pool_vm.state, pool_vm.running, pool_vm.leaving,
    pool_vm.state_since, pool_vm.allocation_sid, vm_allocation.user_sid, vm_allocation.ssh_pub_key
FROM pool_vm LEFT JOIN vm_allocation ON vm_allocation.sid = pool_vm.allocation_sid
ORDER BY pool_vm.name
"""

# --- audit ----------------------------------------------------------------------------------------------------------

QUOTAS_IN_ORDER = """
SELECT billing.sid, billing.user_sid, billing.vm_quota_used,
    (SELECT COUNT(*) FROM vm_allocation WHERE vm_allocation.user_sid = billing.user_sid
        AND vm_allocation.status IN ('provisioning', 'active'))
FROM billing WHERE billing.sid > ? ORDER BY billing.sid LIMIT ?
"""
POOL_IN_ORDER = """
SELECT pool_vm.sid, pool_vm.name, pool_vm.state, pool_vm.allocation_sid, pool_vm.running, vm_allocation.provider,
    vm_allocation.status, vm_allocation.next_check_at, vm_allocation.stopped_at
FROM pool_vm LEFT JOIN vm_allocation ON vm_allocation.sid = pool_vm.allocation_sid
WHERE pool_vm.sid > ? ORDER BY pool_vm.sid LIMIT ?
"""
ALLOCATIONS_IN_ORDER = """
SELECT vm_allocation.sid, vm_allocation.status, vm_allocation.provider, vm_allocation.next_check_at,
    vm_allocation.address, vm_allocation.provider_ref, vm_allocation.released_at, pool_vm.sid, pool_vm.state,
    pool_vm.address, vm_allocation.user_sid, billing.sid
FROM vm_allocation
LEFT JOIN pool_vm ON pool_vm.allocation_sid = vm_allocation.sid
LEFT JOIN billing ON billing.user_sid = vm_allocation.user_sid
WHERE vm_allocation.sid > ? ORDER BY vm_allocation.sid LIMIT ?
"""
