"""A node of the demo: it lets whoever has credit use a little of something, writes that down and pushes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from codegen.runtime.clock import Clock
from handlers.node.allowances import Allowances, Site
from handlers.node.log import UsageLog
from handlers.node.push import Pushed, push
from handlers.node.usage import NewUsage

PAUSE = timedelta(seconds=30)
"""Between two records of a user; as long is an interval of a machine."""
HOUR = 3600
FROM_THE_BEGINNING = "0.0"
LEAST_LEFT = Decimal(1)
"""Dollars that are left to a user: the demo leads nobody into debt."""
Use = Callable[[str], tuple[NewUsage, Decimal]]
"""Something that a user uses, and about what it costs."""


def machine(user_sid: str) -> tuple[NewUsage, Decimal]:
    """A machine of Hero OS for the time since the last record."""
    seconds = int(PAUSE.total_seconds())
    hours = round(Decimal(seconds) / HOUR, 6)
    return NewUsage(user_sid, "hero_os_hour", hours, interval_seconds=seconds), hours * Decimal("0.11")


def model(user_sid: str) -> tuple[NewUsage, Decimal]:
    """A call of a language model."""
    cost = Decimal("0.004")
    return NewUsage(user_sid, "llm_token", Decimal(1560), model="demo-model", cost=cost), cost * Decimal("1.1")


USES: dict[str, Use] = {"hero_os_hour": machine, "llm_token": model}


class DemoNode:
    """The node in `folder`, which reports one kind of usage."""

    def __init__(self, folder: Path, kind: str, site: Site, clock: Clock) -> None:
        self._folder, self._use, self._site, self._clock = folder, USES[kind], site, clock
        self._log = UsageLog(folder, clock)
        self._allowances = Allowances(site, self._log.folder.stream_id, clock)
        self._cursor = FROM_THE_BEGINNING
        self._users: dict[str, datetime] = {}
        self._pushed_at = clock.now() - timedelta(hours=1)

    def turn(self) -> Pushed | None:
        """Serve everybody who may be served and whose pause is over; what was pushed.

        Raises `SiteAway`, `SiteRefused`, `NodeError`.
        """
        self._look_for_users()
        now, served = self._clock.now(), 0
        for user_sid, since in self._users.items():
            if now - since >= PAUSE and self._allowances.may_serve(user_sid).remaining > LEAST_LEFT:
                usage, dollars = self._use(user_sid)
                logged = self._log.append(usage)
                self._allowances.logged(user_sid, logged.local_seq, dollars)
                self._users[user_sid] = now
                served += 1
        if not served and now - self._pushed_at < timedelta(hours=1):
            return None
        self._pushed_at = now
        return push(self._folder, self._clock)

    def _look_for_users(self) -> None:
        """Whoever has had a balance; whose answer changed is asked for by `refresh`."""
        self._allowances.refresh()
        more = True
        while more:
            told = self._site.call("usage.allowances_changed", {"cursor": self._cursor})
            for each in told["allowances"]:
                self._users.setdefault(each["user_sid"], self._clock.now() - PAUSE)
            self._cursor, more = told["cursor"], told["more"]
