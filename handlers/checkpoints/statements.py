"""The SQL of checkpoints: the kept subtrees, the signed roots, and both in order for the audit."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import CHECKPOINT_ROOT

SUBTREES = """
SELECT hash FROM ledger_subtree WHERE height = ? AND number >= ? AND number < ? ORDER BY number
"""
LAST_SUBTREE = """
SELECT number FROM ledger_subtree WHERE height = ? ORDER BY number DESC LIMIT 1
"""
LAST_CHECKPOINT = statement(
    """
SELECT {checkpoint} FROM checkpoint_root ORDER BY day DESC, last_position DESC LIMIT 1
""",
    checkpoint=CHECKPOINT_ROOT,
)

# --- audit ----------------------------------------------------------------------------------------------------------

SUBTREES_IN_ORDER = """
SELECT height, number, hash, sid FROM ledger_subtree WHERE (height, number) > (?, ?) ORDER BY height, number LIMIT ?
"""
CHECKPOINTS_IN_ORDER = statement(
    """
SELECT {checkpoint} FROM checkpoint_root WHERE (day, last_position) > (?, ?) ORDER BY day, last_position LIMIT ?
""",
    checkpoint=CHECKPOINT_ROOT,
)
