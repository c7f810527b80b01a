"""What operators decide: to go on behind a bad commit or line, to charge a line that was set aside, or never to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import NotHalted, QuarantineDecided
from generated.models.onboarding import Node, NodeState, OperatorAct, QuarantinedLine, QuarantineState
from generated.tables.onboarding import NODE, QUARANTINED_LINE, USAGE_SKIP
from handlers.admin.acts import Acts
from handlers.ledger.posting import Ledger, LedgerOverflow
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.halt import Halt
from handlers.usage.line_rules import Aside
from handlers.usage.rates import CurrentRates
from handlers.usage.reading import NodeRules, Reading
from handlers.usage.skips import Skips
from handlers.usage.sums import line_source
from handlers.usage_format.line import decode
from handlers.usage_format.record import Finding


class Decisions:
    """Over the ledger's database, each in one transaction with the operator's act. `operator` names one who does not
    call."""

    def __init__(self, ledger: Ledger, rates: CurrentRates, operator: str | None = None) -> None:
        self._ledger, self._database, self._rates, self._operator = ledger, ledger.database, rates, operator
        self._nodes = Store.of(NODE, ledger.database)
        self._skips = Store.of(USAGE_SKIP, ledger.database)
        self._lines = Store.of(QUARANTINED_LINE, ledger.database)
        self._acts = Acts(ledger.database)

    def skip(self, context: Context, node_id: str, commit: str, reason: str, line: int | None = None) -> Node:
        """Go on behind a bad commit, or one line of it, at the next run of the aggregator; a decision that was made
        already stays as it is. Raises `NotFound`, `NotHalted`."""

        def work() -> Node:
            node = self._nodes.one({"node_id": node_id})
            if node is None:
                raise NotFound(f"no node {node_id} is registered")
            if node.state != NodeState.HALTED or node.halted_commit != commit:
                raise NotHalted(node_id=node_id, halted_commit=node.halted_commit)
            known = Skips.of(self._database, node_id)
            if commit in known.commits if line is None else line in known.lines.get(commit, ()):
                return node
            arguments = {"commit": commit} if line is None else {"commit": commit, "line": line}
            before = {"halted_reason": node.halted_reason, "halted_detail": node.halted_detail}
            act = self._record(context, "skip", node_id, arguments, reason, before)
            self._skips.new(
                {"node_id": node_id, "commit": commit, "line": line, "reason": reason, "act_sid": act.sid},
                context.clock.now(),
            )
            return node

        return self._database.run(work)

    def accept(self, context: Context, sid: str, reason: str) -> QuarantinedLine:
        """Charge a line that was set aside, by its own time. Raises `NotFound`, `QuarantineDecided`, `Conflict`."""

        def work() -> QuarantinedLine:
            found, now = self._open(sid), context.clock.now().replace(microsecond=0)
            data = json.dumps(found.record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            record = decode(data)
            assert not isinstance(record, Finding), "it was read before it was set aside"
            rules = NodeRules(found.node_id, frozenset())
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
            reading.sums.post(self._ledger, source)
        except Halt as halt:
            raise Conflict(halt.detail) from None
        except LedgerOverflow as error:
            raise Conflict(f"it cannot be charged: {error}") from None
        reading.sums.write_days(self._database, now)
        node = self._nodes.one({"node_id": found.node_id})
        assert node is not None, "its line was read"
        self._nodes.patch(node.sid, {"records": node.records + 1})

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
