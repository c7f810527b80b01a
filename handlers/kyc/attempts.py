"""Start an attempt: written down, asked of the provider outside the transaction, written down again.

One attempt is open at a time. Whoever starts while it is being opened waits for it. An attempt that was written down
and never opened counts for nothing: nobody has seen its page.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event

from codegen.runtime.errors import Conflict, DeclaredError, NotFound, RateLimited
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import KycCompleted, ProviderRefused, ProviderUnavailable
from generated.models.onboarding import KycAttempt, KycOrder, KycSession, KycStarted, KycStatus
from generated.tables.onboarding import KYC_SESSION
from handlers.kyc import schedule, statements, states
from handlers.kyc.checks import Checks
from handlers.kyc.providers import KycProviders
from handlers.kyc.settings import KycSettings
from handlers.kyc.verdicts import Verdicts

OPEN_WITHIN = timedelta(hours=24)
"""In which somebody has to begin."""
OPENING = timedelta(seconds=90)
"""After this long nobody comes back from opening an attempt; longer than a provider may take."""
PER_DAY = 10
"""Attempts that a user may start within a day."""
PAUSE, LOOKS = 0.1, 150
"""Seconds between two looks at an attempt that somebody else opens, and how many there are."""


def wait() -> None:
    """Let somebody else go on for a moment."""
    Event().wait(PAUSE)


class Attempts:
    def __init__(
        self,
        settings: KycSettings,
        providers: KycProviders,
        verdicts: Verdicts,
        checks: Checks,
        wait: Callable[[], None] = wait,
    ) -> None:
        self._settings, self._providers, self._verdicts, self._checks = settings, providers, verdicts, checks
        self._database, self._clock, self._wait = verdicts.database, verdicts.clock, wait
        self._store = Store.of(KYC_SESSION, self._database)
        prepare = self._database.prepare
        self._unopened, self._last = prepare(statements.UNOPENED_ATTEMPTS), prepare(statements.LAST_BEGUN)
        self._recent = prepare(statements.ATTEMPTS_SINCE)

    def start(self, user_sid: str) -> KycStarted:
        """The attempt that is open, or a new one. Raises what `KycService.start` declares."""
        return self._start(user_sid, limited=self._settings.rate_limits)

    def open_for(self, user_sid: str) -> KycStarted:
        """The same for an operator, whom no limit stops. Raises as `start` does."""
        return self._start(user_sid, limited=False)

    def _start(self, user_sid: str, *, limited: bool) -> KycStarted:
        asked: set[str] = set()
        for _ in range(LOOKS):
            found, ours = self._verdicts.held.transaction(lambda: self._begin(user_sid, asked, limited))
            if found is None:
                self._wait()
            elif ours:
                return self._open(found)
            elif self._over(found) and found.sid not in asked:
                asked.add(found.sid)
                self._look(found.sid)
            else:
                return _started(found)
        raise ProviderUnavailable(provider=self._name(), detail="another start is still under way; try again")

    def _look(self, sid: str) -> None:
        """Its time is over: whether it ended in another way is known at the provider, if it answers."""
        with suppress(DeclaredError):
            self._checks.ask(sid)

    # --- what is written down ---------------------------------------------------------------------------------

    def _begin(self, user_sid: str, asked: set[str], limited: bool) -> tuple[KycSession | None, bool]:
        """The attempt to go on with, and whether we are to open it; None while somebody else does. One whose time is
        over is given as it is, until the provider was `asked` about it; then it is closed."""
        user = self._verdicts.users.lock(user_sid)
        if user.kyc_status == KycStatus.COMPLETED:
            raise KycCompleted
        newest = self._verdicts.newest(user_sid)
        if newest is not None and newest.status in states.OPEN:
            if not self._over(newest) or newest.sid not in asked:
                return newest, False
            self._verdicts.close(newest)
        name = self._name()
        now = self._verdicts.now()
        for sid, created_at in self._database.execute(self._unopened, (user_sid,)):
            if abs(now - decode_otime(created_at)) < OPENING:
                return None, False
            self._store.delete(sid)
        if limited:
            self._limit(user_sid, now)
        return self._new(user_sid, name, now), True

    def _new(self, user_sid: str, provider: str, now: datetime) -> KycSession:
        last = self._database.execute(self._last, (user_sid,))[0][0]
        # Later than any before: the order of attempts is that of their times.
        created_at = now if last is None else max(now, decode_otime(last) + timedelta(seconds=1))
        sid = new_sid()
        return self._store.new(
            {"sid": sid, "user_sid": user_sid, "provider": provider, "client_id": sid, "created_at": created_at}, now
        )

    def _limit(self, user_sid: str, now: datetime) -> None:
        since = int((now - timedelta(days=1)).timestamp())
        if self._database.execute(self._recent, (user_sid, since))[0][0] >= PER_DAY:
            raise RateLimited

    def _open(self, session: KycSession) -> KycStarted:
        """Ask the provider. Where it does not open the attempt, or does not say so, the attempt is gone again: its
        page is known to nobody, and the next one has another name there."""
        try:
            attempt = self._providers[session.provider].start(self._order(session))
        except DeclaredError as error:
            self._forget(session)
            if isinstance(error, (ProviderUnavailable, ProviderRefused)):
                raise
            raise ProviderRefused(provider=session.provider, detail=error.slug) from None
        except Exception:
            self._forget(session)
            raise
        return _started(self._verdicts.held.transaction(lambda: self._opened(session, attempt)))

    def _forget(self, session: KycSession) -> None:
        def work() -> None:
            self._verdicts.users.lock(session.user_sid)
            with suppress(NotFound):
                if self._store.locked(session.sid, None)["redirect_url"] is None:
                    self._store.delete(session.sid)

        self._database.run(work)

    def _opened(self, session: KycSession, attempt: KycAttempt) -> KycSession:
        self._verdicts.users.lock(session.user_sid)
        gone = ProviderUnavailable(provider=session.provider, detail="it took too long; try again")
        try:
            if self._store.locked(session.sid, None)["superseded_at"] is not None:
                raise gone
        except NotFound:  # somebody did not wait any longer
            raise gone from None
        now = self._verdicts.now()
        try:
            kept = self._store.patch(
                session.sid,
                {
                    "scan_ref": attempt.scan_ref,
                    "redirect_url": attempt.redirect_url,
                    "expires_at": attempt.expires_at,
                    "next_check_at": schedule.next_check(
                        KycStatus.IN_PROGRESS, session.created_at, attempt.expires_at, now
                    ),
                },
            )
        except Conflict:
            detail = "it gave an attempt of somebody else"
            raise ProviderRefused(provider=session.provider, detail=detail) from None
        self._verdicts.refresh(session.user_sid)
        return kept

    # --- what is asked ----------------------------------------------------------------------------------------

    def _order(self, session: KycSession) -> KycOrder:
        back = f"{self._settings.public_url}/kyc/return"
        return KycOrder(
            session_sid=session.sid,
            user_sid=session.user_sid,
            client_id=session.client_id,
            success_url=back,
            failure_url=back,
            review_url=back,
            open_within=int(OPEN_WITHIN.total_seconds()),
        )

    def _name(self) -> str:
        name = self._providers.chosen
        if name is None:
            raise ProviderUnavailable(
                provider=self._settings.kyc_provider or "kyc", detail="no KYC provider is set up on this site"
            )
        return name

    def _over(self, session: KycSession) -> bool:
        """Whether it cannot be begun any more."""
        ends = session.expires_at
        return session.status == KycStatus.IN_PROGRESS and ends is not None and ends <= self._clock.now()


def _started(session: KycSession) -> KycStarted:
    assert session.redirect_url is not None, "an attempt without a page is not shown to anybody"
    return KycStarted(redirect_url=session.redirect_url, session_sid=session.sid)
