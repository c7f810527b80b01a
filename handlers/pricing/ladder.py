"""The discount ladder: the longer ago somebody first paid, the less usage costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from generated.models.onboarding import DiscountTier


@dataclass(frozen=True, slots=True)
class Step:
    """From `after` the first payment on, usage costs `percent` of its price."""

    tier: DiscountTier
    after: timedelta
    percent: int


STEPS = (
    Step(DiscountTier.NONE, timedelta(0), 100),
    Step(DiscountTier.WEEK, timedelta(days=7), 50),
    Step(DiscountTier.MONTH, timedelta(days=30), 25),
)


def steps(week_percent: int, month_percent: int) -> tuple[Step, ...]:
    """The steps with other percents."""
    percents = {DiscountTier.WEEK: week_percent, DiscountTier.MONTH: month_percent}
    return tuple(replace(step, percent=percents.get(step.tier, step.percent)) for step in STEPS)


def percent_of(tier: DiscountTier, steps: Sequence[Step] = STEPS) -> int:
    """How much of its price usage costs at a tier."""
    return next(step.percent for step in steps if step.tier == tier)


def tier_begins(first_paid_at: datetime | None) -> tuple[datetime, ...]:
    """When the tiers above the first begin; none before the first payment."""
    return () if first_paid_at is None else tuple(first_paid_at + step.after for step in STEPS[1:])


def tier_at(moment: datetime, first_paid_at: datetime | None) -> DiscountTier:
    """The tier at a moment, by wall clock since the first settled top-up; `none` before one."""
    if first_paid_at is None:
        return DiscountTier.NONE
    passed, tier = moment - first_paid_at, STEPS[0].tier
    for step in STEPS[1:]:
        if passed >= step.after:
            tier = step.tier
    return tier


def next_step(moment: datetime, first_paid_at: datetime | None) -> tuple[Step, datetime] | None:
    """The step that comes next, and when; None at the top, and before the first payment."""
    if first_paid_at is None:
        return None
    return next(((step, first_paid_at + step.after) for step in STEPS if moment < first_paid_at + step.after), None)
