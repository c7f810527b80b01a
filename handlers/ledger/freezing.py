"""Whether a user's new spending is frozen: while money is held for a dispute, and by the last word on it after that.

The last word is the latest of: a lost dispute, an operator's `billing.freeze`.
"""

import json
from collections.abc import Callable

from codegen.runtime.storage.database import Database
from generated.models.onboarding import TransactionKind
from handlers.ledger import statements

FREEZE = "billing.freeze"
"""The act by which an operator freezes (`{"on": true}`) or unfreezes."""
FREEZING = (TransactionKind.DISPUTE_HOLD, TransactionKind.DISPUTE_RELEASE, TransactionKind.DISPUTE_LOSS)
"""Transactions that bear on it."""


def freezing(database: Database) -> Callable[[str, int], bool]:
    """A function that tells of a user, by its sid and the nano-dollars held, whether spending is frozen."""
    last_act = database.prepare(statements.LAST_ACT)
    last_loss = database.prepare(statements.LAST_TRANSACTION)

    def is_frozen(user_sid: str, held: int) -> bool:
        if held > 0:
            return True
        acts = database.execute(last_act, (user_sid, FREEZE))
        loss = database.execute(last_loss, (user_sid, TransactionKind.DISPUTE_LOSS.value))[0][0]
        if acts and (loss is None or acts[0][0] > loss):
            return bool(json.loads(acts[0][1])["on"])
        return loss is not None

    return is_frozen
