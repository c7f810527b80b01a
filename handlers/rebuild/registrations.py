"""Nodes as they were registered when each commit was read: what operators' acts made of them, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import Node, NodeKey, OperatorAct
from generated.tables.onboarding import NODE, OPERATOR_ACT, NodePatch
from handlers.rebuild.timeline import every
from handlers.usage.consumption import READ_BY

ACTS = ("nodes.register", "nodes.revoke_key")


class Registrations:
    """Nodes of `live`, changed in `fresh` as they were there."""

    def __init__(self, live: Database, fresh: Database) -> None:
        self._live, self._nodes = live, Store.of(NODE, fresh)

    def begin(self) -> None:
        """Each node as its first act found it; one that no act names stays as it is now."""
        met: set[str] = set()
        for act in every(OPERATOR_ACT, self._live):
            if act.act in ACTS and act.subject not in met:
                met.add(act.subject)
                self._become(act.subject, act.before)

    def again(self, act: OperatorAct) -> None:
        """Do an act again."""
        self._become(act.subject, act.after)

    def others(self) -> Iterator[tuple[str, str]]:
        """Nodes of the live database that are registered otherwise than the acts say, and in what."""
        for live in every(NODE, self._live):
            rebuilt = self._nodes.one({"node_id": live.node_id})
            assert rebuilt is not None, "it was copied"
            if names := [name for name in READ_BY if _shown(live)[name] != _shown(rebuilt)[name]]:
                yield live.node_id, ", ".join(names)

    def _become(self, node_id: str, shown: Mapping[str, Any] | None) -> None:
        node = self._nodes.one({"node_id": node_id})
        if node is not None and shown is not None:
            changes: NodePatch = {
                "keys": [NodeKey.model_validate(key) for key in shown["keys"]],
                "kinds": shown["kinds"],
                "sets_prices": shown.get("sets_prices", node.sets_prices),  # acts were recorded before it was told
            }
            self._nodes.patch(node.sid, changes)


def _shown(node: Node) -> dict[str, Any]:
    return node.model_dump(mode="json", include=set(READ_BY))
