"""Rules of plans and of balances below zero: to the second and to the nano-dollar."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.plans.rules import fell_below, in_grace, notice_due, period_end, suspended

START = datetime(2028, 2, 1, 10, tzinfo=UTC)
END = datetime(2028, 3, 2, 10, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def test_a_period_is_days_of_24_hours() -> None:
    assert period_end(START, 30) == END, "with the leap day among them"


@pytest.mark.parametrize(
    ("before", "due"),
    [
        (30 * DAY, None),
        (7 * DAY + SECOND, None),
        (7 * DAY, 7),
        (3 * DAY + SECOND, 7),
        (3 * DAY, 3),
        (DAY + SECOND, 3),
        (DAY, 1),
        (SECOND, 1),
        (0 * DAY, None),
        (-SECOND, None),
    ],
    ids=str,
)
def test_the_notice_that_is_due(before: timedelta, due: int | None) -> None:
    assert notice_due(END - before, END, 30) == due


@pytest.mark.parametrize(
    ("days", "given"), [(8, [7, 3, 1]), (7, [3, 1]), (4, [3, 1]), (3, [1]), (2, [1]), (1, [])], ids=str
)
def test_no_notice_comes_as_a_period_begins(days: int, given: list[int]) -> None:
    hours = [END - timedelta(hours=hour) for hour in range(24 * days, 0, -1)]
    found = [notice_due(hour, END, days) for hour in hours]
    assert [each for each in dict.fromkeys(found) if each is not None] == given


@pytest.mark.parametrize(
    ("after", "kept"), [(-SECOND, False), (0 * DAY, True), (7 * DAY - SECOND, True), (7 * DAY, False)], ids=str
)
def test_the_grace(after: timedelta, kept: bool) -> None:
    assert in_grace(END + after, END, None) is kept


def test_the_grace_begins_when_the_end_was_noticed() -> None:
    late = END + 9 * DAY
    assert [in_grace(moment, END, late) for moment in (END - SECOND, END, late - SECOND, late)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("balance", "stops"), [(1, False), (0, False), (-500, False), (-501, True)])
def test_services_stop_below_the_limit_and_not_at_it(balance: int, stops: bool) -> None:
    assert suspended(balance, 500) is stops


@pytest.mark.parametrize(
    ("before", "after", "fell"),
    [(6, 5, False), (5, 4, True), (6, 4, True), (4, 3, False), (4, 6, False), (4, 4, False)],
)
def test_a_threshold_is_fallen_below_once(before: int, after: int, fell: bool) -> None:
    assert fell_below(5, before, after) is fell
