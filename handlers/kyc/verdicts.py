"""Verdicts applied: event, attempt, user, notice and held credit in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import KycSession, KycStatus, KycVerdict
from generated.tables.onboarding import KYC_EVENT, KYC_SESSION
from handlers.identity.users import Users
from handlers.kyc import schedule, statements, states
from handlers.kyc.credit import HeldCredit
from handlers.kyc.states import State, Told
from handlers.work.alerts import alert, clear, notify

NOTICES = {
    KycStatus.COMPLETED: "You are verified: plans, machines and more credit are open to you.",
    KycStatus.FAILED: "Your verification was not accepted. The page says why, and you can try again.",
    KycStatus.REVIEW: "Your verification is being looked at by people. You need not do anything.",
    KycStatus.EXPIRED: "Your verification was not finished in time. You can start again.",
}


class Received(NamedTuple):
    """A verdict with the name of its event."""

    event_id: str
    verdict: KycVerdict
    at: datetime


class Verdicts:
    """Everything that writes is called inside a transaction of `held`, and locks the user first."""

    def __init__(self, database: Database, clock: Clock, held: HeldCredit) -> None:
        self.database, self.clock, self.held = database, clock, held
        self.users, self.sessions = Users(database, clock), Store.of(KYC_SESSION, database)
        self._events = Store.of(KYC_EVENT, database)
        self._newest = database.prepare(statements.NEWEST_ATTEMPT)

    def now(self) -> datetime:
        """The time in whole seconds, as the database keeps it."""
        return self.clock.now().replace(microsecond=0)

    def newest(self, user_sid: str) -> KycSession | None:
        """The attempt that counts: the last one that was not set aside."""
        rows = self.database.execute(self._newest, (user_sid,))
        return self.sessions.get(rows[0][0]) if rows else None

    def take(self, provider: str, received: Received, *, asked: bool) -> bool:
        """Take a callback, or with `asked` an answer; False for an event that is known already."""
        verdict = received.verdict
        session = self.sessions.one({"provider": provider, "scan_ref": verdict.scan_ref})
        if session is not None:
            self.users.lock(session.user_sid)
            session = self.sessions.object(self.sessions.locked(session.sid, None))
        told = Told(verdict.status, verdict.final, received.at)
        if asked and (session is None or not told.final or told.status == session.status):
            return False  # the answer tells nothing new
        event = self._events.insert_once(
            {
                "provider": provider,
                "event_id": received.event_id,
                "session_sid": None if session is None else session.sid,
                "user_sid": None if session is None else session.user_sid,
                "scan_ref": verdict.scan_ref,
                "final": verdict.final,
                "status": verdict.status,
                "tags": list(verdict.tags),
                "occurred_at": received.at,
                "received_at": self.now(),
            },
            self.clock.now(),
            ("provider", "event_id"),
        )
        if event is not None and session is not None:
            self._apply(session, told, verdict.reason, asked)
        return event is not None

    def close(self, session: KycSession) -> None:
        """Nothing came of it, by our own clock."""
        self._keep(session, State(KycStatus.EXPIRED), None)

    def refresh(self, user_sid: str) -> None:
        """The user's state is that of the attempt that counts; credit that was held is theirs once it is completed."""
        newest = self.newest(user_sid)
        status = newest.status if newest is not None else KycStatus.PENDING
        verified_at = newest.decided_at if newest is not None and status == KycStatus.COMPLETED else None
        self.users.verified(user_sid, status, verified_at)
        if status == KycStatus.COMPLETED:
            self.held.release(user_sid)

    def _apply(self, session: KycSession, told: Told, reason: str | None, asked: bool) -> None:
        before = _state(session)
        now = states.after(before, told)
        if now != before:
            self._keep(session, now, reason)
        if states.contradicts(before, told) and not asked and session.superseded_at is None:
            self.sessions.patch(session.sid, {"next_check_at": self.now()})

    def _keep(self, session: KycSession, state: State, reason: str | None) -> None:
        now = self.now()
        aside = session.superseded_at is not None
        expires = session.expires_at or session.created_at
        kept = self.sessions.patch(
            session.sid,
            {
                "status": state.status,
                "decided_at": state.decided_at,
                "completed_at": session.completed_at or (None if state.status in states.OPEN else now),
                "reason": reason if state.status == KycStatus.FAILED else None,
                "next_check_at": None if aside else schedule.next_check(state.status, session.created_at, expires, now),
            },
        )
        self.refresh(session.user_sid)
        if kept.status != session.status:
            self._tell(kept)

    def _tell(self, session: KycSession) -> None:
        """Its user, where the attempt counts; an operator, where one has to decide."""
        if session.status != KycStatus.IN_PROGRESS:
            clear(self.database, self.clock, "kyc_unknown", session.sid)
        if session.status == KycStatus.REVIEW and session.superseded_at is None:
            detail = f"{session.provider} leaves it to you; look there, then set it aside by kyc.reset"
            alert(self.database, self.clock, "kyc_review", session.sid, detail)
        else:
            clear(self.database, self.clock, "kyc_review", session.sid)
        newest = self.newest(session.user_sid)
        if newest is not None and newest.sid == session.sid:
            occasion = f"kyc:{session.sid}:{session.rev}"
            notify(self.database, self.clock, session.user_sid, "kyc_decided", occasion, NOTICES[session.status])


def _state(session: KycSession) -> State:
    return State(session.status, session.decided_at)
