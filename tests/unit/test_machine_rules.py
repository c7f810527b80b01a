"""Rules of machines: what is to be done, since when, how long to wait for it, how many may start, what each costs."""

from datetime import UTC, datetime, timedelta

import pytest

from generated.models.onboarding import AllocationStatus as S
from generated.models.onboarding import VmAllocation
from handlers.vms.states import (
    CLAIM,
    LIVE,
    PATIENCE,
    WINDOW,
    Task,
    began_at,
    due_by,
    first_cost,
    other_cost,
    pause,
    starts_within_window,
    task_of,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
DOLLAR = 10**9


def machine(status: S, stopped_at: datetime | None = None, released_at: datetime | None = None) -> VmAllocation:
    """One that was allocated at the start of time."""
    return VmAllocation.model_construct(
        status=status, allocated_at=START, stopped_at=stopped_at, released_at=released_at
    )


@pytest.mark.parametrize(
    ("found", "task", "since"),
    [
        (machine(S.PROVISIONING), "allocate", START),
        (machine(S.PROVISIONING, stopped_at=START + DAY), "allocate", START),
        (machine(S.ACTIVE), "start", START),
        (machine(S.ACTIVE, stopped_at=START + DAY), "stop", START + DAY),
        (machine(S.RELEASED, START + DAY, START + 2 * DAY), "release", START + 2 * DAY),
        (machine(S.EXPIRED, None, START + 3 * DAY), "release", START + 3 * DAY),
        (machine(S.FAILED, None, START + 4 * DAY), "release", START + 4 * DAY),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_what_is_to_be_done_and_since_when(found: VmAllocation, task: str, since: datetime) -> None:
    assert (task_of(found), began_at(found)) == (Task(task), since)


def test_what_takes_a_place_in_the_plan() -> None:
    assert set(LIVE) == {S.PROVISIONING, S.ACTIVE}


def test_pauses_double_from_five_seconds_to_an_hour() -> None:
    waits = [pause(checks) for checks in range(12)]
    assert waits == [2**checks * 5 * SECOND for checks in range(10)] + [HOUR, HOUR]
    assert pause(10**6) == HOUR


def test_a_question_is_due_at_its_time_or_where_its_time_cannot_be() -> None:
    now, later = due_by(START + timedelta(milliseconds=900))
    assert now == int(START.timestamp())
    assert later == int((START + HOUR + timedelta(minutes=2)).timestamp())


def test_how_long_is_waited_for_whom() -> None:
    assert (timedelta(minutes=2), HOUR, DAY) == (CLAIM, WINDOW, PATIENCE)


def test_how_many_machines_may_start_within_an_hour() -> None:
    assert [starts_within_window(count) for count in (1, 3, 4, 20)] == [10, 10, 12, 60]


def test_the_machines_of_a_plan_cost_what_it_costs() -> None:
    cost = 10 * DOLLAR
    assert (first_cost(cost, 3), other_cost(cost, 3)) == (334, 333)
    assert (first_cost(cost, 5), other_cost(cost, 5)) == (200, 200)
    assert (first_cost(0, 4), other_cost(0, 4)) == (0, 0)
