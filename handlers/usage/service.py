"""`usage.*` for operators: consume what nodes pushed, go on behind what is bad, decide about lines that wait."""

from __future__ import annotations

from codegen.runtime.context import Context
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from generated.models.onboarding import AggregateReport, Node, QuarantinedLine
from generated.services.onboarding import UsageService
from handlers.admin.acts import Acts
from handlers.usage.aggregator import Aggregator
from handlers.usage.decisions import Decisions


@serves(UsageService)
class AggregationHandler:
    """The part of `UsageService` that operators call."""

    def __init__(self, aggregator: Aggregator, decisions: Decisions) -> None:
        self._aggregator, self._decisions = aggregator, decisions

    @runs(Place.SLOW)
    @own_transactions
    def aggregate_now(self, context: Context) -> AggregateReport:
        """Consume what the repositories hold."""
        return aggregate(self._aggregator, context)

    @own_transactions
    def skip(
        self,
        context: Context,
        *,
        node_id: str,
        commit: str,
        reason: str,
        line: int | None = None,
        path: str | None = None,
    ) -> Node:
        """Go on behind a bad commit, or behind one line of it."""
        return self._decisions.skip(context, node_id, commit, reason, line, path)

    @own_transactions
    def quarantine_accept(self, context: Context, *, sid: str, reason: str) -> QuarantinedLine:
        """Charge a line that was set aside."""
        return self._decisions.accept(context, sid, reason)

    @own_transactions
    def quarantine_reject(self, context: Context, *, sid: str, reason: str) -> QuarantinedLine:
        """Leave a line uncharged for good."""
        return self._decisions.reject(context, sid, reason)


def aggregate(aggregator: Aggregator, context: Context) -> AggregateReport:
    """Run the aggregator, with the operator's act behind it."""
    report = aggregator.run()
    done = {"commits": report.commits, "records": int(report.records_consumed), "halted": len(report.halted)}
    acts = Acts(context.database)
    context.database.run(lambda: acts.record(context, "usage.aggregate_now", "", {}, "Usage consumed", after=done))
    return report
