"""Consume one commit of a node: its lines, postings, daily usage and cursors in one transaction, or nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from codegen.runtime.context import Clock
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import HaltReason, Node, NodeState
from generated.tables.onboarding import CONSUMED_COMMIT, NODE, NodePatch
from handlers.ledger.drawing import LedgerOverflow
from handlers.ledger.posting import Ledger
from handlers.usage.commit_checks import CheckedCommit
from handlers.usage.halt import Halt
from handlers.usage.line_rules import Allowed
from handlers.usage.rates import CurrentRates
from handlers.usage.reading import Counts, NodeRules, Reading
from handlers.usage.skips import Skips
from handlers.usage.streams import Streams

READ_BY = ("keys", "kinds", "sets_prices")
"""What of a node decides what becomes of its lines."""
LOOKED_AT = ("last_commit", *READ_BY)
"""What of a node must be as it was when its repository was looked at."""


class Overtaken(Exception):
    """Somebody else consumed of this repository meanwhile, or changed its node; nothing was done."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, the one that it follows, when it was made, and whether it is the node's."""

    commit: str
    parent: str | None
    at: datetime
    own: bool = True


@dataclass(frozen=True, slots=True)
class Consumed:
    """What became of a commit; `balances` says how many balances it changed."""

    records: int = 0
    duplicates: int = 0
    quarantined: int = 0
    balances: int = 0


class Consumption:
    """Consumes into the ledger's database."""

    def __init__(self, ledger: Ledger, clock: Clock, rates: CurrentRates) -> None:
        self._ledger, self._database, self._clock, self._rates = ledger, ledger.database, clock, rates
        self._nodes = Store.of(NODE, ledger.database)
        self._commits = Store.of(CONSUMED_COMMIT, ledger.database)

    def consume(self, node: Node, checked: CheckedCommit, skips: Skips) -> Consumed:
        """Consume the commit that follows the last one of `node`. Raises `Halt`, `Overtaken`."""
        rules = NodeRules(
            node.node_id,
            Allowed(frozenset(str(kind) for kind in node.kinds), node.sets_prices),
            skips.lines.get(checked.commit, frozenset()),
            bool(skips),
        )
        commit = Commit(checked.commit, checked.parent, checked.at, checked.own)

        def work() -> Consumed:
            known, now = self._locked(node), self._now()
            reading = Reading(self._database, rules, checked.commit, self._rates.get(), now)
            reading.read(checked.lines())
            reading.streams.write(now)
            balances = reading.sums.post(self._ledger, f"usage:{node.node_id}@{checked.commit}")
            reading.sums.write_days(self._database, now)
            counts = reading.counts
            self._finish(known, commit, counts, reading.sums.charge, None, now, balances)
            return Consumed(counts.records, counts.duplicates, counts.quarantined, balances)

        try:
            return self._ledger.transaction(work)
        except LedgerOverflow as error:
            raise Halt(HaltReason.FORBIDDEN_CHANGE, f"it cannot be charged: {error}", commit=checked.commit) from None

    def skip(self, node: Node, commit: Commit, skip_sid: str) -> None:
        """Go on behind a commit of which nothing is consumed, as an operator decided. Raises `Overtaken`."""

        def work() -> None:
            known = self._locked(node)
            Streams(self._database, node.node_id, skipped=True).lines_were_skipped()
            self._finish(known, commit, Counts(), 0, skip_sid, self._now())

        self._database.run(work)

    def _now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    def _locked(self, node: Node) -> dict[str, Any]:
        """The node's row, if it is as it was when its repository was looked at: a key that was revoked since, or a
        kind that was taken away, is looked at again."""
        known = self._nodes.locked(node.sid, None)
        now = self._nodes.object(known)
        if now.state == NodeState.RETIRED or any(getattr(now, name) != getattr(node, name) for name in LOOKED_AT):
            raise Overtaken
        return known

    def _finish(
        self,
        known: dict[str, Any],
        commit: Commit,
        counts: Counts,
        charge: int,
        skip_sid: str | None,
        now: datetime,
        balances: int = 0,
    ) -> None:
        """Keep the commit's own row, and move the node's cursor."""
        self._commits.insert_once(
            {
                "node_id": known["node_id"],
                "commit": commit.commit,
                "parent": commit.parent,
                "committed_at": commit.at,
                "records": counts.records,
                "duplicates": counts.duplicates,
                "quarantined": counts.quarantined,
                "charge": Money(charge),
                "consumed_at": now,
                "skip_sid": skip_sid,
            },
            now,
            ("node_id", "commit"),
        )
        changes: NodePatch = {
            "last_commit": commit.commit,
            "records": known["records"] + counts.records,
            "duplicates": known["duplicates"] + counts.duplicates,
            "quarantined": known["quarantined"] + counts.quarantined,
            "balances_updated": known["balances_updated"] + balances,
        }
        if commit.own:
            changes["last_seen_at"] = min(max(known["last_seen_at"] or commit.at, commit.at), now)
        if known["root_commit"] is None and commit.parent is None:
            changes["root_commit"] = commit.commit
        self._nodes.write(known, changes)
