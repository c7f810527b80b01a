"""Ask providers about attempts whose callbacks may be lost, and close those of which nothing came."""

from __future__ import annotations

from datetime import datetime, timedelta

from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.http.log import Log, described
from generated.errors.onboarding import ProviderUnavailable
from generated.models.onboarding import KycSession, KycStatus, KycVerdict
from handlers.kyc import schedule, statements
from handlers.kyc.providers import KycProviders
from handlers.kyc.verdicts import Received, Verdicts
from handlers.work.alerts import alert

BATCH = 50


class Checks:
    def __init__(self, providers: KycProviders, verdicts: Verdicts, log: Log) -> None:
        self._providers, self._verdicts, self._log = providers, verdicts, log
        self._database, self._clock = verdicts.database, verdicts.clock
        self._sessions = verdicts.sessions
        self._due = self._database.prepare(statements.DUE_ATTEMPTS)
        self._has_event = self._database.prepare(statements.HAS_EVENT)

    def run_once(self) -> int:
        """Ask about what is due; how many attempts that were."""
        now = self._clock.now()
        until = int((now + schedule.LONGEST).timestamp()) + 1
        asked = 0
        silent: set[str] = set()
        for sid, provider in self._database.execute(self._due, (int(now.timestamp()), until, BATCH)):
            if provider in silent:
                continue  # one that does not answer is not asked fifty times in a row
            asked += 1
            try:
                self.ask(sid)
            except ProviderUnavailable:
                silent.add(provider)
            except Exception as error:  # one that fails does not stop the others; it is asked about again later
                if not isinstance(error, DeclaredError):
                    self._log.line("KYC attempt not checked", {"session": sid, **described(error)}, "error")
        return asked

    def ask(self, sid: str) -> None:
        """Ask about an attempt, and learn what is told. Raises the provider's errors."""
        session = self._database.run(lambda: self._claim(sid))
        if session is None or session.scan_ref is None:
            return
        ref, provider = session.scan_ref, self._providers[session.provider]
        at = self._verdicts.now()
        if session.decided_at is not None:  # the answer is newer than all that was known when it was asked for
            at = max(at, session.decided_at + timedelta(seconds=1))
        try:
            verdict = provider.fetch(ref)
        except NotFound:
            self._verdicts.held.transaction(lambda: self._learn(sid, None))
            return
        if verdict.scan_ref != ref:
            raise ProviderUnavailable(provider=session.provider, detail="it answered about another attempt")
        name = f"check:{ref}:{verdict.status}:{int(at.timestamp())}"

        def learn() -> None:
            self._verdicts.take(session.provider, Received(name, verdict, at), asked=True)
            self._learn(sid, verdict)

        self._verdicts.held.transaction(learn)

    def hurry(self, user_sid: str) -> None:
        """Somebody came back from the provider: ask soon, unless its callback comes first."""
        session = self._verdicts.newest(user_sid)
        soon = self._verdicts.now() + schedule.SOON
        if session is None or session.status != KycStatus.IN_PROGRESS or session.checks >= schedule.HURRIED:
            return
        if session.next_check_at is None or session.next_check_at > soon:
            self._sessions.patch(session.sid, {"next_check_at": soon})

    def _claim(self, sid: str) -> KycSession | None:
        """The attempt, with the next time to ask where this question brings no answer. An attempt that stays unknown
        for days is shown to an operator, whether or not the provider answers."""
        session = self._sessions.object(self._sessions.locked(sid, None))
        if session.superseded_at is not None:
            self._sessions.patch(sid, {"next_check_at": None})
            return None
        now = self._verdicts.now()
        if session.status == KycStatus.IN_PROGRESS and now - _expires(session) >= schedule.OVERDUE:
            detail = f"started at {session.created_at:%Y-%m-%d %H:%M}; {session.provider} has not said how it ended"
            alert(self._database, self._clock, "kyc_unknown", sid, detail)
        again = schedule.without_answer(session.created_at, now)
        return self._sessions.patch(sid, {"next_check_at": again, "checks": session.checks + 1})

    def _learn(self, sid: str, verdict: KycVerdict | None) -> None:
        """The next time to ask; an attempt that nobody went through in its time is closed. The provider may not know
        an attempt (None): it is over then, too."""
        session = self._sessions.get(sid)
        self._verdicts.users.lock(session.user_sid)
        session = self._sessions.object(self._sessions.locked(sid, None))
        now = self._verdicts.now()
        late = now >= _expires(session) + (schedule.GRACE if verdict is not None else schedule.CLAIM)
        untouched = verdict is None or verdict.status in (KycStatus.IN_PROGRESS, KycStatus.PENDING)
        if session.status == KycStatus.IN_PROGRESS and late and untouched and not self._went_through(sid):
            self._verdicts.close(session)
            return
        following = schedule.next_check(session.status, session.created_at, _expires(session), now)
        aside = session.superseded_at is not None
        self._sessions.patch(sid, {"next_check_at": None if aside else following})

    def _went_through(self, sid: str) -> bool:
        """Whether a callback told of it: people may be looking at it."""
        return bool(self._database.execute(self._has_event, (sid,)))


def _expires(session: KycSession) -> datetime:
    return session.expires_at or session.created_at
