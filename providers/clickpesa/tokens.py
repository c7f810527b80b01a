"""ClickPesa's access tokens: one for all threads, asked for once, used until it is old or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta

from codegen.runtime.clock import Clock

LIFE = timedelta(minutes=55)
"""A token is good for an hour; no answer says so."""


class Tokens:
    """`ask` brings a new token; while one thread asks, the others wait for its answer, or its error."""

    def __init__(self, ask: Callable[[], str], clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._until: datetime | None = None
        self._asked: Future[str] | None = None

    def get(self, refused: str | None = None) -> str:
        """A token that is good; not `refused`, which was not taken. Raises what `ask` raises."""
        with self._lock:
            if self._token is not None and self._token != refused and self._is_new():
                return self._token
            asked, mine = self._asked, False
            if asked is None:
                asked, mine = Future(), True
                self._asked = asked
        if mine:
            self._answer(asked)
        return asked.result()

    def _is_new(self) -> bool:
        return self._until is not None and self._clock.now() < self._until

    def _answer(self, asked: Future[str]) -> None:
        until = self._clock.now() + LIFE
        try:
            token = self._ask()
        except BaseException as error:
            with self._lock:
                self._asked = None
            asked.set_exception(error)
            return
        with self._lock:
            self._token, self._until, self._asked = token, until, None
        asked.set_result(token)
