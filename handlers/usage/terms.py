"""What alike lines are charged by: those of a user, kind and model, within a day, a price book and a discount tier.

PERF: most lines of a commit differ from one before in nothing but number, time of day, quantity and cost. What was
found out for the first of them holds for the others, which are only priced. Whatever else a line says (a machine, an
interval, a price of its own, what it takes back) is judged by all rules, line by line.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from generated.models.onboarding import DiscountBase, DiscountTier, PriceUnit, ResourceCategory
from handlers.pricing.book import Rate
from handlers.pricing.charge import NANO, charge, differs
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.line_rules import MOST_AHEAD, MOST_BEHIND, MOST_CHARGE
from handlers.usage.rates import Rates
from handlers.usage.sums import Sum
from handlers.usage_format.record import LoggedUsage

Alike = tuple[str, str, str | None, str | None]
"""User, kind, language model, and the category that a line asks for."""


def alike(record: LoggedUsage) -> Alike | None:
    """What a record must have in common with another to be charged by the same terms; None where none suffice."""
    _, _, _, user, kind, _, _, _, applies, seconds, machine, model, _, cents, void = record
    plain = seconds is None and machine is None and cents is None and void is None
    return (user, kind, model, applies) if plain else None


class Terms(NamedTuple):
    """They hold from `begin` until before `end`; `sum` is what such lines come to."""

    begin: datetime
    end: datetime
    commit: str
    rate: Rate
    category: ResourceCategory
    tier: DiscountTier
    percent: int
    base: DiscountBase
    sum: Sum

    def charged(self, record: LoggedUsage, line_hash: str, line: Line) -> ChargedLine | None:
        """An alike line with what it costs; None where it has to be judged by all rules."""
        rate = self.rate
        if rate.unit == PriceUnit.COST:
            if record.cost is None:
                return None
        elif differs(rate, record):
            return None
        made = charge(rate, record, self.percent, self.base)
        if made.list_charge > MOST_CHARGE * NANO:
            return None
        return ChargedLine(
            record,
            self.commit,
            line,
            line_hash,
            self.category,
            rate.sid,
            rate.margin_bp,
            self.tier,
            self.base,
            made.list_charge,
            made.charge,
            made.rest_as_decimal(),
        )


def terms_of(line: ChargedLine, first_paid_at: datetime | None, rates: Rates, now: datetime, into: Sum) -> Terms:
    """What lines that are like this one are charged by; its user first paid then, it is read `now`."""
    at = line.record.occurred_at
    rate = rates.rate(line.record.resource_kind, line.record.model, at)
    assert rate is not None, "the line was charged"
    begin, end = rates.unchanged(at, first_paid_at)
    day = at.replace(hour=0, minute=0, second=0)
    begin, end = max(begin, day, now - MOST_BEHIND), min(end, day + timedelta(days=1), now + MOST_AHEAD)
    percent = rates.percent(line.tier)
    return Terms(begin, end, line.commit, rate, line.category, line.tier, percent, rates.base, into)
