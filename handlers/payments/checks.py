"""Ask providers about top-ups: by schedule, because a user wants to know, or because an operator does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codegen.runtime.context import Clock
from codegen.runtime.errors import Conflict, DeclaredError, NotFound, RateLimited
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProviderUnavailable, TopUpNotOpen
from generated.models.onboarding import ProviderSession, SessionState, TopUp, TopUpStatus
from generated.tables.onboarding import TOP_UP
from handlers.payments import schedule, statements
from handlers.payments.fetching import fetch, fetched_events
from handlers.payments.providers import Providers
from handlers.payments.settlement import Settlement, Stale, reached
from handlers.payments.topups import TopUps
from handlers.work.alerts import alert

FREE_CHECKS = 10
"""Checks that people may ask for at once; then one per minute."""
BATCH = 50

Also = Callable[[], None]
"""Is done in the transaction that writes down what was learned."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of a top-up, as that was when it was asked; `unwanted`: it was to be closed, if unpaid."""

    top_up: TopUp
    session: ProviderSession
    unwanted: bool


class Checks:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, top_ups: TopUps, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._top_ups, self._log = settlement, top_ups, log
        self._store = Store.of(TOP_UP, database)
        self._due = database.prepare(statements.DUE_TOP_UPS)

    def run_once(self) -> int:
        """Ask about what is due; how many top-ups that were."""
        asked = 0
        silent: set[str] = set()
        for sid, provider in self._database.execute(self._due, (*schedule.due_by(self._clock.now()), BATCH)):
            if provider in silent:
                continue  # one that does not answer is not asked fifty times in a row
            asked += 1
            try:
                self._check(sid, past=False)
            except ProviderUnavailable:
                silent.add(provider)
            except Exception as error:  # one that fails does not stop the others; it is asked about again later
                if not isinstance(error, (DeclaredError, Stale)):
                    self._log.line("top-up not checked", {"top_up": sid, **described(error)}, "error")
        return asked

    # --- because somebody wants to know -----------------------------------------------------------------------

    def ask(self, sid: str, limited: bool) -> TopUp:
        """Ask about an open top-up now. Raises `Conflict` while somebody else asks, `ProviderUnavailable`."""
        top_up = self._store.get(sid)
        if top_up.status != TopUpStatus.OPEN:
            return top_up
        minutes = (self._clock.now() - top_up.created_at).total_seconds() / 60
        if limited and top_up.checks >= FREE_CHECKS + minutes:
            raise RateLimited
        return self._answered(top_up, past=False)

    def recheck(self, sid: str, also: Also) -> TopUp:
        """Ask about a top-up, whatever is known of it. Raises as `ask` does."""
        return self._answered(self._store.get(sid), past=True, also=also)

    def look(self, sid: str) -> ProviderSession:
        """Ask about a top-up, whatever is known of it, and learn what is told; the answer. Raises `Stale` where
        somebody else learned of it meanwhile, `NotFound` where the provider does not know it, and its errors."""
        claimed = self._claim(sid, past=True)
        assert claimed is not None, "it is asked about, whatever its status"
        answer = self._told(claimed, unwanted=False)
        self._settlement.ledger.transaction(lambda: self._learn(answer, None))
        return answer.session

    def cancel(self, sid: str) -> TopUp:
        """Close an open checkout at the provider. Raises `TopUpNotOpen`, and as `ask` does."""
        top_up = self._store.get(sid)
        if top_up.status != TopUpStatus.OPEN:
            raise TopUpNotOpen
        return self._answered(top_up, past=False, unwanted=True)

    def give_up(self, sid: str, cause: str, also: Also) -> TopUp:
        """Wait no more for a top-up whose fate nobody tells: it is closed at the provider if that answers, and here.
        One that turns out to be paid is not closed. Raises `TopUpNotOpen`."""
        top_up = self._store.get(sid)
        if self._settlement.state(top_up).status != TopUpStatus.OPEN:
            raise TopUpNotOpen
        if reached(top_up):
            try:
                self._check(sid, past=True, unwanted=True)
            except Exception as error:  # whatever the provider does, an operator can stop waiting for it
                self._log.line("top-up closed without an answer", {"top_up": sid, **described(error)})

        def work() -> TopUp:
            found = self._store.object(self._store.locked(sid, None))
            if self._settlement.state(found).status == TopUpStatus.OPEN:
                found = self._settlement.close(sid, cause)
            also()
            return found

        return self._settlement.ledger.transaction(work)

    def _answered(self, top_up: TopUp, *, past: bool, unwanted: bool = False, also: Also | None = None) -> TopUp:
        try:
            return self._check(top_up.sid, past=past, unwanted=unwanted, also=also)
        except Stale:
            found = self._store.get(top_up.sid)
            if found.status == top_up.status:
                raise Conflict from None
            return found
        except ProviderUnavailable:
            raise
        except DeclaredError as error:
            raise ProviderUnavailable(provider=top_up.provider, detail=str(error)) from None

    # --- asking -----------------------------------------------------------------------------------------------

    def _check(self, sid: str, *, past: bool, unwanted: bool = False, also: Also | None = None) -> TopUp:
        """Ask about a top-up that is open or to be asked about, with `past` about any. `unwanted`: close it, if it is
        not paid."""
        top_up = self._claim(sid, past)
        if top_up is None:
            return self._store.get(sid)
        answer = self._told(top_up, unwanted)
        return self._settlement.ledger.transaction(lambda: self._learn(answer, also))

    def _told(self, top_up: TopUp, unwanted: bool) -> Answer:
        """What the provider says; that it does not is written down."""
        try:
            return self._session(top_up, unwanted)
        except Exception as error:
            unknown = isinstance(error, NotFound)
            self._database.run(lambda: self._unanswered(top_up, unknown))
            raise

    def _session(self, top_up: TopUp, unwanted: bool) -> Answer:
        """The top-up with what the provider says of its checkout; one that nobody may pay any more is closed."""
        provider = self._providers[top_up.provider]
        unwanted = unwanted or self._overdue(top_up)
        unwanted = unwanted or (top_up.expires_at is not None and top_up.expires_at <= self._clock.now())
        if not reached(top_up):
            # It was cut off before anybody was sent there: what is found, or made, now is closed again.
            top_up, unwanted = self._top_ups.open(top_up), True
        session = fetch(provider, top_up)
        if unwanted and _unpaid(session):
            session = provider.expire_session(top_up.session_ref)
        return Answer(top_up, session, unwanted)

    def _claim(self, sid: str, past: bool) -> TopUp | None:
        """The top-up as it is while we ask: its `rev` tells whether anybody else wrote to it since."""

        def work() -> TopUp | None:
            top_up = self._store.object(self._store.locked(sid, None))
            now = self._clock.now()
            waits = top_up.status == TopUpStatus.OPEN or top_up.next_check_at is not None
            if not waits and not past:
                return None
            again = now + schedule.without_answer(now - top_up.created_at) if waits else None
            return self._store.patch(sid, {"next_check_at": again, "checks": top_up.checks + 1})

        return self._database.run(work)

    def _learn(self, answer: Answer, also: Also | None) -> TopUp:
        top_up, session = answer.top_up, answer.session
        found = self._settlement.apply(top_up.sid, fetched_events(session, self._clock.now()), top_up.rev)
        if found.status == TopUpStatus.OPEN and answer.unwanted and _unpaid(session):
            # The provider cannot close it: we wait no more, and what is paid on it all the same is credited.
            found = self._settlement.close(found.sid, f"check:{top_up.sid}")
        elif found.status == TopUpStatus.OPEN and self._overdue(found):
            self._alert(found)
        following = schedule.next_check(self._settlement.state(found), found.created_at, self._clock.now())
        kept = self._store.patch(found.sid, {"next_check_at": following})
        if also is not None:
            also()
        return kept

    # --- no answer --------------------------------------------------------------------------------------------

    def _unanswered(self, top_up: TopUp, unknown: bool) -> None:
        """Nobody knows its fate. One that is overdue and of which the provider says that it does not know it
        (`unknown`) is not asked about any more: an operator has it."""
        if top_up.status != TopUpStatus.OPEN or not self._overdue(top_up):
            return
        self._alert(top_up)
        if unknown:
            self._store.patch(top_up.sid, {"next_check_at": None})

    def _alert(self, top_up: TopUp) -> None:
        detail = f"started at {top_up.created_at:%Y-%m-%d %H:%M}; {top_up.provider} has not said whether it was paid"
        alert(self._database, self._clock, "payment_unknown", top_up.sid, detail)

    def _overdue(self, top_up: TopUp) -> bool:
        return self._clock.now() - top_up.created_at >= schedule.OVERDUE


def _unpaid(session: ProviderSession) -> bool:
    """Whether nothing was paid on a checkout, nor is on its way."""
    return session.state == SessionState.OPEN and not session.payments
