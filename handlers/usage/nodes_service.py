"""`nodes.*` for operators."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import Node, NodeOverview, NodeState, UsageLayout
from generated.services.onboarding import NodesService
from generated.tables.onboarding import NODE
from handlers.usage import statements
from handlers.usage.advice import advice_now
from handlers.usage.announcing import Announcing
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.registration import Registration
from handlers.usage.repository import unapplied
from handlers.usage.standing import SILENT


@serves(NodesService)
class NodesHandler:
    """The part of `NodesService` that operators call, over a database and the mirrors of the repositories. With
    `announcing` a node that is registered has its pushes announced."""

    def __init__(
        self,
        database: Database,
        nodes: Nodes,
        mirrors: Mirrors,
        registration: Registration,
        log: Log | None = None,
        announcing: Announcing | None = None,
    ) -> None:
        self._database, self._nodes, self._mirrors = database, nodes, mirrors
        self._registration, self._log, self._announcing = registration, log or Log(), announcing
        self._store = Store.of(NODE, database)
        self._open_lines = database.prepare(statements.OPEN_LINES)

    @runs(Place.SLOW)
    @own_transactions
    def register(
        self,
        context: Context,
        *,
        node_id: str,
        repo_url: str,
        public_key: str,
        kinds: list[str],
        valid_from: datetime | None = None,
        root_commit: str | None = None,
        layout: UsageLayout | None = None,
        sets_prices: bool | None = None,
        reason: str | None = None,
    ) -> Node:
        """Register a node, or add a key to one that is registered."""
        node = self._database.run(
            lambda: self._registration.register(
                context,
                node_id=node_id,
                repo_url=repo_url,
                public_key=public_key,
                kinds=kinds,
                valid_from=valid_from,
                root_commit=root_commit,
                layout=layout,
                sets_prices=sets_prices,
                reason=reason,
            )
        )
        if self._announcing is not None and (error := self._announcing.see_to(node.repo_url).error) is not None:
            told = {"node": node_id, "message": f"its pushes are not announced, and found by polls: {error}"}
            self._log.line("webhook", told, "warning")
        return node

    def revoke_key(
        self, context: Context, *, node_id: str, public_key: str, valid_until: datetime, reason: str | None = None
    ) -> Node:
        """Commits signed at or after `valid_until` are no longer taken from this key."""
        return self._registration.revoke_key(
            context, node_id=node_id, public_key=public_key, valid_until=valid_until, reason=reason
        )

    def retire(self, context: Context, *, node_id: str, reason: str) -> Node:
        """Read no more from a node."""
        return self._registration.retire(context, node_id=node_id, reason=reason)

    def overview(self, context: Context) -> list[NodeOverview]:
        """All nodes as the operator sees them."""
        now = context.clock.now()
        return [self._overview(node, now) for node in self._nodes.every()]

    def _overview(self, node: Node, now: datetime) -> NodeOverview:
        heard = node.last_seen_at or node.registered_at
        read = self._database.execute(self._open_lines, (node.node_id,))
        return NodeOverview(
            node=node,
            silent=node.state != NodeState.RETIRED and now - heard > SILENT,
            lag_seconds=None if node.last_seen_at is None else max(int((now - heard).total_seconds()), 0),
            unapplied_commits=unapplied(self._mirrors, node),
            quarantined=int(read[0][0]),
            advice=advice_now(node),
        )
