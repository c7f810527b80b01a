"""The rules of verification: which verdict of an attempt counts, and when the provider is asked about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import pytest

from generated.models.onboarding import KycStatus as Status
from handlers.kyc import schedule
from handlers.kyc.states import BEGUN, State, Told, after, contradicts

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENDS = START + DAY
"""When an attempt has to be begun at the latest."""


def told(status: Status, at: int = 0, *, final: bool = True) -> Told:
    return Told(status, final, START + timedelta(seconds=at))


# --- which verdict counts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.REVIEW, Status.FAILED, Status.EXPIRED])
def test_a_final_verdict_is_the_state(status: Status) -> None:
    assert after(BEGUN, told(status, 5)) == State(status, START + timedelta(seconds=5))


@pytest.mark.parametrize("status", list(Status))
def test_what_is_not_final_changes_nothing(status: Status) -> None:
    decided = State(Status.COMPLETED, START)
    assert after(BEGUN, told(status, final=False)) is BEGUN
    assert after(decided, told(status, 9, final=False)) is decided


@pytest.mark.parametrize("status", [Status.PENDING, Status.IN_PROGRESS])
def test_what_is_no_verdict_changes_nothing(status: Status) -> None:
    assert after(BEGUN, told(status)) is BEGUN


@pytest.mark.parametrize(
    ("less", "more"),
    [
        pytest.param(told(Status.EXPIRED, 9), told(Status.COMPLETED), id="one that decides is above one that does not"),
        pytest.param(told(Status.EXPIRED, 9), told(Status.REVIEW), id="so is one left to people"),
        pytest.param(told(Status.FAILED), told(Status.COMPLETED, 1), id="a later one is above an earlier one"),
        pytest.param(told(Status.EXPIRED), told(Status.EXPIRED, 1), id="and of those that decide nothing, too"),
        pytest.param(told(Status.COMPLETED), told(Status.REVIEW), id="of the same time, the one that trusts less"),
        pytest.param(told(Status.REVIEW), told(Status.FAILED), id="and the one that denies"),
    ],
)
def test_the_greatest_verdict_counts(less: Told, more: Told) -> None:
    for first, second in permutations((less, more)):
        assert after(after(BEGUN, first), second) == State(more.status, more.at)


def test_a_verdict_made_twice_is_the_same_state() -> None:
    """The very same object: nobody is told of it again."""
    once = after(BEGUN, told(Status.COMPLETED, 3))
    assert after(once, told(Status.COMPLETED, 3)) is once


def test_a_verdict_is_above_what_our_own_clock_closed() -> None:
    closed = State(Status.EXPIRED)
    assert after(closed, told(Status.EXPIRED)) == State(Status.EXPIRED, START)
    assert after(closed, told(Status.FAILED)) == State(Status.FAILED, START)


def test_verdicts_that_contradict_each_other() -> None:
    """Two that decide otherwise; then the provider is asked."""
    decided = State(Status.COMPLETED, START)
    assert contradicts(decided, told(Status.FAILED))
    assert contradicts(decided, told(Status.REVIEW))
    assert not contradicts(decided, told(Status.COMPLETED, 9))
    assert not contradicts(decided, told(Status.FAILED, final=False))
    assert not contradicts(decided, told(Status.EXPIRED))
    assert not contradicts(BEGUN, told(Status.FAILED))
    assert not contradicts(State(Status.EXPIRED, START), told(Status.COMPLETED))


# --- when the provider is asked -------------------------------------------------------------------------------------


def questions(status: Status, until: timedelta) -> list[timedelta]:
    """How long after the start the provider is asked about an attempt of which nothing is heard."""
    asked, now = [], START
    while now - START < until:
        at = schedule.next_check(status, START, ENDS, now)
        assert at is not None and at > now
        asked.append(at - START)
        now = at
    return asked


def test_the_planned_questions_about_an_attempt() -> None:
    planned = [10 * MINUTE, HOUR, DAY + 5 * MINUTE, DAY + HOUR, *(DAY + number * DAY for number in range(1, 6))]
    assert questions(Status.IN_PROGRESS, 6 * DAY) == planned


def test_after_those_it_is_asked_ever_more_rarely_but_without_end() -> None:
    asked = questions(Status.IN_PROGRESS, 800 * DAY)
    pauses = [later - earlier for earlier, later in pairwise(asked)][9:]
    assert pauses[0] == 6 * DAY * 1.2 / 5
    assert pauses == sorted(pauses) and max(pauses) == 30 * DAY


def test_a_review_is_asked_about_every_day_then_more_rarely() -> None:
    asked = questions(Status.REVIEW, 20 * DAY)
    assert asked[:6] == [number * DAY for number in range(1, 7)]
    assert asked[6] == 6 * DAY * 1.2


@pytest.mark.parametrize("status", [Status.PENDING, Status.COMPLETED, Status.FAILED, Status.EXPIRED])
def test_nothing_is_asked_about_what_is_over(status: Status) -> None:
    assert schedule.next_check(status, START, ENDS, START) is None


def test_a_clock_that_was_set_back_does_not_put_questions_off() -> None:
    """An attempt of the future is asked about tomorrow, and no question waits longer than the longest pause."""
    before = START - 400 * DAY
    assert schedule.next_check(Status.IN_PROGRESS, START, ENDS, before) == before + DAY
    assert schedule.next_check(Status.REVIEW, START, ENDS, before) == before + DAY
    just = START + 10 * MINUTE - 30 * DAY
    assert schedule.next_check(Status.IN_PROGRESS, START, ENDS, just) == just + 30 * DAY
    earlier = just - timedelta(seconds=1)
    assert schedule.next_check(Status.IN_PROGRESS, START, ENDS, earlier) == earlier + DAY


def test_a_question_without_an_answer_is_asked_again() -> None:
    """Soon for a new attempt; the older it is, the later."""
    assert schedule.without_answer(START, START) == START + 2 * MINUTE
    assert schedule.without_answer(START, START + HOUR) == START + HOUR + 6 * MINUTE
    year = START + 365 * DAY
    assert schedule.without_answer(START, year) == year + 30 * DAY
    assert schedule.without_answer(START, START - DAY) == START - DAY + 2 * MINUTE


def test_what_others_go_by() -> None:
    assert (schedule.OVERDUE, schedule.GRACE) == (5 * DAY, HOUR)
    assert (timedelta(seconds=30), 3) == (schedule.SOON, schedule.HURRIED)
