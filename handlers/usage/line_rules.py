"""What sets a line aside without stopping its repository: pure rules about one record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from generated.models.onboarding import QuarantineReason
from handlers.usage_format.record import LoggedUsage

MOST_AHEAD = timedelta(minutes=5)
MOST_BEHIND = timedelta(days=35)
MOST_BACK = timedelta(minutes=5)
"""How far a record may lie before the latest one of its stream."""
HOURLY = ("hero_os_hour", "vm_hour")
"""Kinds whose quantity is hours of one machine."""
HOUR = 3600
MOST_CHARGE, MOST_ACCEPTED = 10_000, 10**9
"""Dollars that one line may cost: by itself, and where an operator accepts it. A node whose lines cost anything
could fill an account of the house, in which all nodes' usage is posted, to the end of its 64 bits."""


class Aside(NamedTuple):
    """Why a line waits for an operator."""

    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a node may report, and whether its records may bring their price (`amount_cents`)."""

    kinds: Collection[str]
    prices: bool = False


def set_aside(record: LoggedUsage, allowed: Allowed, now: datetime, latest: datetime | None) -> Aside | None:
    """What is wrong with a record by itself; None where nothing is. `now` is when the aggregator reads it, `latest` the
    latest time in its stream."""
    at = record.occurred_at
    if record.resource_kind not in allowed.kinds:
        return Aside(QuarantineReason.KIND_NOT_ALLOWED, f"the node may not report {record.resource_kind}")
    if record.amount_cents is not None and not allowed.prices:
        return Aside(QuarantineReason.PRICE_NOT_ALLOWED, "it brings its price, and the node may not set prices")
    if at > now + MOST_AHEAD:
        return Aside(QuarantineReason.TIME_OUT_OF_BOUNDS, f"it lies more than 5 minutes ahead of {_shown(now)}")
    if at < now - MOST_BEHIND:
        return Aside(QuarantineReason.TIME_OUT_OF_BOUNDS, f"it lies more than 35 days before {_shown(now)}")
    if record.interval_seconds is not None and at - timedelta(seconds=record.interval_seconds) < now - MOST_BEHIND:
        return Aside(QuarantineReason.TIME_OUT_OF_BOUNDS, f"its interval begins more than 35 days before {_shown(now)}")
    if latest is not None and at < latest - MOST_BACK:
        detail = f"it lies more than 5 minutes before {_shown(latest)}, which its stream had reached"
        return Aside(QuarantineReason.TIME_OUT_OF_BOUNDS, detail)
    if record.resource_kind in HOURLY and record.void is None:
        measured = HOUR if record.interval_seconds is None else record.interval_seconds
        if record.quantity * HOUR > measured:
            return Aside(QuarantineReason.IMPLAUSIBLE, f"{record.quantity} hours were used in {measured} seconds")
    return None


def measured_seconds(record: LoggedUsage) -> int:
    """How long a machine was measured for a record; without an interval, as long as it was used, if it counts hours."""
    if record.interval_seconds is not None:
        return record.interval_seconds
    return int(record.quantity * HOUR) if record.resource_kind in HOURLY else 0


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
