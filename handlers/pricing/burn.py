"""How fast a balance is used up: spending per day of late, and when nothing is left at that pace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from handlers.pricing.charge import half_even

WINDOW = 7
"""Days that the pace is taken from: the last full ones before today."""
LONGEST = timedelta(days=36_500)
"""A runway beyond this is none that anybody could see the end of."""
_DAY = 86_400


def burn_per_day(charges: Mapping[date, int], today: date) -> int | None:
    """Nano-dollars per day, over the last `WINDOW` full days (UTC), or as many of them as there are since usage began;
    None as long as no usage is known. What was used today alone counts as one day."""
    if not charges:
        return None
    first = min(charges)
    days = min(WINDOW, max((today - first).days, 0))
    if days == 0:
        return charges.get(today, 0)
    spent = sum(charges.get(today - timedelta(days=back), 0) for back in range(1, days + 1))
    return half_even(spent, days)


def per_day(cost: int, days: int) -> int:
    """What something costs per day that is paid again every so many days, in nano-dollars."""
    return half_even(cost, days)


def in_all(*paces: int | None) -> int | None:
    """Paces together; None where none of them is known."""
    known = [pace for pace in paces if pace is not None]
    return sum(known) if known else None


def runway_until(balance: int, per_day: int | None, now: datetime) -> datetime | None:
    """When a balance is used up at this pace, to the second; None where it is not, or the pace is not known. `now` for
    one that is used up already."""
    if per_day is None or per_day <= 0:
        return None
    seconds = half_even(max(balance, 0) * _DAY, per_day)
    return now + timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None
