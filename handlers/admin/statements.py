"""The SQL of the audit log and of the audit."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import CHAIN_HEAD, OPERATOR_ACT

LAST_ACT = """
SELECT position, hash FROM operator_act ORDER BY position DESC LIMIT 1
"""
NEWEST_SID = """
SELECT MAX(sid) FROM operator_act
"""
LAST_ACT_ON = """
SELECT sid, arguments FROM operator_act WHERE subject = ? AND act = ? ORDER BY position DESC LIMIT 1
"""
SUBJECTS_OF_ACTS = """
SELECT position, act, subject FROM operator_act WHERE position > ? ORDER BY position LIMIT ?
"""
KEEP_HEAD = """
UPDATE chain_head SET position = ?, hash = ?, rev = rev + 1 WHERE chain = 'operator_act'
"""

# --- audit ----------------------------------------------------------------------------------------------------------

ACTS_IN_ORDER = statement(
    "SELECT {act} FROM operator_act WHERE position > ? ORDER BY position LIMIT ?", act=OPERATOR_ACT
)
HEAD_OF_ACTS = statement("SELECT {head} FROM chain_head WHERE chain = 'operator_act'", head=CHAIN_HEAD)
