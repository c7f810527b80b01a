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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the site told of a user; `number` counts the answers that were kept."""

    allowed: bool
    reason: str | None
    remaining: Decimal
    until: datetime
    counted_seq: int
    number: int


class Allowances:
    """The users of one node whose log has the stream `stream_id`. May be asked by several threads."""

    def __init__(self, site: Site, stream_id: str, clock: Clock | None = None) -> None:
        self._site, self._stream, self._clock = site, stream_id, clock or SystemClock()
        self._answers: dict[str, _Answer] = {}
        self._logged: dict[str, list[tuple[int, Decimal]]] = {}
        self._cursor: str | None = None
        self._others_until = datetime.fromtimestamp(0, UTC)
        self._kept = 0
        self._lock = Lock()
        self._refreshing = Lock()

    def may_serve(self, user_sid: str) -> Leave:
        """Ask before serving. The site is asked only about a user that is not known, or whose answer ran out."""
        now = self._clock.now()
        with self._lock:
            answer, begun = self._answers.get(user_sid), self._cursor is not None
            if answer is not None and max(answer.until, self._others_until) > now:
                return self._leave(user_sid, answer)
        try:
            if not begun:
                self.refresh()  # first where to go on from, then the answer: nothing falls between the two
            with self._lock:
                cursor = self._cursor
            told = self._site.call("usage.allowance", {"user_sid": user_sid, "stream_id": self._stream})
        except SiteAway:
            return Leave(False, Decimal(0), "site_away")
        except SiteRefused as error:
            return Leave(False, Decimal(0), error.slug)
        with self._lock:
            answer = self._answer(told)
            if self._cursor == cursor:
                self._keep(user_sid, answer)
            # Otherwise a change came in between, which this answer may not know: it is good for this time only.
            return self._leave(user_sid, answer)

    def logged(self, user_sid: str, local_seq: int, dollars: Decimal) -> None:
        """Count what the log has got and the site has not billed: a record and its price, as the node knows it."""
        with self._lock:
            self._logged.setdefault(user_sid, []).append((local_seq, dollars))

    def refresh(self) -> int:
        """Fetch what changed, for all users; how many answers did. Raises `SiteAway`, `SiteRefused`."""
        count = 0
        with self._refreshing:  # pages are applied in their order
            while True:
                with self._lock:
                    cursor, kept = self._cursor, self._kept
                given: dict[str, object] = {"stream_id": self._stream}
                if cursor is not None:
                    given["cursor"] = cursor
                told = self._site.call("usage.allowances_changed", given)
                with self._lock:
                    count += sum(self._change(each, kept) for each in told["allowances"])
                    self._cursor = told["cursor"]
                    if not told["more"]:
                        self._others_until = datetime.fromisoformat(told["until"])
                        return count

    def _change(self, told: Mapping[str, Any], kept: int) -> bool:
        """Apply an answer of a page that was asked for when so many were kept; whether its user is one of ours."""
        user_sid = told["user_sid"]
        known = self._answers.get(user_sid)
        if known is None:
            return False
        if known.number > kept:
            del self._answers[user_sid]  # both were asked for at once: nobody knows which of them is the later one
        else:
            self._keep(user_sid, self._answer(told))
        return True

    def _answer(self, told: Mapping[str, Any]) -> _Answer:
        return _Answer(
            told["allowed"],
            told.get("reason"),
            Decimal(told["remaining"]),
            datetime.fromisoformat(told["until"]),
            told.get("counted_seq") or 0,
            self._kept + 1,
        )

    def _keep(self, user_sid: str, answer: _Answer) -> None:
        self._answers[user_sid], self._kept = answer, answer.number
        if logged := self._logged.get(user_sid):
            self._logged[user_sid] = [each for each in logged if each[0] > answer.counted_seq]

    def _leave(self, user_sid: str, answer: _Answer) -> Leave:
        if not answer.allowed:
            return Leave(False, Decimal(0), answer.reason)
        waiting = (dollars for seq, dollars in self._logged.get(user_sid, ()) if seq > answer.counted_seq)
        left = answer.remaining - sum(waiting, Decimal(0))
        return Leave(left > 0, max(left, Decimal(0)), None if left > 0 else "insufficient_funds")
