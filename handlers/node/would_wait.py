"""What is not recorded because the aggregator would set it aside: judged by its own rules, before it is in a log."""

from __future__ import annotations

from datetime import datetime

from generated.models.onboarding import StreamCursor
from handlers.node.errors import Refused
from handlers.node.key_index import Latest
from handlers.node.log import Rule
from handlers.usage.line_rules import MOST_AHEAD, Allowed, Aside, set_aside
from handlers.usage_format.record import LoggedUsage


class WouldWait(Refused):
    """`aside` says what the aggregator would find."""

    def __init__(self, aside: Aside) -> None:
        super().__init__(aside.detail)
        self.aside = aside


def require_chargeable(allowed: Allowed, now: datetime, read: StreamCursor | None) -> Rule:
    """The rule for a log of which the aggregator has `read` so much. It raises `WouldWait`."""

    def rule(record: LoggedUsage, logged: Latest) -> None:
        aside = set_aside(record, allowed, now, _reached(now, read, logged))
        if aside is not None:
            raise WouldWait(aside)

    return rule


def _reached(now: datetime, read: StreamCursor | None, logged: Latest) -> datetime | None:
    """The time that the stream has reached: of what was read the aggregator knows it, for what it set aside does not
    count; of what was not, the log, save where a program wrote a time that lies too far ahead."""
    times = [read.last_occurred_at] if read is not None else []
    if logged.local_seq > (int(read.last_seq) if read is not None else 0):
        at = datetime.fromisoformat(logged.at)
        if at <= now + MOST_AHEAD:
            times.append(at)
    return max(times, default=None)
