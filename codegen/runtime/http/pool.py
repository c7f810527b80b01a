"""Threads for what may wait: a fixed number, begun when they are needed, and a bounded queue before them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]
"""Must not raise."""


class Pool:
    """Used from one thread, which never waits for it."""

    def __init__(self, name: str, threads: int, most_waiting: int) -> None:
        self._name, self._threads, self._most = name, threads, most_waiting
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._started = 0
        self._open = 0
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How much was given and is not done."""
        return self._open

    def give(self, work: Work) -> bool:
        """Have a thread do it; False where too much waits already."""
        if self._open >= self._threads + self._most:
            return False
        with self._lock:
            self._open += 1
        self._queue.put(work)
        if self._started < min(self._open, self._threads):
            self._started += 1
            # A daemon: work that hangs does not keep the process from ending.
            threading.Thread(target=self._run, name=f"{self._name}-{self._started}", daemon=True).start()
        return True

    def _run(self) -> None:
        while True:
            self._queue.get()()
            with self._lock:
                self._open -= 1
