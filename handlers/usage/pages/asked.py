"""What a reader of usage asks for in the address: days, filters, order; what cannot be is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from generated.models.onboarding import UsageLine
from handlers.usage.breakdown import DayLine

FIRST_YEAR, LAST_YEAR = 1970, 2106
"""Of times of usage."""
USUAL, LONGEST = 30, 366
"""Days that are shown where none are asked for, and at most."""
_READ: Mapping[str, Callable[[UsageLine], str]] = {
    "category": lambda line: str(line.category),
    "model": lambda line: line.model or "",
    "node": lambda line: line.node_id,
    "instance": lambda line: line.instance_id or "",
}
ORDERS: Mapping[str, Callable[[UsageLine], Any]] = {
    "cost": lambda line: -line.charge,
    "discount": lambda line: -line.discount,
    "list": lambda line: -line.list_charge,
    "quantity": lambda line: -line.quantity,
    "what": lambda line: (line.category, line.model or "", line.node_id, line.instance_id or ""),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Both days are included; a filter that is empty lets everything through. `refused` says that the days that were
    asked for are none, or too many, and others are shown."""

    since: date
    until: date
    category: str = ""
    model: str = ""
    node: str = ""
    instance: str = ""
    order: str = "cost"
    refused: bool = False

    @classmethod
    def of(cls, query: Callable[[str], str], today: date) -> Asked:
        """From the parameters of an address."""
        first, last = query("since"), query("until")
        until = _date(last) or today
        since = _date(first) or until - timedelta(days=USUAL - 1)
        wrong = (first and _date(first) is None) or (last and _date(last) is None)
        refused = bool(wrong) or not since <= until < since + timedelta(days=LONGEST)
        if refused:
            since, until = today - timedelta(days=USUAL - 1), today
        order = query("order")
        return cls(
            since,
            until,
            category=query("category"),
            model=query("model"),
            node=query("node"),
            instance=query("instance"),
            order=order if order in ORDERS else "cost",
            refused=refused,
        )

    @property
    def narrowed(self) -> bool:
        """Whether a filter holds anything back."""
        return bool(self.category or self.model or self.node or self.instance)

    def lets(self, day: DayLine) -> bool:
        """Whether the filters let it through."""
        wanted = {"category": self.category, "model": self.model, "node": self.node, "instance": self.instance}
        return all(not value or _READ[name](day.line) == value for name, value in wanted.items())

    def sorted(self, lines: Iterable[UsageLine]) -> list[UsageLine]:
        """In the order that is asked for."""
        return sorted(lines, key=ORDERS[self.order])

    def with_order(self, order: str) -> str:
        """The query for the same in another order."""
        return replace(self, order=order).query

    def with_days(self, since: date, until: date) -> str:
        """The query for the same of other days."""
        return replace(self, since=since, until=until).query

    @property
    def query(self) -> str:
        """What an address says for this."""
        said = {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "category": self.category,
            "model": self.model,
            "node": self.node,
            "instance": self.instance,
            "order": self.order if self.order != "cost" else "",
        }
        return urlencode({name: value for name, value in said.items() if value})


def choices(days: Iterable[DayLine]) -> dict[str, list[str]]:
    """What each filter can be set to, for usage that is there."""
    lines = [day.line for day in days]
    found = {name: sorted({read(line) for line in lines} - {""}) for name, read in _READ.items()}
    return {name: values for name, values in found.items() if len(values) > 1}


def periods(today: date) -> list[tuple[str, date, date]]:
    """Periods that are offered: a name, the first and the last day."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    return [
        ("7 days", today - timedelta(days=6), today),
        ("30 days", today - timedelta(days=USUAL - 1), today),
        ("This month", month, today),
        ("Last month", before.replace(day=1), before),
        ("A year", today - timedelta(days=LONGEST - 2), today),
    ]


def chosen(offered: Iterable[tuple[str, date, date]], asked: Asked) -> str | None:
    """The period that is shown; the first of two that are the same days, as the last 30 and the month on its 30th."""
    return next((name for name, *days in offered if days == [asked.since, asked.until]), None)


def _date(text: str) -> date | None:
    """A day on which there can be usage, in years in which days can be counted forth and back."""
    try:
        read = date.fromisoformat(text) if len(text) == len("2026-01-31") else None
    except ValueError:
        return None
    return read if read is not None and FIRST_YEAR <= read.year <= LAST_YEAR else None
