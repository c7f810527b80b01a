"""The job that posts granted credit to `breakage` once it has expired."""

from __future__ import annotations

from functools import partial

from codegen.runtime.values.columns import encode_otime
from handlers.ledger import statements
from handlers.ledger.posting import Ledger

BATCH = 200


class GrantExpiry:
    """Expires grants of users who do not come by themselves: whatever is posted for a user expires theirs first."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._users = ledger.database.prepare(statements.USERS_WITH_EXPIRED_LOTS)

    def run_once(self) -> int:
        """Expire what is due, a transaction for each user; how many lots that was.

        A user whose posting fails does not keep others from theirs; the first such failure is raised in the end.
        """
        ledger, done, after = self._ledger, 0, ""
        failure: Exception | None = None
        while rows := ledger.database.execute(self._users, (encode_otime(ledger.clock.now()), after, BATCH)):
            for (user_sid,) in rows:
                try:
                    done += ledger.transaction(partial(ledger.expire, user_sid))
                except Exception as error:
                    failure = failure or error
                after = user_sid
        if failure is not None:
            raise failure
        return done
