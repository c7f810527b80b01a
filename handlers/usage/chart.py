"""Spending by day and category as a drawing: the places and sizes of its bars, on a grid of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from codegen.runtime.values.types import Money
from generated.models.onboarding import DaySpend, ResourceCategory

HEIGHT = 1000
"""Of the drawing; a day is `DAY` wide."""
DAY = 100
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """What one category cost on one day; `top` counts from above."""

    category: ResourceCategory
    charge: Money
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class Day:
    """`left` is where its bars begin; `bars` stand on each other, the first lowest."""

    day: date
    left: int
    bars: tuple[Bar, ...]

    @property
    def charge(self) -> Money:
        """What the day cost."""
        return Money(sum(bar.charge for bar in self.bars))


@dataclass(frozen=True, slots=True)
class Chart:
    """`top` is the amount at the upper edge, a round one that no day exceeds; `categories` are those with spending."""

    days: tuple[Day, ...]
    categories: tuple[tuple[ResourceCategory, Money], ...]
    top: Money

    @property
    def width(self) -> int:
        return DAY * len(self.days)

    @property
    def charge(self) -> Money:
        """What all days cost."""
        return Money(sum(charge for _, charge in self.categories))

    @property
    def used(self) -> tuple[Day, ...]:
        """The days on which something was used, the last first."""
        return tuple(day for day in reversed(self.days) if day.bars)


def chart(spend: Iterable[DaySpend], since: date, until: date) -> Chart:
    """A chart of all days from `since` to `until`, both included; spending of other days is left out."""
    by_day: dict[date, dict[ResourceCategory, int]] = {}
    for each in spend:
        if since <= each.day <= until:
            day = by_day.setdefault(each.day, {})
            day[each.category] = day.get(each.category, 0) + int(each.charge)
    top = _round_above(max((sum(day.values()) for day in by_day.values()), default=0))
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    drawn = tuple(Day(day, DAY * place, _bars(by_day.get(day, {}), top)) for place, day in enumerate(days))
    totals = ((each, sum(day.get(each, 0) for day in by_day.values())) for each in ResourceCategory)
    return Chart(drawn, tuple((each, Money(total)) for each, total in totals if total), Money(top))


def _bars(charges: dict[ResourceCategory, int], top: int) -> tuple[Bar, ...]:
    """Heights are cut off from the running sum, so that the whole is as high as it should be."""
    bars, below = [], 0
    for category in ResourceCategory:
        charge = charges.get(category, 0)
        if charge > 0:
            low, high = HEIGHT * below // top, HEIGHT * (below + charge) // top
            bars.append(Bar(category, Money(charge), HEIGHT - high, high - low))
            below += charge
    return tuple(bars)


def _round_above(amount: int) -> int:
    """The smallest of 1, 2, 5, 10, 20 … cents that is not below an amount."""
    unit = int(Money.from_cents(1))
    while True:
        for step in _STEPS:
            if step * unit >= amount:
                return step * unit
        unit *= 10
