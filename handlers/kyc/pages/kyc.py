"""Verification: how it stands with the next step, the way to the provider, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from codegen.runtime.errors import DeclaredError
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.values.types import Money
from generated.services.onboarding import KycService
from handlers.kyc.checks import Checks
from handlers.kyc.pages.messages import SLUGS
from handlers.kyc.standing import KycStandings
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit

HURRY = timedelta(hours=1)
"""Since the attempt was started: after that the page looks less often."""
REFRESH, REFRESH_LATER = 3, 20
"""Seconds until the page looks again."""


class KycPage(Page):
    """`GET /kyc`: how it stands. `?checking=1` is where somebody came back to."""

    def __init__(self, context: PageContext, standings: KycStandings, cap: Money) -> None:
        super().__init__(context)
        self._standings, self._cap = standings, cap

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {"kyc": self._standings.of(user)}

        values = self.context.database.run(read, write=False)
        kyc = values["kyc"]
        returned = visit.query("checking") == "1" and kyc.step == "go_on"
        if returned or kyc.step == "checking":
            waited = self.context.clock.now() - kyc.session.created_at
            pause = REFRESH if waited < HURRY else REFRESH_LATER
            visit.resp.set_header("Refresh", f"{pause}; url=/kyc?checking=1")
        visit.page("kyc.html", step="checking" if returned else kyc.step, cap=self._cap, **values)


class KycStart(Page):
    """`POST /kyc/start`: opens an attempt, or the one that is open, and sends the browser there."""

    def __init__(self, context: PageContext, service: KycService) -> None:
        super().__init__(context)
        self._service = service

    @runs(Place.SLOW)  # the provider is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        visit.form()
        try:
            started = self._service.start(context)
        except DeclaredError as error:
            visit.refuse("/kyc", SLUGS.get(error.slug, error.slug))
            return
        visit.go(str(started.redirect_url))


class KycReturn(Page):
    """`GET /kyc/return`: where the provider sends browsers back to; it proves nothing, whatever stands in it."""

    def __init__(self, context: PageContext, checks: Checks) -> None:
        super().__init__(context)
        self._checks = checks

    @runs(Place.WRITE)
    @page
    def on_get(self, visit: Visit) -> None:
        self._checks.hurry(visit.require_user().user.sid)
        visit.go("/kyc", {"checking": "1"})
