"""What can be seen of the aggregator from outside: nodes that fall silent are told of, and numbers for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from generated.models.onboarding import Node, NodeSilent, NodeState
from handlers.usage.nodes import Nodes
from handlers.usage.standing import SILENT
from handlers.work.alerts import alert, clear, subjects_up


class SilenceWatch:
    """Tells operators once of each node that nothing was heard of for three hours, until it is heard of again."""

    def __init__(self, database: Database, clock: Clock, log: Log, nodes: Nodes) -> None:
        self._database, self._clock, self._log, self._nodes = database, clock, log, nodes

    def run_once(self) -> int:
        """Look at all nodes; for how many something changed."""
        now, told, changed = self._clock.now(), subjects_up(self._database, "node_silent"), 0
        for node in self._nodes.read_from():
            heard = node.last_seen_at or node.registered_at
            silent = now - heard > SILENT
            if silent == (node.node_id in told):
                continue
            changed += 1
            if not silent:
                clear(self._database, self._clock, "node_silent", node.node_id)
                continue
            detail = f"nothing was heard of the node {node.node_id} since {heard:%Y-%m-%d %H:%M} UTC"
            alert(self._database, self._clock, "node_silent", node.node_id, detail)
            event = NodeSilent(node_name=node.node_id, last_seen_at=node.last_seen_at)
            self._log.line("NodeSilent", event.model_dump(mode="json"), "warning")
        return changed


class UsageMetrics(Collector):
    """What the nodes' rows say; nothing while the database is away."""

    def __init__(self, clock: Clock, nodes: Nodes) -> None:
        self._clock, self._nodes = clock, nodes

    def collect(self) -> Iterator[Metric]:
        """Read when Prometheus asks."""
        try:
            nodes = list(self._nodes.every())
        except Unavailable:
            return
        for name, text, total in (
            ("usage_records", "Lines that were consumed.", sum(int(node.records) for node in nodes)),
            ("usage_duplicates", "Lines that were known already.", sum(int(node.duplicates) for node in nodes)),
            ("usage_quarantined", "Lines that were set aside.", sum(int(node.quarantined) for node in nodes)),
            (
                "usage_balances_updated",
                "Balances that were changed, one for each user of a commit.",
                sum(int(node.balances_updated) for node in nodes),
            ),
            (
                "usage_errors",
                "Times that a repository came to stand still, for it was wrong or out of reach.",
                sum(int(node.halts) for node in nodes),
            ),
        ):
            yield CounterMetricFamily(name, text, value=total)
        yield self._halted(nodes)
        now = self._clock.now()
        lag = GaugeMetricFamily("usage_node_lag_seconds", "Time since the last commit of a node.", labels=["node"])
        silent = 0
        for node in nodes:
            if node.state == NodeState.RETIRED:
                continue
            if now - (node.last_seen_at or node.registered_at) > SILENT:
                silent += 1
            if node.last_seen_at is not None:
                lag.add_metric([node.node_id], (now - node.last_seen_at).total_seconds())
        yield lag
        yield GaugeMetricFamily("usage_nodes_silent", "Nodes of which nothing was heard for three hours.", value=silent)

    @staticmethod
    def _halted(nodes: list[Node]) -> Metric:
        found = Counter(node.halted_reason.value for node in nodes if node.halted_reason is not None)
        halted = GaugeMetricFamily("usage_nodes_halted", "Repositories that stand still, by reason.", labels=["reason"])
        for reason, number in sorted(found.items()):
            halted.add_metric([reason], number)
        return halted
