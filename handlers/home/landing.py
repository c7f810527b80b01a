"""`GET /`: what this is, what it costs, how to begin."""

from __future__ import annotations

from codegen.runtime.values.types import Money
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.pricing.ladder import STEPS

HERO_OS_HOUR = Money.from_cents(10)
MARGIN_PERCENT = 10
"""What usage is announced to cost; what is charged, the price book says."""


class Landing(Page):
    def __init__(self, context: PageContext, plans: PlanCatalogue, minimum: Money) -> None:
        super().__init__(context)
        self._plans, self._minimum = plans, minimum

    @page
    def on_get(self, visit: Visit) -> None:
        visit.page(
            "landing.html",
            plans=self._plans.offered,
            steps=STEPS,
            minimum=self._minimum,
            hour=HERO_OS_HOUR,
            margin=MARGIN_PERCENT,
        )
