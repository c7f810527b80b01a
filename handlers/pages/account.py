"""`/dashboard` and `/ledger`: what there is to spend, and every line that led to it."""

from __future__ import annotations

from typing import Any, cast, get_args

from handlers.ledger.history import History, View
from handlers.ledger.standing import Standings
from handlers.pages.offer import Offer
from handlers.pages.page import Page, page
from handlers.pages.visit import House, Visit
from handlers.payments.history import TopUpHistory
from handlers.pricing.ladder import STEPS

RECENT = 8
PAGE = 25


class Dashboard(Page):
    def __init__(
        self, house: House, standings: Standings, history: History, top_ups: TopUpHistory, offer: Offer
    ) -> None:
        super().__init__(house)
        self._standings, self._history, self._top_ups, self._offer = standings, history, top_ups, offer

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {
                "standing": self._standings.of(user.sid),
                "history": self._history.page(user.sid, RECENT),
                "payments": self._top_ups.latest(user.sid, 5),
            }

        visit.page(
            "dashboard.html",
            user=user,
            steps=STEPS,
            **self._offer.form(visit),
            **self.house.database.run(read, write=False),
        )


class LedgerPage(Page):
    def __init__(self, house: House, history: History) -> None:
        super().__init__(house)
        self._history = history

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        asked, before = visit.query("account", "all"), visit.query("before")
        view = cast(View, asked) if asked in get_args(View) else "all"
        place = int(before) if before.isdecimal() and len(before) <= 18 else None
        page = self.house.database.run(lambda: self._history.page(user.sid, PAGE, place, view), write=False)
        visit.page("ledger.html", history=page, view=view, first=place is None)
