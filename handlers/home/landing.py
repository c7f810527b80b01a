"""`GET /`: what this is, what it costs, how to begin."""

from __future__ import annotations

from codegen.runtime.values.types import Money
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.prices.offered import OfferedPrices


class Landing(Page):
    def __init__(self, context: PageContext, plans: PlanCatalogue, prices: OfferedPrices, minimum: Money) -> None:
        super().__init__(context)
        self._plans, self._prices, self._minimum = plans, prices, minimum

    @page
    def on_get(self, visit: Visit) -> None:
        visit.page(
            "landing.html",
            plans=self._plans.offered,
            steps=self._prices.steps,
            minimum=self._minimum,
            prices=self._prices.now(),
        )
