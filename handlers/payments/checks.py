"""Ask providers about payments that no webhook settled: by schedule, or because somebody wants to know."""

from __future__ import annotations

from datetime import datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import Conflict, DeclaredError, NotFound, RateLimited
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProviderUnavailable
from generated.models.onboarding import ProviderSession, SessionState, TopUp, TopUpStatus
from generated.tables.onboarding import TOP_UP, TopUpPatch
from handlers.payments.fetching import told_by
from handlers.payments.providers import Providers
from handlers.payments.settlement import Settlement, Stale
from handlers.payments.topups import TopUps, pending
from handlers.work.alerts import alert

SCHEDULE = tuple(timedelta(seconds=each) for each in (300, 3600, *(day * 86_400 for day in range(1, 6))))
"""When an open top-up is asked about, after it was started."""
CLAIM = timedelta(minutes=2)
"""After this long somebody else asks, where whoever asked did not come back."""
FREE_CHECKS = 10
"""Checks that people may ask for at once; then one per minute."""
BATCH = 50


class Checks:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, top_ups: TopUps, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._top_ups, self._log = settlement, top_ups, log
        self._store = Store.of(TOP_UP, database)
        self._due = database.prepare(
            "SELECT sid FROM top_up WHERE next_check_at <= ? AND provider = ? ORDER BY next_check_at, sid LIMIT ?"
        )

    def run_once(self) -> int:
        """Ask about what is due; how many top-ups that were."""
        asked = 0
        for provider in self._providers:
            for (sid,) in self._database.execute(self._due, (int(self._clock.now().timestamp()), provider, BATCH)):
                asked += 1
                try:
                    self._check(sid)
                except Exception as error:  # one that fails does not stop the others; it stays claimed for a while
                    if not isinstance(error, (DeclaredError, Stale)):
                        self._log.line("top-up not checked", {"top_up": sid, **described(error)}, "error")
        return asked

    def ask(self, sid: str, limited: bool) -> TopUp:
        """Ask about one top-up now. Raises `NotFound`, `Conflict` while somebody else asks, the provider's errors."""
        top_up = self._store.get(sid)
        if top_up.status != TopUpStatus.OPEN:
            return top_up
        minutes = (self._clock.now() - top_up.created_at).total_seconds() / 60
        if limited and top_up.checks >= FREE_CHECKS + minutes:
            raise RateLimited
        try:
            return self._check(sid)
        except Stale:
            found = self._store.get(sid)
            if found.status == TopUpStatus.OPEN:
                raise Conflict from None
            return found
        except (NotFound, ProviderUnavailable):
            raise
        except DeclaredError as error:
            raise ProviderUnavailable(provider=top_up.provider, detail=str(error)) from None

    def _check(self, sid: str) -> TopUp:
        top_up = self._claim(sid)
        if top_up is None:
            return self._store.get(sid)
        try:
            top_up, session = self._session(top_up)
        except DeclaredError:
            if next_check(top_up.created_at, self._clock.now()) is not None:
                raise
            return self._database.run(lambda: self._over(sid, paid=False))
        return self._settlement.ledger.transaction(lambda: self._learn(top_up, session))

    def _session(self, top_up: TopUp) -> tuple[TopUp, ProviderSession]:
        """The top-up with what the provider says of its checkout; one that nobody may pay any more is closed."""
        provider = self._providers[top_up.provider]
        unwanted = top_up.expires_at is not None and top_up.expires_at <= self._clock.now()
        if pending(top_up):
            # It was cut off before anybody was sent there: what is found, or made, now is closed again.
            top_up, unwanted = self._top_ups.open(top_up), True
        session = provider.fetch_session(top_up.session_ref)
        if unwanted and session.state == SessionState.OPEN and not session.payments:
            session = provider.expire_session(top_up.session_ref)
        return top_up, session

    def _claim(self, sid: str) -> TopUp | None:
        """The top-up as it is while we ask: its `rev` tells whether anybody else wrote to it since."""

        def work() -> TopUp | None:
            values = self._store.locked(sid, None)
            now = self._clock.now().replace(microsecond=0)
            if values["status"] == TopUpStatus.OPEN or values["next_check_at"] is not None:
                # Where nothing comes of it, the wait grows with the age.
                wait = max(CLAIM, (now - values["created_at"]) / 10)
                return self._store.patch(
                    sid, {"next_check_at": (now + wait).replace(microsecond=0), "checks": values["checks"] + 1}
                )
            return None

        return self._database.run(work)

    def _learn(self, top_up: TopUp, session: ProviderSession) -> TopUp:
        found = self._settlement.apply(top_up.sid, told_by(session, self._clock.now()), top_up.rev)
        if found.status != TopUpStatus.OPEN:
            return found if found.next_check_at is None else self._store.patch(found.sid, {"next_check_at": None})
        return self._later(found, session)

    def _later(self, top_up: TopUp, session: ProviderSession) -> TopUp:
        """Still open: ask again by the schedule; after its end it is over, or somebody has to look."""
        now = self._clock.now()
        following = next_check(top_up.created_at, now)
        if following is not None:
            return self._store.patch(top_up.sid, {"next_check_at": following})
        return self._over(top_up.sid, paid=session.state != SessionState.OPEN)

    def _over(self, sid: str, paid: bool) -> TopUp:
        """The schedule is at its end. `paid`: the payer did what there was to do, so somebody has to look."""
        if self._store.get(sid).status != TopUpStatus.OPEN:
            return self._store.patch(sid, {"next_check_at": None})
        over: TopUpPatch = {"next_check_at": None, "url": None, "status": TopUpStatus.EXPIRED}
        if paid:
            reason = "five days on, the provider has not said whether it was paid"
            over |= {"status": TopUpStatus.NEEDS_REVIEW, "review_reason": reason}
            alert(self._database, self._clock, "payment_review", sid, reason)
        return self._store.patch(sid, over)


def next_check(created_at: datetime, now: datetime) -> datetime | None:
    """The next time of the schedule; None after its end."""
    return next((created_at + after for after in SCHEDULE if created_at + after > now), None)
