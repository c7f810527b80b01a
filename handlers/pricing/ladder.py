"""The discount ladder: the longer ago somebody first paid, the less usage costs."""

from __future__ import annotations

from dataclasses import dataclass
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


def tier_at(moment: datetime, first_paid_at: datetime | None) -> DiscountTier:
    """The tier at a moment, by wall clock since the first settled top-up; `none` before one."""
    if first_paid_at is None:
        return DiscountTier.NONE
    return [step.tier for step in STEPS if moment - first_paid_at >= step.after or step is STEPS[0]][-1]


def next_step(moment: datetime, first_paid_at: datetime | None) -> tuple[Step, datetime] | None:
    """The step that comes next, and when; None at the top, and before the first payment."""
    if first_paid_at is None:
        return None
    return next(((step, first_paid_at + step.after) for step in STEPS if moment < first_paid_at + step.after), None)
