"""Whether a user's new spending is frozen: while a payment is disputed, and by the last word on it after that.

The last word is the latest of: a dispute that was lost and stayed so, an operator's `billing.freeze`.
"""

from collections import Counter
from typing import Protocol

from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import TransactionKind
from handlers.admin.acts import Acts
from handlers.ledger import statements

FREEZE = "billing.freeze"
"""The act by which an operator freezes (`{"on": true}`) or unfreezes."""
FREEZING = (
    TransactionKind.DISPUTE_HOLD,
    TransactionKind.DISPUTE_RELEASE,
    TransactionKind.DISPUTE_LOSS,
    TransactionKind.DISPUTE_REINSTATED,
)
"""Transactions that bear on it."""


class Freezing(Protocol):
    def __call__(self, user_sid: str, said: bool | None = None) -> bool:
        """Whether a user's spending is frozen; `said` is what an operator says just now."""
        ...


def freezing(database: Database) -> Freezing:
    """The function that tells it from what is posted and recorded in a database."""
    acts = Acts(database)
    disputes = database.prepare(statements.DISPUTE_TRANSACTIONS)
    kinds = [kind.value for kind in FREEZING]

    def is_frozen(user_sid: str, said: bool | None = None) -> bool:
        steps = [(TransactionKind(kind), *rest) for kind, *rest in database.execute(disputes, (user_sid, *kinds))]
        if said is not None:
            return frozen(steps, (new_sid(), said))
        last = acts.last(FREEZE, user_sid)
        return frozen(steps, (last[0], bool(last[1]["on"])) if last is not None else None)

    return is_frozen


def frozen(steps: list[tuple[TransactionKind, str, str]], act: tuple[str, bool] | None) -> bool:
    """`steps` are the dispute transactions of a user (kind, source, sid) in order, `act` the last freezing act: its sid
    and whether it freezes."""
    count = Counter(kind for kind, _, _ in steps)
    closed = count[TransactionKind.DISPUTE_RELEASE] + count[TransactionKind.DISPUTE_LOSS]
    if count[TransactionKind.DISPUTE_HOLD] > closed:
        return True
    losses: dict[str, list[str]] = {}
    for kind, source, sid in steps:
        if kind == TransactionKind.DISPUTE_LOSS:
            losses.setdefault(source, []).append(sid)
        elif kind == TransactionKind.DISPUTE_REINSTATED and losses.get(source):
            losses[source].pop()
    last_loss = max((sid for sids in losses.values() for sid in sids), default=None)
    if act is not None and (last_loss is None or act[0] > last_loss):
        return act[1]
    return last_loss is not None
