"""When the provider is asked about an attempt, in case its callback was lost: pure. Ever more rarely, without end."""

from __future__ import annotations

from datetime import datetime, timedelta

from generated.models.onboarding import KycStatus

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = (10 * _MINUTE, _HOUR)
"""After the start of an attempt."""
LAST = (5 * _MINUTE, _HOUR, *(day * _DAY for day in range(1, 6)))
"""After the time in which it had to be begun."""
OVERDUE = LAST[-1]
"""After this long an operator has to look at an attempt of which nobody knows how it ended."""
GRACE = LAST[1]
"""An attempt that was begun in the last moment may take this long."""
CLAIM = 2 * _MINUTE
"""After this long somebody else asks, where whoever asked did not come back."""
LONGEST = 30 * _DAY
SOON, HURRIED = timedelta(seconds=30), 3
"""How soon the provider is asked once somebody came back from it, as long as it was asked less often than that."""


def next_check(status: KycStatus, created_at: datetime, expires_at: datetime, now: datetime) -> datetime | None:
    """The next time to ask; None where nothing is open."""
    age = max(now - created_at, timedelta(0))
    if status == KycStatus.IN_PROGRESS:
        planned = [*(created_at + each for each in FIRST), *(expires_at + each for each in LAST)]
        return min((each for each in planned if now < each <= now + LONGEST), default=now + _rarely(age))
    if status == KycStatus.REVIEW:
        return now + max(_DAY, _rarely(age))
    return None


def without_answer(created_at: datetime, now: datetime) -> datetime:
    """When to ask again where a question brings no answer."""
    return now + max(CLAIM, min((now - created_at) / 10, LONGEST))


def _rarely(age: timedelta) -> timedelta:
    """A wait that grows with the age of what is waited for."""
    return min(max(age / 5, _DAY), LONGEST)
