"""`usage.breakdown`: a user's own usage of some days, added up for each thing that was used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from codegen.runtime.context import Context
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.storage.codecs import row_codecs, value_codecs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import ResourceCategory, UsageBreakdown, UsageLine
from generated.services.onboarding import UsageService
from handlers.usage import statements


@dataclass(frozen=True, slots=True)
class DayLine:
    """One thing that was used on one day (UTC)."""

    day: date
    line: UsageLine

    @property
    def thing(self) -> tuple[str, ...]:
        """What tells the things of a user apart."""
        line = self.line
        return line.category, line.resource_kind, line.model or "", line.node_id, line.instance_id or ""


class Breakdowns:
    """Reads the daily usage of `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days = database.prepare(statements.DAYS_OF_USER)
        self._date = row_codecs(database.dialect)["date"]
        self._read = value_codecs(database.dialect)

    def days(self, user_sid: str, since: date, until: date) -> list[DayLine]:
        """A user's usage day by day; both days are included."""
        rows = self._database.execute(self._days, (user_sid, self._date(since), self._date(until)))
        day, count, quantity = (self._read[kind] for kind in ("date", "u64", "decimal"))
        return [
            DayLine(
                day(row[0]),
                UsageLine.model_construct(
                    category=ResourceCategory(row[1]),
                    resource_kind=row[2],
                    model=row[3] or None,
                    node_id=row[4],
                    instance_id=row[5] or None,
                    records=count(row[6]),
                    quantity=quantity(row[7]),
                    list_charge=Money(row[8]),
                    discount=Money(row[9]),
                    charge=Money(row[10]),
                ),
            )
            for row in rows
        ]

    def of(self, user_sid: str, since: date, until: date) -> UsageBreakdown:
        """The same added up, a line for each thing."""
        return added_up(self.days(user_sid, since, until), since, until)


def added_up(days: Iterable[DayLine], since: date, until: date) -> UsageBreakdown:
    """Usage of days as one line for each thing, in the order of their names."""
    things = groupby(sorted(days, key=lambda each: each.thing), key=lambda each: each.thing)
    lines = [_sum([each.line for each in found]) for _, found in things]
    return UsageBreakdown(
        since=since,
        until=until,
        lines=lines,
        charge=Money(sum(line.charge for line in lines)),
        discount=Money(sum(line.discount for line in lines)),
    )


def _sum(lines: list[UsageLine]) -> UsageLine:
    first, *more = lines
    return first.model_copy(
        update={
            "records": sum(line.records for line in lines),
            "quantity": sum((line.quantity for line in more), first.quantity),
            "list_charge": Money(sum(line.list_charge for line in lines)),
            "discount": Money(sum(line.discount for line in lines)),
            "charge": Money(sum(line.charge for line in lines)),
        }
    )


@serves(UsageService)
class BreakdownHandler:
    """The part of `UsageService` that users call."""

    def __init__(self, breakdowns: Breakdowns) -> None:
        self._breakdowns = breakdowns

    def breakdown(self, context: Context, *, since: date, until: date) -> UsageBreakdown:
        """A user's own usage, added up; both days are included."""
        return self._breakdowns.of(user_of(context), since, until)
