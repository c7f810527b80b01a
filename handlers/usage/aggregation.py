"""Everything that consumes usage, over one database, made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from generated.models.onboarding import GitCredentials
from handlers.domain import SpreadJob
from handlers.ledger.posting import Ledger
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.aggregator import Aggregator
from handlers.usage.consumption import Consumption
from handlers.usage.decisions import Decisions
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.rates import CurrentRates


@dataclass(frozen=True, slots=True)
class Aggregation:
    """The aggregator, the operators' decisions, and what both rest on."""

    aggregator: Aggregator
    decisions: Decisions
    nodes: Nodes
    mirrors: Mirrors

    @classmethod
    def over(
        cls,
        database: Database,
        clock: Clock,
        log: Log,
        mirrors: Mirrors,
        prices: PriceSettings,
        operator: str | None = None,
        credentials: Callable[[str], GitCredentials | None] = lambda _: None,
    ) -> Aggregation:
        """`operator` names who decides, where nobody calls; `credentials` gives what git needs for an address."""
        ledger = Ledger(database, clock)
        rates = CurrentRates(PriceBooks(database, clock), prices.ladder, prices.discount_base)
        aggregator = Aggregator(database, clock, log, mirrors, Consumption(ledger, clock, rates), credentials)
        return cls(aggregator, Decisions(ledger, rates, mirrors, operator), Nodes(database, clock, log), mirrors)

    def job(self, seconds: float) -> SpreadJob:
        """All repositories every so many seconds; with several workers each repository is a piece. They may be slow,
        and no other job waits for them."""
        aggregator = self.aggregator
        return SpreadJob(
            "usage.aggregate", seconds, aggregator.run_once, aggregator.subjects, aggregator.consume_one, apart=True
        )
