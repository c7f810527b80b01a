"""The SQL of the pool."""

CLAIM = """
UPDATE pool_vm SET state = 'claimed', allocation_sid = ?, state_since = ?, running = TRUE, rev = rev + 1
WHERE state = 'free' AND sid = (
    SELECT sid FROM pool_vm WHERE state = 'free' AND sku = ? ORDER BY sid LIMIT 1{locked}
) RETURNING sid
"""
"""One conditional update: the first free VM of a size becomes that of an allocation."""
CLAIM_SQLITE, CLAIM_POSTGRESQL = CLAIM.format(locked=""), CLAIM.format(locked=" FOR UPDATE SKIP LOCKED")
"""SQLite has one writer at a time; PostgreSQL goes past a VM that somebody else is claiming."""
FREE = """
SELECT COUNT(*) FROM pool_vm WHERE state = 'free' AND sku = ?
"""
