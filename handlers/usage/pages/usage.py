"""`/usage`: what was used in some days, for what, and what it cost; `/usage.csv` has the same day by day."""

from __future__ import annotations

from datetime import date
from typing import Any

from codegen.runtime.values.types import Money
from generated.models.onboarding import DaySpend, UsageLine
from handlers.pages.messages import Message
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.usage.breakdown import Breakdowns, DayLine, added_up
from handlers.usage.chart import Chart, chart
from handlers.usage.pages.asked import LONGEST, Asked, choices, chosen, periods
from handlers.usage.pages.csv_file import usage_csv
from handlers.usage.unit_prices import UnitPrices, some_priced, unit_price

MOST = 200
"""So many lines stand on the page, the file has them all."""
PERIOD_INVALID = (
    "A period has a first and a last day, in this order, and at most "
    f"{LONGEST} days. These are the last 30; choose again."
)


class UsagePage(Page):
    """`GET /usage`."""

    def __init__(self, context: PageContext, breakdowns: Breakdowns, prices: UnitPrices) -> None:
        super().__init__(context)
        self._breakdowns, self._prices = breakdowns, prices

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        today = self.context.clock.now().date()
        asked = Asked.of(visit.query, today)

        def read() -> tuple[list[DayLine], list[tuple[UsageLine, object, bool]]]:
            days = self._breakdowns.days(user.sid, asked.since, asked.until)
            found = added_up(filter(asked.lets, days), asked.since, asked.until)
            book = self._prices.book(asked.since, asked.until)
            lines = asked.sorted(found.lines)
            if book is None:
                return days, [(line, None, False) for line in lines]
            return days, [(line, unit_price(book, line), some_priced(book, line)) for line in lines]

        days, priced = self.context.database.run(read, write=False)
        lines = [line for line, _, _ in priced]
        refused: dict[str, Any] = {"message": Message("bad", PERIOD_INVALID)} if asked.refused else {}
        visit.page(
            "usage.html",
            **refused,
            asked=asked,
            today=today,
            periods=periods(today),
            period=chosen(periods(today), asked),
            choices=choices(days),
            chart=_chart(filter(asked.lets, days), asked.since, asked.until),
            priced=priced[:MOST],
            left_out=max(len(priced) - MOST, 0),
            list_charge=Money(sum(line.list_charge for line in lines)),
            discount=Money(sum(line.discount for line in lines)),
            charge=Money(sum(line.charge for line in lines)),
        )


class UsageCsv(Page):
    """`GET /usage.csv`."""

    def __init__(self, context: PageContext, breakdowns: Breakdowns) -> None:
        super().__init__(context)
        self._breakdowns = breakdowns

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        asked = Asked.of(visit.query, self.context.clock.now().date())
        if asked.refused:
            visit.go("/usage", {"error": "period_invalid"})
            return
        days = self.context.database.run(lambda: self._breakdowns.days(user.sid, asked.since, asked.until), write=False)
        name = f"hero-usage-{asked.since}-{asked.until}.csv"
        visit.file(usage_csv(filter(asked.lets, days)), "text/csv; charset=utf-8", name)


def _chart(days: filter[DayLine], since: date, until: date) -> Chart:
    spend = (
        DaySpend.model_construct(
            day=each.day, category=each.line.category, charge=each.line.charge, discount=each.line.discount
        )
        for each in days
    )
    return chart(spend, since, until)
