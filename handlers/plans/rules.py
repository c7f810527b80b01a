"""Rules of plans and of balances below zero; times and amounts come in, nothing is read."""

from __future__ import annotations

from datetime import datetime, timedelta

NOTICE_DAYS = (7, 3, 1)
"""So many days before a period ends its user is told."""
GRACE = timedelta(days=7)
"""After a period that was not renewed the disks of its machines are kept for so long."""


def period_end(start: datetime, days: int) -> datetime:
    """A period is `[start, start + days × 24 h)`, whatever the calendar says."""
    return start + timedelta(days=days)


def notice_due(now: datetime, end: datetime, days: int) -> int | None:
    """The notice that is due of a period of so many days: the smallest of `NOTICE_DAYS` that is reached; None where
    none is. One that would come as the period begins is not given."""
    reached = [each for each in NOTICE_DAYS if each < days and end - timedelta(days=each) <= now < end]
    return min(reached, default=None)


def kept_until(written: datetime | None, end: datetime) -> datetime:
    """Until when the machines of a period that ended can be had back: as was `written` down when that was noticed,
    which may have been late; before that for the whole grace."""
    return written if written is not None else end + GRACE


def in_grace(now: datetime, end: datetime, written: datetime | None) -> bool:
    """Whether the machines of a period that ended can still be had back."""
    return end <= now < kept_until(written, end)


def suspended(balance: int, debt_limit: int) -> bool:
    """Whether somebody owes more than the limit; both in nano-dollars."""
    return balance < -debt_limit


def fell_below(threshold: int, before: int, after: int) -> bool:
    """Whether a balance fell from the threshold, or above it, to below it."""
    return after < threshold <= before
