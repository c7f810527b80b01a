"""A record of usage as a node logs it, and what can be wrong with a line that should hold one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

SCHEMA = 1
"""The version of the format that is written and read."""


class LoggedUsage(NamedTuple):
    """What one line says; `schemas/onboarding/60_usage.oschema` tells the meaning of each field (`UsageRecord`).

    `occurred_at` is UTC, in whole seconds. `quantity` is in the unit of the kind, `cost` in dollars. A record with
    `void` takes back the one of that idempotency key; its own quantity counts for nothing.
    """

    node_id: str
    stream_id: str
    local_seq: int
    user_sid: str
    resource_kind: str
    quantity: Decimal
    idempotency_key: str
    occurred_at: datetime
    applies_to: str | None = None
    interval_seconds: int | None = None
    instance_id: str | None = None
    model: str | None = None
    cost: Decimal | None = None
    amount_cents: int | None = None
    void: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a line is no record. `reason` is one of the reasons for which a repository is halted; `detail` names the
    field or the place, in at most 500 characters, for the operator."""

    reason: Literal["parse_error", "not_canonical"]
    detail: str


class InvalidUsage(ValueError):
    """A record that no line can hold; the message names the field."""
