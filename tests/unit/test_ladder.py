"""The discount ladder: which tier counts when, to the second, and what comes next."""

from datetime import UTC, datetime, timedelta

import pytest

from generated.models.onboarding import DiscountTier
from handlers.pricing.ladder import STEPS, Step, next_step, percent_of, steps, tier_at, tier_begins

PAID = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


def test_the_steps() -> None:
    assert (
        Step(DiscountTier.NONE, timedelta(0), 100),
        Step(DiscountTier.WEEK, WEEK, 50),
        Step(DiscountTier.MONTH, MONTH, 25),
    ) == STEPS


def test_percents() -> None:
    assert [percent_of(step.tier) for step in STEPS] == [100, 50, 25]
    other = steps(60, 30)
    assert [(step.tier, step.after, step.percent) for step in other] == [
        (DiscountTier.NONE, timedelta(0), 100),
        (DiscountTier.WEEK, WEEK, 60),
        (DiscountTier.MONTH, MONTH, 30),
    ]
    assert percent_of(DiscountTier.WEEK, other) == 60


@pytest.mark.parametrize(
    ("after", "tier"),
    [
        (-SECOND, DiscountTier.NONE),
        (timedelta(0), DiscountTier.NONE),
        (WEEK - SECOND, DiscountTier.NONE),
        (WEEK, DiscountTier.WEEK),
        (MONTH - SECOND, DiscountTier.WEEK),
        (MONTH, DiscountTier.MONTH),
        (MONTH * 100, DiscountTier.MONTH),
    ],
    ids=str,
)
def test_the_tier_of_a_moment(after: timedelta, tier: DiscountTier) -> None:
    assert tier_at(PAID + after, PAID) == tier


def test_without_a_payment_there_is_no_discount() -> None:
    assert tier_at(PAID, None) == DiscountTier.NONE
    assert next_step(PAID, None) is None


@pytest.mark.parametrize(
    ("after", "step"),
    [(-SECOND, 0), (timedelta(0), 1), (WEEK - SECOND, 1), (WEEK, 2), (MONTH - SECOND, 2)],
    ids=str,
)
def test_the_next_step(after: timedelta, step: int) -> None:
    assert next_step(PAID + after, PAID) == (STEPS[step], PAID + STEPS[step].after)


def test_nothing_comes_after_the_last_step() -> None:
    assert next_step(PAID + MONTH, PAID) is None


def test_when_the_tiers_begin() -> None:
    assert tier_begins(None) == ()
    assert tier_begins(PAID) == (PAID + WEEK, PAID + MONTH)
    assert all(tier_at(begin - SECOND, PAID) != tier_at(begin, PAID) for begin in tier_begins(PAID))
