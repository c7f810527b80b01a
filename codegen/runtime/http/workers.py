"""The worker processes of a server: started, started again when one dies, stopped; none outlives the parent."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

from codegen.runtime.http.log import Log
from codegen.runtime.http.worker import STOP
from codegen.runtime.processes import end_with
from codegen.runtime.start import CannotStart

Work = Callable[[int, Callable[[], object]], None]
"""What each process does. It is given its number, which none of the others that live has, and a function that says it
serves."""

KILL = STOP + 5.0
"""Seconds after which a worker that was told to stop is killed."""
PAUSE = 1.0
"""Seconds before a worker that ended before it served is started again."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_NUMBER = struct.Struct("i")


class WorkerFailed(SystemExit):
    """A worker ended before it could serve; it has said why. Where nobody catches it, the program ends with 1."""


class Workers:
    """Runs `work` in `number` processes."""

    def __init__(self, work: Work, number: int) -> None:
        self._work, self._number = work, number
        self._context = get_context("fork")  # they share the listening socket; each loads the application itself
        self._log = Log()
        self._living: dict[BaseProcess, int] = {}
        self._serving: set[int] = set()
        self._stopping = False

    def run(self, when_ready: Callable[[], None]) -> None:
        """Until a signal asks for the end and all have ended. `when_ready` is called once all serve.

        Raises `WorkerFailed` where one of the first cannot begin.
        """
        self._news, self._tell = os.pipe()  # process ids of workers that serve; 0 to stop
        previous = {number: signal.signal(number, self._stop) for number in SIGNALS}
        try:
            for number in range(self._number):
                self._start(number)
            self._until_all_serve()
            when_ready()
            self._until_stopped()
        finally:
            self._end_all()
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(self._news)
            os.close(self._tell)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        os.write(self._tell, _NUMBER.pack(0))

    def _until_all_serve(self) -> None:
        while not self._stopping and len(self._serving) < self._number:
            if self._wait():
                raise WorkerFailed("a worker could not begin to serve; the lines above say why")

    def _until_stopped(self) -> None:
        while not self._stopping:
            for process in self._wait():
                served = process.pid in self._serving
                self._log.line("worker ended", {"pid": process.pid, "status": process.exitcode}, level="error")
                number = self._living.pop(process)
                if not served:
                    time.sleep(PAUSE)
                if not self._stopping:
                    self._start(number)

    def _wait(self) -> list[BaseProcess]:
        """Wait until something happens; the workers that have ended."""
        happened = wait([self._news, *(process.sentinel for process in self._living)])
        if self._news in happened:
            self._serving.add(_NUMBER.unpack(os.read(self._news, _NUMBER.size))[0])
        return [process for process in self._living if process.sentinel in happened]

    def _start(self, number: int) -> None:
        process = self._context.Process(target=self._run, args=(number, os.getpid()), name="worker")
        process.start()
        self._living[process] = number

    def _run(self, number: int, parent: int) -> None:
        """In the worker."""
        end_with(parent, signal.SIGKILL)  # at once, so that the next server finds the port free
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which tells the workers
        try:
            self._work(number, lambda: os.write(self._tell, _NUMBER.pack(os.getpid())))
        except CannotStart as error:
            sys.exit(f"error: {error}")

    def _end_all(self) -> None:
        for process in self._living:
            process.terminate()
        until = time.monotonic() + KILL
        for process in self._living:
            process.join(max(until - time.monotonic(), 0.0))
            if process.is_alive():
                process.kill()
                process.join()
