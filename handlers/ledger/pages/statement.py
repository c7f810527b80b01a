"""`/statements/{YYYY-MM}`: a month as printed, and as PDF under the same address with `.pdf`."""

from __future__ import annotations

from codegen.runtime.values.types import Money
from handlers.ledger.months import Months, MonthStatement
from handlers.pages.page import Page, page
from handlers.pages.paper import Paper, pdf
from handlers.pages.shown import in_cents, money, transaction
from handlers.pages.visit import PageContext, Visit

SUFFIX = ".pdf"


class StatementPage(Page):
    def __init__(self, context: PageContext, months: Months) -> None:
        super().__init__(context)
        self._months = months

    @page
    def on_get(self, visit: Visit, month: str) -> None:
        user = visit.require_user().user
        name = month.removesuffix(SUFFIX)
        found = self.context.database.run(lambda: self._months.statement(user.sid, name), write=False)
        if month.endswith(SUFFIX):
            visit.paper(pdf(_paper(found, user.mycelium_address)), f"hero-statement-{name}.pdf")
            return
        opening, *amounts = cents_of(found)
        visit.page("statement.html", statement=found, opening=opening, amounts=amounts, user=user)


def cents_of(found: MonthStatement) -> list[Money]:
    """The balance before and the amounts of the lines in whole cents: they add up to the balance after."""
    return in_cents([int(found.opening), *(int(line.amount) for line in found.lines)])


def _paper(found: MonthStatement, address: str) -> Paper:
    opening, *amounts = cents_of(found)
    rows = [
        (
            f"{line.transaction.posted_at:%Y-%m-%d}",
            transaction(line.transaction.kind),
            line.transaction.reason,
            money(amount, signed=True),
        )
        for line, amount in zip(found.lines, amounts, strict=True)
    ]
    facts = (
        ("Month", found.month.name),
        ("Account", address),
        ("Balance before", money(opening)),
        ("Paid in", money(found.paid)),
        ("Spent", money(found.spent)),
        ("Balance after", money(found.closing)),
    )
    return Paper(
        f"Statement {found.month.name}", facts, ("Date", "What", "Why", "Amount"), rows, (22, 40, 78, 30), 1, found.at
    )
