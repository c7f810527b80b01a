"""`usage.record_usage` and `usage.push_usage_now`: the logs of nodes that this host keeps, for operators' programs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from time import perf_counter

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import Busy, Conflict, InvalidParams, NotFound
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import AmountInvalid, KindNotAllowed, NodeRetired, PushFailed, WouldBeSetAside
from generated.models.onboarding import NodeState, PushReport, ResourceCategory, UsageRecorded
from generated.services.onboarding import UsageService
from generated.tables.onboarding import NODE, STREAM_CURSOR, USER
from handlers.admin.acts import Acts
from handlers.node.daily_limit import DailyLimits
from handlers.node.errors import KeyConflict, LogDamaged, NotANode, NotWritten
from handlers.node.hosted import push_all
from handlers.node.log import UsageLog
from handlers.node.usage import NewUsage
from handlers.node.would_wait import WouldWait, require_chargeable
from handlers.usage.line_rules import Allowed
from handlers.usage_format.record import InvalidUsage

PUSH = "usage.push_usage_now"


class HostedNodes:
    """The nodes with a folder below `root`."""

    def __init__(self, root: Path, database: Database, clock: Clock, limits: DailyLimits) -> None:
        self._root, self._database, self._clock, self._limits = root, database, clock, limits
        self._nodes, self._users = Store.of(NODE, database), Store.of(USER, database)
        self._streams = Store.of(STREAM_CURSOR, database)
        self._logs: dict[str, UsageLog] = {}
        self._lock = Lock()

    def record(self, node_id: str, usage: NewUsage, key: str, amount_cents: int) -> UsageRecorded:
        """Append priced usage to the log of a node. Raises what `UsageService.record_usage` declares."""
        node = self._nodes.one({"node_id": node_id})
        if node is not None and node.state == NodeState.RETIRED:
            raise NodeRetired(node_id=node_id)
        if node is not None and usage.resource_kind not in node.kinds:
            raise KindNotAllowed(node_id=node_id, resource_kind=usage.resource_kind)
        if not self._users.exists(usage.user_sid):
            raise NotFound(f"there is no user {usage.user_sid}")
        log = self._log(node_id)
        # A node that is not registered yet may become one that sets prices.
        allowed = Allowed((usage.resource_kind,), node is None or node.sets_prices)
        read = self._streams.one({"node_id": node_id, "stream_id": log.folder.stream_id})
        rule = require_chargeable(allowed, self._clock.now(), read)
        try:
            with self._limits.taken(usage.user_sid, amount_cents, lambda: log.find(key) is not None) as give_back:
                logged = log.append(usage, rule)
            if logged.duplicate:
                give_back()
        except WouldWait as error:
            raise WouldBeSetAside(str(error), reason=error.aside.reason, detail=error.aside.detail) from None
        except KeyConflict as error:
            raise Conflict(str(error)) from None
        except InvalidUsage as error:
            raise InvalidParams("", str(error), "line") from None
        except (NotWritten, LogDamaged) as error:
            raise Busy(str(error)) from None
        return UsageRecorded(
            node_id=node_id, stream_id=logged.stream_id, local_seq=logged.local_seq, duplicate=logged.duplicate
        )

    def push(self) -> PushReport:
        """Push all that the logs hold; of several nodes the report is the sum. Raises `PushFailed`, when all that could
        be pushed were."""
        began = perf_counter()
        pushed, failed = push_all(self._root, self._clock)
        if failed:
            raise PushFailed("; ".join(failed), detail="; ".join(failed))
        only = pushed[0] if len(pushed) == 1 else None
        return PushReport(
            node_id=only.node_id if only else None,
            commit=only.commit if only else None,
            records=sum(each.records for each in pushed),
            files=sum(each.files for each in pushed),
            heartbeat=bool(pushed) and all(each.heartbeat for each in pushed),
            duration_ms=int((perf_counter() - began) * 1000),
        )

    def run_once(self) -> int:
        """The same as a job; how many records were pushed."""
        return int(self.push().records)

    def _log(self, node_id: str) -> UsageLog:
        with self._lock:
            if node_id not in self._logs:
                try:
                    self._logs[node_id] = UsageLog(self._root.joinpath(node_id), self._clock)
                except NotANode:
                    raise NotFound(f"this host keeps no log of the node {node_id}") from None
            return self._logs[node_id]


@serves(UsageService)
class RecordingHandler:
    """The part of `UsageService` that is about logs."""

    def __init__(self, nodes: HostedNodes) -> None:
        self._nodes = nodes

    @own_transactions
    @runs(Place.LONG)
    def record_usage(
        self,
        context: Context,
        *,
        node_id: str,
        user_sid: str,
        amount_cents: int,
        resource_kind: str,
        idempotency_key: str,
        occurred_at: datetime,
        applies_to: ResourceCategory | None = None,
    ) -> UsageRecorded:
        """Write a priced record into the log of a node that this host keeps; how much was used is in its price."""
        if amount_cents < 0:
            raise AmountInvalid("usage costs nothing or more; a record is taken back by one that voids it")
        usage = NewUsage(
            user_sid,
            resource_kind,
            Decimal(0),
            occurred_at,
            idempotency_key,
            applies_to and applies_to.value,
            amount_cents=amount_cents,
        )
        return self._nodes.record(node_id, usage, idempotency_key, amount_cents)

    @own_transactions
    @runs(Place.SLOW)
    def push_usage_now(self, context: Context) -> PushReport:
        """Commit and push what this host's logs hold, with the operator's act behind it."""
        report = self._nodes.push()
        done = {"records": int(report.records), "files": int(report.files)}
        acts = Acts(context.database)
        context.database.run(lambda: acts.record(context, PUSH, report.node_id or "", {}, "Usage pushed", after=done))
        return report
