"""`/statements/{YYYY-MM}`: a month as printed, and as PDF under the same address with `.pdf`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date

from codegen.runtime.values.types import Money
from generated.models.onboarding import TransactionKind
from handlers.ledger.months import SPENT, Months, MonthStatement
from handlers.pages.page import Page, page
from handlers.pages.paper import Paper, pdf
from handlers.pages.shown import in_cents, money, transaction, why
from handlers.pages.visit import PageContext, Visit

SUFFIX = ".pdf"


class StatementPage(Page):
    def __init__(self, context: PageContext, months: Months) -> None:
        super().__init__(context)
        self._months = months

    @page
    def on_get(self, visit: Visit, month: str) -> None:
        user = visit.require_user().user
        name, titles = month.removesuffix(SUFFIX), self.context.renderer.titles
        found = self.context.database.run(lambda: self._months.statement(user.sid, name), write=False)
        if month.endswith(SUFFIX):
            visit.paper(pdf(_paper(found, titles, user.mycelium_address)), f"hero-statement-{name}.pdf")
            return
        rows = rows_of(found, titles)
        opening, *amounts = cents_of(found, rows)
        visit.page(
            "statement.html",
            statement=found,
            rows=rows,
            opening=opening,
            amounts=amounts,
            spent=spent_of(rows, amounts),
            user=user,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a statement; `amount` as the user counts, to the nano-dollar."""

    day: date
    what: str
    why: str
    amount: int
    kind: TransactionKind


def rows_of(found: MonthStatement, titles: Mapping[str, str]) -> list[Row]:
    """A row per transaction, the oldest first; usage is one row a day: a month has thousands of parts of cents.
    `titles` are those of providers."""
    rows: list[Row] = []
    usage: dict[date, list[int]] = {}  # place of the day's row, and of how many charges it is
    for line in found.lines:
        it, day = line.transaction, line.transaction.posted_at.astimezone(UTC).date()
        row = Row(day, transaction(it.kind), why(titles, it.kind, it.reason, it.source), int(line.amount), it.kind)
        if it.kind != TransactionKind.USAGE:
            rows.append(row)
        elif day not in usage:
            usage[day] = [len(rows), 1]
            rows.append(row)
        else:
            place, charges = usage[day][0], usage[day][1] + 1
            usage[day][1] = charges
            rows[place] = replace(row, why=f"{charges} charges", amount=rows[place].amount + row.amount)
    return rows


def cents_of(found: MonthStatement, rows: Sequence[Row]) -> list[Money]:
    """The balance before and the amounts of the rows in whole cents: they add up to the balance after."""
    return in_cents([int(found.opening), *(row.amount for row in rows)])


def spent_of(rows: Sequence[Row], amounts: Sequence[Money]) -> Money:
    """What usage and plans have cost, summed of the cents that stand in the rows: rounded by itself it would differ."""
    return Money(-sum(amount for row, amount in zip(rows, amounts, strict=True) if row.kind in SPENT))


def _paper(found: MonthStatement, titles: Mapping[str, str], address: str) -> Paper:
    shown = rows_of(found, titles)
    opening, *amounts = cents_of(found, shown)
    rows = [
        (f"{row.day:%Y-%m-%d}", row.what, row.why, money(amount, signed=True))
        for row, amount in zip(shown, amounts, strict=True)
    ]
    facts = (
        ("Month", found.month.name),
        ("Account", address),
        ("Balance before", money(opening)),
        ("Paid in", money(found.paid)),
        ("Spent", money(spent_of(shown, amounts))),
        ("Balance after", money(found.closing)),
    )
    return Paper(
        f"Statement {found.month.name}", facts, ("Date", "What", "Why", "Amount"), rows, (22, 40, 78, 30), 1, found.at
    )
