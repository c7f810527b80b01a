"""Days of usage past the nodes, for tests of what is shown of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import ResourceCategory
from generated.tables.onboarding import DAILY_USAGE, DailyUsageNew

HOUR = 110_000_000
"""Nano-dollars that an hour of Hero OS costs with its margin."""


def hero_os(user_sid: str, day: date, hours: int = 24, instance: str = "vm-1", percent: int = 100) -> DailyUsageNew:
    """An instance of Hero OS on a day, at so much of its price."""
    listed = hours * HOUR
    charge = listed * percent // 100
    return {
        "user_sid": user_sid,
        "day": day,
        "node_id": "n1",
        "instance_id": instance,
        "resource_kind": "hero_os_hour",
        "category": ResourceCategory.HERO_OS_HOURLY,
        "records": hours,
        "quantity": Decimal(hours),
        "list_charge": Money(listed),
        "discount": Money(listed - charge),
        "charge": Money(charge),
    }


def language_model(
    user_sid: str, day: date, tokens: int, charge: int, model: str = "qwen-72b", node: str = "n1"
) -> DailyUsageNew:
    """Calls of a language model on a day."""
    return {
        "user_sid": user_sid,
        "day": day,
        "node_id": node,
        "resource_kind": "llm_token",
        "category": ResourceCategory.LLM,
        "model": model,
        "records": 3,
        "quantity": Decimal(tokens),
        "list_charge": Money(charge),
        "charge": Money(charge),
    }


def write(database: Database, *rows: DailyUsageNew) -> None:
    database.run(lambda: Store.of(DAILY_USAGE, database).insert_many(rows, SystemClock().now()))
