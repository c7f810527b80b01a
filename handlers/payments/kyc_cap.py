"""How much of the cap before KYC has become free: of a user's payments, what went back or may."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.storage.database import Row
from handlers.payments.moves import gone


def freed_before(sid: str, credited: Sequence[Row]) -> int:
    """Nano-dollars of the payments before the top-up `sid`, which may not be credited yet; `credited` are the rows of
    `statements.CREDITED_OF_USER`, in the order in which they were."""
    freed = 0
    for known, amount, refunded, excess, contested in credited:
        if known == sid:
            break
        freed += gone(amount, max(refunded - excess, 0), int(contested or 0))
    return freed
