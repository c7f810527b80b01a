"""What operators decide about verification: all attempts of a user set aside, in one transaction with its act."""

from __future__ import annotations

from typing import Any

from codegen.runtime.context import Context
from generated.models.onboarding import User
from handlers.admin.acts import Acts
from handlers.kyc import statements
from handlers.kyc.verdicts import Verdicts
from handlers.work.alerts import clear, notify

NOTICE = "An operator set your verification aside. You can start again."


class Decisions:
    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts, self._database = verdicts, verdicts.database
        self._acts = Acts(self._database)
        self._open = self._database.prepare(statements.ATTEMPTS_TO_SET_ASIDE)

    def reset(self, context: Context, user_sid: str, reason: str) -> User:
        """Whatever is told of the attempts so far changes nothing for the user any more. Raises `NotFound`."""

        def work() -> User:
            before = self._verdicts.users.lock(user_sid)
            now = context.clock.now().replace(microsecond=0)
            aside = [sid for (sid,) in self._database.execute(self._open, (user_sid,))]
            for sid in aside:
                self._verdicts.sessions.patch(sid, {"superseded_at": now, "next_check_at": None})
                for kind in ("kyc_review", "kyc_unknown"):
                    clear(self._database, context.clock, kind, sid)
            self._verdicts.refresh(user_sid)
            after = self._verdicts.users.lock(user_sid)
            act = self._acts.record(
                context,
                "kyc.reset",
                user_sid,
                {"sessions": aside},
                reason,
                before=_shown(before),
                after=_shown(after),
            )
            notify(self._database, context.clock, user_sid, "kyc_decided", f"kyc:{act.sid}", NOTICE)
            return after

        found: User = self._verdicts.held.transaction(work)
        return found


def _shown(user: User) -> dict[str, Any]:
    return {"kyc_status": user.kyc_status.value}
