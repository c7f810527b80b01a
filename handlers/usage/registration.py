"""Nodes as operators register them: their repository, their keys and when each is good, what they may report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import KeyUnknown, NodeExists, NodeRetired
from generated.models.onboarding import Node, NodeKey, NodeState, UsageLayout
from generated.tables.onboarding import NODE
from handlers.admin.acts import NO_REASON, Acts
from handlers.usage.kept_logs import keeps_log
from handlers.usage.line_rules import MOST_BEHIND
from handlers.usage.mirrors import FetchFailed, check_address
from handlers.usage.nodes import NOT_HALTED
from handlers.usage.ssh_signature import BadSignature, raw_key
from handlers.work.alerts import clear


class Registration:
    """Nodes in `database`. Call it in a transaction. Logs that this host keeps stand below `logs`; `operator` names one
    who does not call."""

    def __init__(self, database: Database, logs: Path, operator: str | None = None) -> None:
        self._database, self._logs, self._operator = database, logs, operator
        self._store = Store.of(NODE, database)
        self._acts = Acts(database)

    def register(
        self,
        context: Context,
        *,
        node_id: str,
        repo_url: str,
        public_key: str,
        kinds: Sequence[str],
        valid_from: datetime | None = None,
        root_commit: str | None = None,
        layout: UsageLayout | None = None,
        sets_prices: bool | None = None,
        reason: str | None = None,
    ) -> Node:
        """Register a node, or give a registered one another key and other kinds.

        Without `valid_from` a node's first key is good for as long back as lines are taken, a further one from now on.
        Without `sets_prices` a node may set prices whose log this host keeps, or whose layout is the older one; one
        that could before still may.
        Raises `NodeExists` where the node has another repository, layout or root, `NodeRetired`, `InvalidParams`.
        """
        key, now = _key("public_key", public_key), context.clock.now().replace(microsecond=0)
        node = self._store.one({"node_id": node_id})
        if sets_prices is None:
            known_to = node.sets_prices if node is not None else layout == UsageLayout.SHARED
            sets_prices = known_to or keeps_log(self._logs, node_id, key)
        if node is None:
            _require_address(repo_url)
            keys = [NodeKey(public_key=public_key, valid_from=valid_from or now - MOST_BEHIND, valid_until=None)]
            made = self._store.new(
                {
                    "node_id": node_id,
                    "repo_url": repo_url,
                    "keys": keys,
                    "kinds": list(dict.fromkeys(kinds)),
                    "root_commit": root_commit,
                    "layout": layout or UsageLayout.REPOSITORY,
                    "sets_prices": sets_prices,
                },
                now,
            )
            return self._record(context, "register", None, made, reason)
        if node.state == NodeState.RETIRED:
            raise NodeRetired(node_id=node_id)
        other_root = root_commit is not None and node.root_commit not in (None, root_commit)
        if node.repo_url != repo_url or layout not in (None, node.layout) or other_root:
            raise NodeExists(node_id=node_id)
        others = [each for each in node.keys if raw_key(each.public_key) != key]
        known = next((each for each in node.keys if raw_key(each.public_key) == key), None)
        begin = valid_from or (known.valid_from if known is not None else now)
        kept = NodeKey(
            public_key=public_key, valid_from=begin, valid_until=known.valid_until if known is not None else None
        )
        changed = self._store.patch(
            node.sid,
            {
                "keys": [*others, kept],
                "kinds": list(dict.fromkeys(kinds)),
                "root_commit": node.root_commit or root_commit,
                "sets_prices": sets_prices,
            },
        )
        return self._record(context, "register", node, changed, reason)

    def revoke_key(
        self, context: Context, *, node_id: str, public_key: str, valid_until: datetime, reason: str | None = None
    ) -> Node:
        """End the time of a key. Raises `NotFound`, `KeyUnknown`."""
        node, key = self._get(node_id), _key("public_key", public_key)
        if not any(raw_key(each.public_key) == key for each in node.keys):
            raise KeyUnknown(node_id=node_id)
        keys = [
            each.model_copy(update={"valid_until": valid_until}) if raw_key(each.public_key) == key else each
            for each in node.keys
        ]
        return self._record(context, "revoke_key", node, self._store.patch(node.sid, {"keys": keys}), reason)

    def retire(self, context: Context, *, node_id: str, reason: str) -> Node:
        """Read no more from a node. Raises `NotFound`."""
        node = self._get(node_id)
        if node.state == NodeState.RETIRED:
            return node
        changed = self._store.patch(node.sid, {"state": NodeState.RETIRED, **NOT_HALTED})
        for kind in ("aggregation_halted", "node_silent"):
            clear(self._database, context.clock, kind, node_id)
        return self._record(context, "retire", node, changed, reason)

    def _get(self, node_id: str) -> Node:
        node = self._store.one({"node_id": node_id})
        if node is None:
            raise NotFound(f"no node {node_id} is registered")
        return node

    def _record(self, context: Context, act: str, before: Node | None, after: Node, reason: str | None) -> Node:
        self._acts.record(
            context,
            f"nodes.{act}",
            after.node_id,
            {},
            reason or NO_REASON,
            before=None if before is None else _shown(before),
            after=_shown(after),
            operator=self._operator,
        )
        return after


def _shown(node: Node) -> Mapping[str, Any]:
    return node.model_dump(mode="json", include={"repo_url", "keys", "kinds", "sets_prices", "state", "root_commit"})


def _require_address(repo_url: str) -> None:
    """Everybody who sees nodes sees it, and acts keep it for ever: no secret stands there."""
    try:
        check_address(repo_url)
    except FetchFailed as error:
        raise InvalidParams("repo_url", error.detail, "address") from None


def _key(name: str, public_key: str) -> bytes:
    try:
        return raw_key(public_key)
    except BadSignature as error:
        raise InvalidParams(name, str(error), "key") from None
