"""`/dashboard`: what there is to spend, where it came from, and how to add to it."""

from __future__ import annotations

from typing import Any

from handlers.kyc.standing import KycStandings
from handlers.ledger.history import History
from handlers.ledger.standing import Standings
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.payments.history import TopUpHistory
from handlers.payments.pages.top_up_form import TopUpForm
from handlers.pricing.ladder import Step

RECENT = 8


class Dashboard(Page):
    def __init__(
        self,
        context: PageContext,
        standings: Standings,
        history: History,
        top_ups: TopUpHistory,
        form: TopUpForm,
        kyc: KycStandings,
        steps: tuple[Step, ...],
    ) -> None:
        super().__init__(context)
        self._standings, self._history, self._top_ups, self._form = standings, history, top_ups, form
        self._kyc, self._steps = kyc, steps

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {
                "standing": self._standings.of(user.sid),
                "kyc": self._kyc.of(user),
                "history": self._history.page(user.sid, RECENT),
                "payments": self._top_ups.latest(user.sid, 5),
            }

        visit.page(
            "dashboard.html",
            user=user,
            steps=self._steps,
            **self._form.values(visit),
            **self.context.database.run(read, write=False),
        )
