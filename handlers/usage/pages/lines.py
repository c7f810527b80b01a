"""`/usage/lines/{node}/{commit}`: where a charge of the ledger comes from, line by line, to be recomputed."""

from __future__ import annotations

from codegen.runtime.errors import NotFound
from codegen.runtime.values.types import Money
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.pricing.ladder import Step
from handlers.usage.own_lines import OwnLines


class LinesPage(Page):
    def __init__(self, context: PageContext, lines: OwnLines, ladder: tuple[Step, ...]) -> None:
        super().__init__(context)
        self._lines, self._steps = lines, {step.tier: step for step in ladder}

    @page
    def on_get(self, visit: Visit, node: str, commit: str) -> None:
        user = visit.require_user().user
        if "\0" in node + commit:
            raise NotFound
        found, more = self.context.database.run(lambda: self._lines.of_commit(user.sid, node, commit), write=False)
        if not found:
            raise NotFound
        visit.page(
            "usage_lines.html",
            node=node,
            commit=commit,
            lines=found,
            more=more,
            steps=self._steps,
            charge=Money(sum(each.record.charge for each in found)),
        )
