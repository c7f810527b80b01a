"""What usage says of a user now: up to when it is known, spending by day, its pace, what the ladder took off."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.storage.codecs import row_codecs, value_codecs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import Money
from generated.models.onboarding import DaySpend, NodeState, ResourceCategory
from handlers.pricing.burn import burn_per_day
from handlers.usage import statements

SHOWN = timedelta(days=30)
"""Days of spending that are told of, today among them."""
SERVES = timedelta(days=35)
"""A node serves a user of whom it reported usage within so many days: later records are not taken any more."""
SILENT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class UsageStanding:
    """`since` is the first day with usage. `spend` has the last `SHOWN` days, by day and category; days without usage
    are left out. `as_of` is the time up to which every node that serves the user has reported, None where one of them
    never did; `silent` are those that have not for three hours, `halted` those whose reports wait for an operator."""

    since: date
    saved: Money
    spend: tuple[DaySpend, ...]
    burn_per_day: Money
    as_of: datetime | None
    silent: tuple[str, ...]
    halted: tuple[str, ...]


class UsageStandings:
    """Three reads by index each."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._in_all = database.prepare(statements.IN_ALL_OF_USER)
        self._spend = database.prepare(statements.SPEND_OF_USER)
        self._nodes = database.prepare(statements.NODES_OF_USER)
        self._date = row_codecs(database.dialect)["date"]
        self._day = value_codecs(database.dialect)["date"]

    def of(self, user_sid: str) -> UsageStanding | None:
        """None as long as no usage of a user is known."""
        [(first, saved)] = self._database.execute(self._in_all, (user_sid,))
        if first is None:
            return None
        now = self._clock.now()
        since, today = self._day(first), now.date()
        spend = self._by_day(user_sid, today - SHOWN + timedelta(days=1))
        charges = Counter({since: 0})  # the pace is known from the first day on, however long ago that was
        for each in spend:
            charges[each.day] += int(each.charge)
        nodes = self._database.execute(self._nodes, (user_sid, self._date(today - SERVES)))
        heard = {node: None if seen is None else decode_otime(seen) for node, seen, _ in nodes}
        halted = tuple(node for node, _, state in nodes if state == NodeState.HALTED)
        times = [seen for seen in heard.values() if seen is not None]
        return UsageStanding(
            since=since,
            saved=Money(int(saved)),
            spend=spend,
            burn_per_day=Money(burn_per_day(charges, today) or 0),
            as_of=min(times) if times and len(times) == len(heard) else None,
            silent=tuple(
                node for node, seen in heard.items() if node not in halted and (seen is None or now - seen > SILENT)
            ),
            halted=halted,
        )

    def _by_day(self, user_sid: str, since: date) -> tuple[DaySpend, ...]:
        rows = self._database.execute(self._spend, (user_sid, self._date(since)))
        return tuple(
            DaySpend.model_construct(
                day=self._day(day),
                category=ResourceCategory(category),
                charge=Money(int(charge)),
                discount=Money(int(discount)),
            )
            for day, category, charge, discount in rows
        )
