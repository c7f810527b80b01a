"""When a provider is asked again: pure. About a top-up ever more rarely, but without end while its fate is open; about
a day once it is over, and twice more."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from generated.models.onboarding import DisputeStatus, TopUpStatus
from handlers.payments.states import State

FIRST = tuple(timedelta(seconds=each) for each in (300, 3600, *(day * 86_400 for day in range(1, 6))))
"""When an open top-up is asked about, after it was started."""
OVERDUE = FIRST[-1]
"""After this long an operator has to look at a top-up of which nobody knows whether it was paid."""
CLAIM = timedelta(minutes=2)
"""After this long somebody else asks, where whoever asked did not come back."""
COMPARED_AFTER = (timedelta(0), timedelta(days=7), timedelta(days=60))
"""When a day is compared, after its end."""
_DAY = timedelta(days=1)
LONGEST = _DAY + timedelta(minutes=1)
"""No wait is longer than this and a fifth of the age of what is waited for."""


def next_check(state: State, created_at: datetime, now: datetime) -> datetime | None:
    """The next time to ask; None where nothing is open."""
    created_at = min(created_at, now)  # the clock may have been set back
    if state.status == TopUpStatus.OPEN:
        planned = (created_at + after for after in FIRST if created_at + after > now)
        return next(planned, now + rarely(now - created_at))
    contested = [each.at for each in state.disputes.values() if each.status != DisputeStatus.WON]
    if contested:
        return now + max(_DAY, rarely(now - max(contested)))
    return None


def due_by(now: datetime) -> tuple[int, int, int, int]:
    """The parameters of the statements that find what is due."""
    seconds, longest = int(now.timestamp()), int((now + LONGEST).timestamp())
    return seconds, longest, longest, seconds


def rarely(age: timedelta) -> timedelta:
    """A wait that grows with the age of what is waited for."""
    return age / 5


def without_answer(age: timedelta) -> timedelta:
    """How long to wait where a question brings no answer."""
    return max(CLAIM, age / 10)


def next_comparison(day: date, now: datetime) -> datetime | None:
    """When a UTC day that is compared now is compared again; None after the last time."""
    end = datetime.combine(day, time(), UTC) + _DAY
    return next((end + after for after in COMPARED_AFTER if end + after > now), None)
