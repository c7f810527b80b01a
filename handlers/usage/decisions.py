"""What operators decide: to go on behind a bad commit or line, to charge a line that was set aside, or never to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pygit2

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, InvalidParams, NotFound
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import LineUnclear, NotHalted, QuarantineDecided
from generated.models.onboarding import Node, NodeState, OperatorAct, QuarantinedLine, QuarantineState
from generated.tables.onboarding import NODE, QUARANTINED_LINE, USAGE_SKIP
from handlers.admin.acts import Acts
from handlers.ledger.drawing import LedgerOverflow
from handlers.ledger.posting import Ledger
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.commit_checks import paths_with_line
from handlers.usage.halt import Halt
from handlers.usage.line_rules import Allowed, Aside
from handlers.usage.mirrors import Mirrors
from handlers.usage.rates import CurrentRates
from handlers.usage.reading import NodeRules, Reading
from handlers.usage.skips import SkippedLine, Skips
from handlers.usage.sums import line_source
from handlers.usage_format.line import decode
from handlers.usage_format.record import Finding


class Decisions:
    """Over the ledger's database, each in one transaction with the operator's act; commits are looked at in `mirrors`.
    `operator` names one who does not call."""

    def __init__(self, ledger: Ledger, rates: CurrentRates, mirrors: Mirrors, operator: str | None = None) -> None:
        self._ledger, self._database, self._rates, self._operator = ledger, ledger.database, rates, operator
        self._mirrors = mirrors
        self._nodes = Store.of(NODE, ledger.database)
        self._skips = Store.of(USAGE_SKIP, ledger.database)
        self._lines = Store.of(QUARANTINED_LINE, ledger.database)
        self._acts = Acts(ledger.database)

    def skip(
        self,
        context: Context,
        node_id: str,
        commit: str,
        reason: str,
        line: int | None = None,
        path: str | None = None,
    ) -> Node:
        """Go on behind a bad commit, or one line of it, at the next run of the aggregator; a decision that was made
        already stays as it is. `path` may be left out where one file of the commit has such a line. Raises `NotFound`,
        `NotHalted`, `LineUnclear`, `InvalidParams`."""
        if path is not None and line is None:
            raise InvalidParams("path", "it names the file of a line, and no line is given", "path")
        node = self._halted_at(node_id, commit)
        skipped = None if line is None else SkippedLine(self._path(node, commit, line, path), line)

        def work() -> Node:
            node = self._halted_at(node_id, commit)
            known = Skips.of(self._database, node_id)
            if commit in known.commits if skipped is None else skipped in known.lines.get(commit, ()):
                return node
            place = {} if skipped is None else {"path": skipped.path, "line": skipped.number}
            before = {"halted_reason": node.halted_reason, "halted_detail": node.halted_detail}
            act = self._record(context, "skip", node_id, {"commit": commit, **place}, reason, before)
            self._skips.new(
                {
                    "node_id": node_id,
                    "commit": commit,
                    "line": line,
                    "path": None if skipped is None else skipped.path,
                    "reason": reason,
                    "act_sid": act.sid,
                },
                context.clock.now(),
            )
            return node

        return self._database.run(work)

    def _halted_at(self, node_id: str, commit: str) -> Node:
        node = self._nodes.one({"node_id": node_id})
        if node is None:
            raise NotFound(f"no node {node_id} is registered")
        if node.state != NodeState.HALTED or node.halted_commit != commit:
            raise NotHalted(node_id=node_id, halted_commit=node.halted_commit)
        return node

    def _path(self, node: Node, commit: str, line: int, path: str | None) -> str:
        """The file whose line is meant. Raises `LineUnclear`."""
        try:
            paths = paths_with_line(self._mirrors.open(node.node_id), commit, line, node)
        except (pygit2.GitError, KeyError, Halt):  # our copy is on another host, or no line of it would be read
            paths = [path] if path is not None else []
        if path is None and len(paths) == 1:
            return paths[0]
        if path is None or path not in paths:
            raise LineUnclear(line=line, paths=paths)
        return path

    def accept(self, context: Context, sid: str, reason: str) -> QuarantinedLine:
        """Charge a line that was set aside, by its own time. Raises `NotFound`, `QuarantineDecided`, `Conflict`."""

        def work() -> QuarantinedLine:
            found, now = self._open(sid), context.clock.now().replace(microsecond=0)
            data = json.dumps(found.record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            record = decode(data)
            assert not isinstance(record, Finding), "it was read before it was set aside"
            rules = NodeRules(found.node_id, Allowed(()))
            reading = Reading(self._database, rules, found.commit, self._rates.get(), now)
            line = Line(found.path, found.line, data)
            judged = reading.price(record, found.line_hash, line, forgiven=True)
            if isinstance(judged, Aside):
                raise Conflict(judged.detail)
            self._charge(reading, judged, found, now)
            return self._decide(context, found, QuarantineState.ACCEPTED, "quarantine_accept", reason)

        return self._ledger.transaction(work)

    def reject(self, context: Context, sid: str, reason: str) -> QuarantinedLine:
        """Leave a line uncharged for good. Raises `NotFound`, `QuarantineDecided`."""
        return self._database.run(
            lambda: self._decide(context, self._open(sid), QuarantineState.REJECTED, "quarantine_reject", reason)
        )

    def _open(self, sid: str) -> QuarantinedLine:
        found = self._lines.object(self._lines.locked(sid, None))
        if found.state != QuarantineState.OPEN:
            raise QuarantineDecided(state=found.state)
        return found

    def _charge(self, reading: Reading, judged: ChargedLine, found: QuarantinedLine, now: datetime) -> None:
        source = line_source(found.node_id, found.commit, found.path, found.line)
        try:
            reading.take(judged)
            reading.flush()
            balances = reading.sums.post(self._ledger, source)
        except Halt as halt:
            raise Conflict(halt.detail) from None
        except LedgerOverflow as error:
            raise Conflict(f"it cannot be charged: {error}") from None
        reading.sums.write_days(self._database, now)
        node = self._nodes.one({"node_id": found.node_id})
        assert node is not None, "its line was read"
        self._nodes.patch(node.sid, {"records": node.records + 1, "balances_updated": node.balances_updated + balances})

    def _decide(
        self, context: Context, found: QuarantinedLine, state: QuarantineState, act: str, reason: str
    ) -> QuarantinedLine:
        place = line_source(found.node_id, found.commit, found.path, found.line)
        done = self._record(context, act, found.sid, {"line": place}, reason, {"state": QuarantineState.OPEN.value})
        now = context.clock.now().replace(microsecond=0)
        return self._lines.patch(found.sid, {"state": state, "decided_at": now, "act_sid": done.sid})

    def _record(
        self,
        context: Context,
        act: str,
        subject: str,
        arguments: Mapping[str, Any],
        reason: str,
        before: Mapping[str, Any],
    ) -> OperatorAct:
        return self._acts.record(
            context, f"usage.{act}", subject, arguments, reason, before=before, operator=self._operator
        )
