"""`/ledger`: every line that led to the balance, the newest first."""

from __future__ import annotations

from typing import cast, get_args

from handlers.ledger.history import History, View
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit

PAGE = 25


class LedgerPage(Page):
    def __init__(self, context: PageContext, history: History) -> None:
        super().__init__(context)
        self._history = history

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        asked, before = visit.query("account", "all"), visit.query("before")
        view = cast(View, asked) if asked in get_args(View) else "all"
        place = int(before) if before.isdecimal() and len(before) <= 18 else None
        page = self.context.database.run(lambda: self._history.page(user.sid, PAGE, place, view), write=False)
        month = f"{self.context.clock.now():%Y-%m}"
        visit.page("ledger.html", history=page, view=view, first=place is None, month=month)
