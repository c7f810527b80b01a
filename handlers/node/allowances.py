"""Whether a node may serve a user: the site's answers, kept, less what was logged and not counted there yet.

The site is asked once for each user and after that for what changed, by one call for all (`refresh`, as often as one
likes), which renews the answers that did not change. While the site is away, answers hold until their end, no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import Any, Protocol

from codegen.runtime.clock import Clock, SystemClock


class Site(Protocol):
    """How the site is asked: by JSON-RPC, say (`handlers.node.site.JsonRpcSite`)."""

    def call(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        """The result of a method. Raises `SiteAway` where there is no answer, `SiteRefused` for an error."""
        ...


class SiteAway(Exception):
    """The site does not answer."""


class SiteRefused(Exception):
    """The site answered with an error; `slug` names it."""

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(message)
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether a user may be served: for `remaining` dollars more, or not, and why (`reason`: `frozen`,
    `insufficient_funds`, `not_found`, or `site_away` where nobody says so any more)."""

    allowed: bool
    remaining: Decimal
    reason: str | None = None


@dataclass(slots=True)
class _Answer:
    allowed: bool
    reason: str | None
    remaining: Decimal
    until: datetime
    counted_seq: int


class Allowances:
    """The users of one node whose log has the stream `stream_id`. May be asked by several threads."""

    def __init__(self, site: Site, stream_id: str, clock: Clock | None = None) -> None:
        self._site, self._stream, self._clock = site, stream_id, clock or SystemClock()
        self._answers: dict[str, _Answer] = {}
        self._logged: dict[str, list[tuple[int, Decimal]]] = {}
        self._cursor: str | None = None
        self._others_until = datetime.fromtimestamp(0, UTC)
        self._lock = Lock()

    def may_serve(self, user_sid: str) -> Leave:
        """Ask before serving. The site is asked only about a user that is not known, or whose answer ran out."""
        now = self._clock.now()
        with self._lock:
            answer = self._answers.get(user_sid)
        if answer is None or max(answer.until, self._others_until) <= now:
            try:
                if self._cursor is None:
                    self.refresh()  # first where to go on from, then the answer: nothing falls between the two
                told = self._site.call("usage.allowance", {"user_sid": user_sid, "stream_id": self._stream})
            except SiteAway:
                return Leave(False, Decimal(0), "site_away")
            except SiteRefused as error:
                return Leave(False, Decimal(0), error.slug)
            self._keep(told)
        with self._lock:
            answer = self._answers[user_sid]
            left = answer.remaining - self._waiting(user_sid, answer)
        if not answer.allowed:
            return Leave(False, Decimal(0), answer.reason)
        return Leave(left > 0, max(left, Decimal(0)), None if left > 0 else "insufficient_funds")

    def logged(self, user_sid: str, local_seq: int, dollars: Decimal) -> None:
        """Count what the log has got and the site has not billed: a record and its price, as the node knows it."""
        with self._lock:
            self._logged.setdefault(user_sid, []).append((local_seq, dollars))

    def refresh(self) -> int:
        """Fetch what changed, for all users; how many answers did. Raises `SiteAway`, `SiteRefused`."""
        count = 0
        while True:
            given: dict[str, object] = {"stream_id": self._stream}
            if self._cursor is not None:
                given["cursor"] = self._cursor
            told = self._site.call("usage.allowances_changed", given)
            for each in told["allowances"]:
                if each["user_sid"] in self._answers:
                    self._keep(each)
                    count += 1
            self._cursor = told["cursor"]
            if not told["more"]:
                self._others_until = datetime.fromisoformat(told["until"])
                return count

    def _keep(self, told: Mapping[str, Any]) -> None:
        answer = _Answer(
            told["allowed"],
            told.get("reason"),
            Decimal(told["remaining"]),
            datetime.fromisoformat(told["until"]),
            told.get("counted_seq") or 0,
        )
        with self._lock:
            self._answers[told["user_sid"]] = answer

    def _waiting(self, user_sid: str, answer: _Answer) -> Decimal:
        """What was logged for a user behind the records that the answer counts; those are forgotten."""
        left = [each for each in self._logged.get(user_sid, ()) if each[0] > answer.counted_seq]
        self._logged[user_sid] = left
        return sum((dollars for _, dollars in left), Decimal(0))
