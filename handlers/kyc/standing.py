"""How a user's verification stands, and the next step: for pages and for `kyc.state`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from codegen.runtime.context import Clock
from generated.models.onboarding import KycCapabilities, KycSession, KycStatus, User
from handlers.kyc import statements
from handlers.kyc.providers import KycProviders
from handlers.kyc.verdicts import Verdicts

Step = Literal["begin", "go_on", "checking", "review", "completed", "failed", "expired"]
_STEPS: dict[KycStatus, Step] = {
    KycStatus.PENDING: "begin",
    KycStatus.REVIEW: "review",
    KycStatus.COMPLETED: "completed",
    KycStatus.FAILED: "failed",
    KycStatus.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class KycStanding:
    """`session` is the attempt that counts. `provider` is what a new attempt is made at, None where nobody can be
    verified here."""

    status: KycStatus
    step: Step
    verified_at: datetime | None
    session: KycSession | None
    provider: KycCapabilities | None

    @property
    def may_start(self) -> bool:
        """Whether a new attempt may be begun."""
        return self.step in ("begin", "failed", "expired") and self.provider is not None


class KycStandings:
    """Reads only."""

    def __init__(self, verdicts: Verdicts, providers: KycProviders, clock: Clock) -> None:
        self._verdicts, self._providers, self._clock = verdicts, providers, clock
        self._has_event = verdicts.database.prepare(statements.HAS_EVENT)

    def of(self, user: User) -> KycStanding:
        """Call it in a transaction, or the attempt may be another one than the user's state tells of."""
        session = self._verdicts.newest(user.sid)
        name = self._providers.chosen
        return KycStanding(
            status=user.kyc_status,
            step=self._step(user, session),
            verified_at=user.kyc_verified_at,
            session=session,
            provider=None if name is None else self._providers[name].capabilities(),
        )

    def _step(self, user: User, session: KycSession | None) -> Step:
        if user.kyc_status in _STEPS:
            return _STEPS[user.kyc_status]
        if session is None:
            return "begin"
        if self._verdicts.database.execute(self._has_event, (session.sid,)):
            return "checking"
        over = session.expires_at is not None and session.expires_at <= self._clock.now()
        return "expired" if over else "go_on"
