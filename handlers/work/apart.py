"""A job in a thread of its own: what it calls may hang, and the other jobs go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic


class Apart:
    """Runs `work` each time that it is offered, unless it is still at it; `close` is called where its thread ends.

    A thread cannot be killed: what hangs goes on hanging until the process ends, and only once.
    """

    def __init__(self, name: str, work: Callable[[], object], close: Callable[[], None]) -> None:
        self._name, self._work, self._close = name, work, close
        self._wake, self._ended = threading.Event(), False
        self._began: float | None = None
        self._thread: threading.Thread | None = None

    @property
    def busy_for(self) -> float:
        """Seconds since it began what it is at; 0 where it is at nothing."""
        began = self._began
        return 0.0 if began is None else monotonic() - began

    def offer(self) -> None:
        """Have it run, and wait for nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()
        if self._began is None:
            self._wake.set()

    def end(self) -> None:
        """Run no more; what is under way goes on."""
        self._ended = True
        self._wake.set()

    def _loop(self) -> None:
        while self._wake.wait() and not self._ended:
            self._began = monotonic()
            self._wake.clear()
            try:
                self._work()
            finally:
                self._began = None
        self._close()
