"""What is told of each call: metrics, a log line, and for `@audit` methods an entry in the audit sink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from codegen.runtime.context import Context
from codegen.runtime.http.log import Log, described, redacted
from codegen.runtime.http.metrics import UNKNOWN, Metrics
from codegen.runtime.rpc.method import Method
from codegen.runtime.storage.faults import Unavailable


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One call of an `@audit` method. `params` are JSON values with sensitive fields masked; `code` 0 is success."""

    at: datetime
    request_id: str
    method: str
    scope: str
    caller: str | None
    params: Mapping[str, Any]
    code: int


class AuditSink(Protocol):
    def record(self, entry: AuditEntry) -> None:
        """Keep it. Called when the call's own transaction is over."""
        ...


class LogAudit:
    """The sink that is always there: a log line of its own kind, `audit`."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def record(self, entry: AuditEntry) -> None:
        self._log.line(
            "audit",
            {
                "request_id": entry.request_id,
                "method": entry.method,
                "scope": entry.scope,
                "caller": entry.caller,
                "code": entry.code,
                "params": entry.params,
            },
        )


class Observation:
    """The dispatcher's observer."""

    def __init__(self, metrics: Metrics, log: Log, audit: AuditSink | None = None) -> None:
        self.metrics, self.log = metrics, log
        self._audit = audit or LogAudit(log)

    def called(self, method: Method | None, context: Context, code: int, seconds: float) -> None:
        name = UNKNOWN if method is None else method.name
        self.metrics.add(name, code, seconds)
        caller = context.caller
        self.log.call(context.request_id, name, caller.scope, caller.sid, code, seconds)

    def audited(self, method: Method, context: Context, params: Mapping[str, Any], code: int) -> None:
        """A sink that fails is a fault in the log; the call is over and keeps its answer."""
        try:
            self._audit.record(
                AuditEntry(
                    context.clock.now(),
                    context.request_id,
                    method.name,
                    context.caller.scope,
                    context.caller.sid,
                    redacted(params),
                    code,
                )
            )
        except Exception as error:
            self.failed(method, context, "audit", error)

    def hindered(self, method: Method, context: Context, error: Unavailable) -> None:
        self.log.line(
            "busy",
            {"request_id": context.request_id, "method": method.name, "caller": context.caller.sid, **described(error)},
            level="warning",
        )

    def failed(self, method: Method, context: Context, reference: str, error: BaseException) -> None:
        self.log.line(
            "fault",
            {
                "request_id": context.request_id,
                "method": method.name,
                "caller": context.caller.sid,
                "ref": reference,
                **described(error),
            },
            level="error",
        )
