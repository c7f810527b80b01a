"""The registered nodes of a database: read for the aggregator, halted and resumed by what it finds."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AggregationHalted, AggregationResumed, HaltReason, Node, NodeState
from generated.tables.onboarding import NODE, NodePatch
from handlers.usage.advice import advice
from handlers.usage.halt import Halt
from handlers.work.alerts import alert, clear

NOT_HALTED: NodePatch = {"halted_commit": None, "halted_reason": None, "halted_detail": None, "halted_at": None}


class Nodes:
    """Nodes in `database`."""

    def __init__(self, database: Database, clock: Clock, log: Log) -> None:
        self._database, self._clock, self._log = database, clock, log
        self._store = Store.of(NODE, database)

    def get(self, node_id: str) -> Node | None:
        """The node of this name, if it is registered."""
        return self._store.one({"node_id": node_id})

    def read_from(self) -> Iterator[Node]:
        """Those that are not retired."""
        return (node for node in self.every() if node.state != NodeState.RETIRED)

    def every(self) -> Iterator[Node]:
        """All nodes, in the order in which they were registered."""
        cursor: str | None = None
        while True:
            page = self._store.list_full(1000, cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def halt(self, node_id: str, halt: Halt) -> None:
        """Note that a node's repository stands still, and have an operator look at it; once for each reason.

        That it cannot be reached is not noted over what is wrong with it: that waits for an operator all the same.
        """

        def work() -> bool:
            node = self.get(node_id)
            if node is None or node.state == NodeState.RETIRED:
                return False
            if halt.reason == HaltReason.UNREACHABLE and node.halted_reason not in (None, HaltReason.UNREACHABLE):
                return False
            known = (node.state, node.halted_commit, node.halted_reason, node.halted_detail)
            if known == (NodeState.HALTED, halt.commit, halt.reason, halt.detail):
                return False
            self._store.patch(
                node.sid,
                {
                    "state": NodeState.HALTED,
                    "halted_commit": halt.commit,
                    "halted_reason": halt.reason,
                    "halted_detail": halt.detail,
                    "halted_at": self._clock.now().replace(microsecond=0),
                    "halts": node.halts + 1,
                },
            )
            told = f"{halt.reason.value}: {halt.detail}. {advice(node, halt)}"
            alert(self._database, self._clock, "aggregation_halted", node_id, told)
            return True

        if self._database.run(work):
            event = AggregationHalted(node_name=node_id, commit_sha=halt.commit or "", reason=halt.reason.value)
            self._log.line("AggregationHalted", {**event.model_dump(), "detail": halt.detail}, "error")

    def resume(self, node: Node) -> None:
        """Note that a node's repository goes on, if it stood still. The event names the last commit that was read."""
        if node.state != NodeState.HALTED:
            return
        now = self._clock.now().replace(microsecond=0)

        def work() -> str | None:
            known = self._store.locked(node.sid, None)
            if known["state"] != NodeState.HALTED:
                return None
            self._store.write(known, {"state": NodeState.ACTIVE, **NOT_HALTED})
            clear(self._database, self._clock, "aggregation_halted", node.node_id)
            return known["last_commit"] or ""

        if (reached := self._database.run(work)) is not None:
            event = AggregationResumed(node_name=node.node_id, commit_sha=reached, resumed_at=now)
            self._log.line("AggregationResumed", event.model_dump(mode="json"))
