"""Verification done again: attempts, verdicts of providers, and operators who set attempts aside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from codegen.runtime.context import Clock
from generated.models.onboarding import KycEvent, KycSession, KycVerdict, OperatorAct
from handlers.kyc.credit import HeldCredit
from handlers.kyc.verdicts import Received, Verdicts
from handlers.payments.settlement import Settlement

SET_ASIDE = ("kyc.reset", "kyc.recreate")


class Verification:
    """Over the fresh database: what was held until somebody is verified is released by the verdict that does so."""

    def __init__(self, settlement: Settlement, clock: Clock) -> None:
        self._held = HeldCredit(settlement.ledger.transaction, settlement.release)
        self._verdicts = Verdicts(settlement.database, clock, self._held)

    def begin(self, session: KycSession, keep: Callable[[], None]) -> None:
        """An attempt begins; `keep` writes it down."""

        def work() -> None:
            keep()
            self._verdicts.refresh(session.user_sid)

        self._held.transaction(work)

    def hear(self, event: KycEvent) -> None:
        """A verdict; one that belonged to no attempt when it came changes nothing."""
        if event.session_sid is None:
            return
        verdict = KycVerdict(
            event_id=event.event_id, scan_ref=event.scan_ref, final=event.final, status=event.status, tags=event.tags
        )
        received = Received(event.event_id, verdict, event.occurred_at)
        self._held.transaction(partial(self._verdicts.take, event.provider, received, asked=False))

    def set_aside(self, act: OperatorAct) -> None:
        """Attempts count no more, as an operator decided."""

        def work() -> None:
            for sid in act.arguments["sessions"]:
                if self._verdicts.sessions.exists(sid):  # one that never opened is forgotten
                    self._verdicts.sessions.patch(sid, {"superseded_at": act.occurred_at})
            self._verdicts.refresh(act.subject)

        self._held.transaction(work)
