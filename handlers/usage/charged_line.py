"""A line that is charged: where it stands, what it says, what it costs and why."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from generated.models.onboarding import DiscountBase, DiscountTier, ResourceCategory, UsageRecord
from handlers.pricing.book import Rate
from handlers.usage.added_lines import Line
from handlers.usage.rates import Cost
from handlers.usage_format.record import LoggedUsage


class ChargedLine(NamedTuple):
    """Amounts in nano-dollars; those of a line that takes another one back, `original`, are negative."""

    record: LoggedUsage
    commit: str
    line: Line
    line_hash: str
    category: ResourceCategory
    price_sid: str | None
    margin_bp: int
    tier: DiscountTier
    discount_base: DiscountBase
    list_charge: int
    charge: int
    rest: Decimal
    original: UsageRecord | None = None


def charged(
    record: LoggedUsage, commit: str, line: Line, line_hash: str, rate: Rate, cost: Cost, base: DiscountBase
) -> ChargedLine:
    """A line by its rate and cost."""
    category = ResourceCategory(record.applies_to) if record.applies_to is not None else rate.category
    return ChargedLine(
        record,
        commit,
        line,
        line_hash,
        category,
        rate.sid,
        rate.margin_bp,
        cost.tier,
        base,
        cost.list_charge,
        cost.charge,
        cost.rest,
    )


def taking_back(record: LoggedUsage, commit: str, line: Line, line_hash: str, original: UsageRecord) -> ChargedLine:
    """A line that gives back what `original` cost."""
    return ChargedLine(
        record,
        commit,
        line,
        line_hash,
        original.category,
        original.price_sid,
        original.margin_bp,
        original.tier,
        original.discount_base,
        -int(original.list_charge),
        -int(original.charge),
        -original.rounding_rest,
        original,
    )
