"""The pace at which a balance is used up, and when it ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.pricing.burn import burn_per_day, in_all, per_day, runway_until

TODAY = date(2028, 3, 1)
NOW = datetime(2028, 3, 1, 12, tzinfo=UTC)


def days(*charges: int, back: int = 1) -> dict[date, int]:
    """Charges of the days before today, the latest first."""
    return {TODAY - timedelta(days=back + place): charge for place, charge in enumerate(charges)}


@pytest.mark.parametrize(
    ("charges", "pace"),
    [
        ({}, None),
        ({TODAY: 5}, 5),
        (days(7), 7),
        (days(7, 0, 2), 3),
        ({**days(7), TODAY: 1000}, 7),
        (days(*[14] * 30), 14),
        (days(100, back=8), 0),
        (days(1, 2), 2),
        ({TODAY + timedelta(days=1): 5}, 0),
    ],
    ids=str,
)
def test_the_pace(charges: dict[date, int], pace: int | None) -> None:
    assert burn_per_day(charges, TODAY) == pace


@pytest.mark.parametrize(
    ("balance", "pace", "left"),
    [
        (10, 5, timedelta(days=2)),
        (10, 3, timedelta(days=3, hours=8)),
        (0, 5, timedelta(0)),
        (-4, 5, timedelta(0)),
        (10, 1, timedelta(days=10)),
        (36_500, 1, timedelta(days=36_500)),
        (73_001, 2, None),
        (10, 0, None),
        (10, None, None),
        (10**18, 1, None),
    ],
)
def test_the_runway(balance: int, pace: int | None, left: timedelta | None) -> None:
    assert runway_until(balance, pace, NOW) == (None if left is None else NOW + left)


def test_paces_together() -> None:
    assert per_day(10 * 10**9, 30) == 333_333_333
    assert [in_all(), in_all(None, None), in_all(None, 0), in_all(2, None), in_all(2, 3)] == [None, None, 0, 2, 5]
