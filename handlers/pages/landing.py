"""`GET /`: what this is, what it costs, how to begin."""

from __future__ import annotations

from collections.abc import Sequence

from generated.models.onboarding import Plan
from handlers.pages.page import Page, page
from handlers.pages.visit import House, Visit
from handlers.pricing.ladder import STEPS


class Landing(Page):
    def __init__(self, house: House, plans: Sequence[Plan]) -> None:
        super().__init__(house)
        self._plans = plans

    @page
    def on_get(self, visit: Visit) -> None:
        visit.page("landing.html", plans=self._plans, steps=STEPS)
