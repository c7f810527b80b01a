"""What operators decide about verification: attempts set aside, opened anew or erased, each with its act."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, NotFound
from generated.errors.onboarding import ErasureUnsupported
from generated.models.onboarding import KycSession, KycStarted, User
from handlers.admin.acts import Acts
from handlers.kyc import statements, states
from handlers.kyc.attempts import Attempts
from handlers.kyc.providers import KycProviders
from handlers.kyc.verdicts import Verdicts
from handlers.work.alerts import clear, notify

NOTICE = "An operator set your verification aside. You can start again."


class Decisions:
    def __init__(self, providers: KycProviders, verdicts: Verdicts, attempts: Attempts) -> None:
        self._providers, self._verdicts, self._attempts = providers, verdicts, attempts
        self._database = verdicts.database
        self._acts = Acts(self._database)
        self._open = self._database.prepare(statements.ATTEMPTS_TO_SET_ASIDE)

    def reset(self, context: Context, user_sid: str, reason: str) -> User:
        """Whatever is told of the attempts so far changes nothing for the user any more. Raises `NotFound`."""
        return self._set_aside(context, "kyc.reset", user_sid, reason)

    def recreate(self, context: Context, user_sid: str, reason: str) -> KycStarted:
        """Set the attempts aside as `reset` does, then open a new one. Raises what `KycService.recreate` declares."""
        self._set_aside(context, "kyc.recreate", user_sid, reason)
        return self._attempts.open_for(user_sid)

    def _set_aside(self, context: Context, act: str, user_sid: str, reason: str) -> User:
        def work() -> User:
            before = self._verdicts.users.lock(user_sid)
            now = _now(context)
            aside = [sid for (sid,) in self._database.execute(self._open, (user_sid,))]
            for sid in aside:
                self._verdicts.sessions.patch(sid, {"superseded_at": now, "next_check_at": None})
                for kind in ("kyc_review", "kyc_unknown"):
                    clear(self._database, context.clock, kind, sid)
            self._verdicts.refresh(user_sid)
            after = self._verdicts.users.lock(user_sid)
            recorded = self._acts.record(
                context,
                act,
                user_sid,
                {"sessions": aside},
                reason,
                before={"kyc_status": before.kyc_status.value},
                after={"kyc_status": after.kyc_status.value},
            )
            notify(self._database, context.clock, user_sid, "kyc_decided", f"kyc:{recorded.sid}", NOTICE)
            return after

        found: User = self._verdicts.held.transaction(work)
        return found

    def erase(self, context: Context, session_sid: str, reason: str) -> KycSession:
        """Have an attempt erased at its provider, which is called outside of any transaction; one that is not known
        there is erased already. Raises what `KycService.erase` declares."""
        session = self._verdicts.sessions.get(session_sid)
        if session.erased_at is not None:
            return session
        if session.scan_ref is None:
            raise NotFound  # it was never opened there
        if session.status in states.OPEN and session.superseded_at is None:
            raise Conflict("this attempt is still open: set it aside by kyc.reset first")
        provider = self._providers[session.provider]
        if not provider.capabilities().erasure:
            raise ErasureUnsupported(provider=session.provider)
        with suppress(NotFound):
            provider.erase(session.scan_ref)
        return self._database.run(lambda: self._erased(context, session_sid, reason))

    def _erased(self, context: Context, session_sid: str, reason: str) -> KycSession:
        before = self._verdicts.sessions.object(self._verdicts.sessions.locked(session_sid, None))
        if before.erased_at is not None:
            return before  # somebody else had it erased meanwhile
        after = self._verdicts.sessions.patch(session_sid, {"erased_at": _now(context), "next_check_at": None})
        self._acts.record(context, "kyc.erase", session_sid, {}, reason, before=_shown(before), after=_shown(after))
        return after


def _now(context: Context) -> datetime:
    return context.clock.now().replace(microsecond=0)


def _shown(session: KycSession) -> dict[str, Any]:
    erased_at = session.erased_at
    return {"status": session.status.value, "erased_at": None if erased_at is None else erased_at.isoformat()}
