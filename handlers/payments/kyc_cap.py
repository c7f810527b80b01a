"""How much of the cap before KYC has become free: of a user's payments, what went back or may."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from handlers.ledger.history import History
from handlers.ledger.posting import payment_key
from handlers.payments import statements
from handlers.payments.moves import gone


class FreedOfCap:
    """What went back of payments, or may, in nano-dollars; read from `database`."""

    def __init__(self, database: Database) -> None:
        self._database, self._history = database, History(database)
        self._gone = database.prepare(statements.GONE_OF_USER)

    def of(self, user_sid: str) -> int:
        """Of all payments of a user."""
        return self._before(user_sid, None)

    def before(self, user_sid: str, payment: str) -> int:
        """Of a user's payments that were credited before the one with this posting key; it may not be credited yet."""
        return self._before(user_sid, payment)

    def _before(self, user_sid: str, payment: str | None) -> int:
        back = {
            payment_key(provider, ref): (max(refunded - excess, 0), int(contested or 0))
            for provider, ref, refunded, excess, contested in self._database.execute(self._gone, (user_sid,))
        }
        freed = 0
        for known, credited in self._history.credited(user_sid):
            if known == payment:
                break
            freed += gone(credited, *back[known])
        return freed
