"""Audit of verification: each attempt is what its events say, and each user what the attempt that counts says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.columns import decode_otime
from generated.models.onboarding import AuditFinding, KycStatus
from handlers.audit import Audit, Carry
from handlers.kyc import statements, states
from handlers.kyc.states import BEGUN, State, Told


def _attempts(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    events_of = database.prepare(statements.EVENTS_OF_ATTEMPT)
    for sid, user_sid, provider, scan_ref, status, decided_at, completed_at, page in rows:
        events = database.execute(events_of, (sid,))
        state = State(KycStatus(status), None if decided_at is None else decode_otime(decided_at))
        for detail in _told(state, completed_at, page, events, (user_sid, provider, scan_ref)):
            yield AuditFinding(check="kyc", subject=sid, detail=detail)


def _told(
    state: State, completed_at: int | None, page: str | None, events: Sequence[Row], whose: tuple[str, str, str]
) -> Iterator[str]:
    """What is wrong with one attempt. Our own clock may have closed one of which nothing came."""
    if any(tuple(row[:3]) != whose for row in events):
        yield "one of its events is of another user, provider or attempt"
    told = [Told(KycStatus(status), bool(final), decode_otime(at)) for _, _, _, final, status, at in events]
    due = reduce(states.after, told, BEGUN)
    closed = due == BEGUN and state == State(KycStatus.EXPIRED)
    if state != due and not closed:
        yield f"its events say {due.status}, and it is {state.status}"
    if completed_at is None and state.status not in states.OPEN:
        yield f"it is {state.status}, and not said since when"
    if page is None and state != BEGUN:
        yield f"it is {state.status}, and nobody was sent there"


def _users(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Of whom no attempt is known is not judged: their state was brought along."""
    for sid, status, verified_at, newest, due, decided_at in rows:
        due = due or KycStatus.PENDING.value
        since = decided_at if due == KycStatus.COMPLETED else None
        if status != due:
            yield AuditFinding(check="kyc", subject=sid, detail=f"the attempt {newest} is {due}, and the user {status}")
        elif verified_at != since:
            yield AuditFinding(check="kyc", subject=sid, detail=f"verified, but not since {newest} was decided")


ATTEMPTS = Audit(name="kyc.attempts", statement=statements.ATTEMPTS_IN_ORDER, judge=_attempts)
USERS = Audit(name="kyc.users", statement=statements.USERS_AND_ATTEMPTS_IN_ORDER, judge=_users)
