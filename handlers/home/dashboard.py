"""`/dashboard`: what there is to spend and how long it lasts, what it was spent on, what runs, and what comes next."""

from __future__ import annotations

from handlers.home.first_screen import FirstScreens, to_settle
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.payments.pages.top_up_form import TopUpForm
from handlers.pricing.ladder import Step


class Dashboard(Page):
    def __init__(self, context: PageContext, screens: FirstScreens, form: TopUpForm, ladder: tuple[Step, ...]) -> None:
        super().__init__(context)
        self._screens, self._form, self._ladder = screens, form, ladder

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        screen = self.context.database.run(lambda: self._screens.of(user), write=False)
        form = self._form.values(visit)
        visit.page(
            "dashboard.html",
            user=user,
            screen=screen,
            standing=screen.standing,
            ladder=self._ladder,
            to_settle=to_settle(screen.standing.balance, form["minimum"], form["maximum"]),
            **form,
        )
