"""Usage that is to be logged, before the log gives it its place."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class NewUsage(NamedTuple):
    """`occurred_at` is the end of the interval that was measured, the time of appending where it is not given. `key`
    names the intention: appended twice it is one record; without one the log makes its own. The others are as in
    `LoggedUsage`."""

    user_sid: str
    resource_kind: str
    quantity: Decimal
    occurred_at: datetime | None = None
    key: str | None = None
    applies_to: str | None = None
    interval_seconds: int | None = None
    instance_id: str | None = None
    model: str | None = None
    cost: Decimal | None = None
    amount_cents: int | None = None
    void: str | None = None


class Logged(NamedTuple):
    """Where a record stands. `duplicate`: it had been there before."""

    stream_id: str
    local_seq: int
    key: str
    duplicate: bool
