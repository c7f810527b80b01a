"""A provisioner whose calls hold nobody longer than they may take: each is made in a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from generated.models.onboarding import Allocation, ProvisionedState, ProvisionerCapabilities
from generated.plugins.onboarding import Provisioner

T = TypeVar("T")
SECONDS = 60.0
"""What the interface allows every call (`@deadline(60)`)."""
AT_ONCE = 8
"""Calls of one provisioner that a process makes at the same time."""


class Calls:
    """Makes calls in threads of its own, `at_once` at most, and waits `seconds` for each.

    A thread cannot be killed: one whose call hangs is kept until that comes back, and what the call does then is done.
    Where all threads hang, the next call waits its time and is not begun.
    """

    def __init__(self, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self._seconds, self._at_once = seconds, at_once
        self._begin()

    def _begin(self) -> None:
        self._asked: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle, self._lock, self._threads = threading.Semaphore(0), threading.Lock(), 0
        self._process = os.getpid()

    def make(self, act: Callable[[], T]) -> T:
        """What `act` answers or raises. Raises `TimeoutError` for one that is not back in time."""
        if self._process != os.getpid():
            self._begin()  # a process that was forked has none of the threads
        future: Future[T] = Future()
        self._asked.put((future, act))
        if not self._idle.acquire(blocking=False):
            self._grow()
        try:
            return future.result(self._seconds)
        finally:
            future.cancel()  # one that was not begun in time is not begun later

    def _grow(self) -> None:
        with self._lock:
            if self._threads < self._at_once:
                self._threads += 1
                threading.Thread(target=self._work, name="provisioner", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                future, act = self._asked.get_nowait()
            except Empty:
                self._idle.release()
                future, act = self._asked.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(act())
                except BaseException as error:  # whoever asked decides what it means
                    future.set_exception(error)
            del future, act  # nothing of a call is kept until the next one


class InTime(Provisioner):
    """Another provisioner, each of whose calls is given up after its time, by `TimeoutError`."""

    def __init__(self, plugin: Provisioner, calls: Calls | None = None) -> None:
        self._plugin, self._calls = plugin, calls or Calls()

    def capabilities(self) -> ProvisionerCapabilities:
        return self._plugin.capabilities()  # asks nobody

    def capacity(self, sku: str) -> int:
        return self._calls.make(lambda: self._plugin.capacity(sku))

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        return self._calls.make(lambda: self._plugin.allocate(allocation, user, sku, ssh_pub_key=ssh_pub_key))

    def release(self, allocation: str) -> None:
        self._calls.make(lambda: self._plugin.release(allocation))

    def stop(self, allocation: str) -> None:
        self._calls.make(lambda: self._plugin.stop(allocation))

    def start(self, allocation: str) -> None:
        self._calls.make(lambda: self._plugin.start(allocation))

    def status(self, allocation: str) -> ProvisionedState:
        return self._calls.make(lambda: self._plugin.status(allocation))
