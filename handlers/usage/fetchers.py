"""Processes that fetch: each does one thing at a time, and is killed when it takes too long."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

PROGRAM = "handlers.usage.fetch_program"
PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
"""All that a fetching process learns of our environment, which holds secrets."""
USES = 1000
"""Fetches after which a process is replaced, so that whatever it has lost of its memory comes back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may take. `silence` are seconds without anything from the other side, `seconds` all of it."""

    seconds: float = 600
    silence: float = 20
    transfer_bytes: int = 1 << 30
    memory_bytes: int = 1 << 30

    @classmethod
    def of(cls, mib: int) -> Limits:
        """Those of fetches that bring so many MiB; ten minutes for each whole GiB, and as much memory."""
        usual, size = cls(), mib << 20
        return cls(usual.seconds * max(mib >> 10, 1), usual.silence, size, max(size, usual.memory_bytes))


class TooSlow(Exception):
    """A process did not answer in time, and was killed."""


class Ended(Exception):
    """A process ended without an answer."""


class Fetchers:
    """At most `number` processes, started when they are needed; may be used by any number of threads."""

    def __init__(self, limits: Limits, number: int) -> None:
        self.limits = limits
        self._places = threading.BoundedSemaphore(number)
        self._lock = threading.Lock()
        self._idle: list[_Fetcher] = []
        self._closed = False

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of a process; waits for one that is free. Raises `TooSlow`, `Ended`."""
        with self._places:
            with self._lock:
                fetcher = self._idle.pop() if self._idle else None
            if fetcher is not None and fetcher.usable:
                # It may have ended while nobody looked; a new one tells whether it is the request.
                with suppress(Ended):
                    return self._asked(fetcher, request)
            return self._asked(_Fetcher(self.limits), request)

    def _asked(self, fetcher: _Fetcher, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return fetcher.ask(request)
        finally:
            with self._lock:
                keep = fetcher.usable and not self._closed
                if keep:
                    self._idle.append(fetcher)
            if not keep:
                fetcher.kill()

    def close(self) -> None:
        """End all processes; those that are fetching as soon as they are done."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for fetcher in idle:
            fetcher.kill()


class _Fetcher:
    """One process. It ends by itself when its input does, so also with us."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._uses = limits, 0
        numbers = (limits.memory_bytes, 2 * limits.transfer_bytes, int(limits.silence * 1000))
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, *(str(number) for number in numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"HOME": os.devnull},
            start_new_session=True,
        )

    @property
    def usable(self) -> bool:
        return self._process.poll() is None and self._uses < USES

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises `TooSlow`, `Ended`; then the process is gone."""
        self._uses += 1
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        try:
            answer: dict[str, Any] = json.loads(self._line(monotonic() + self._limits.seconds))
        except (TooSlow, Ended):
            self.kill()
            raise
        return answer

    def _line(self, until: float) -> bytes:
        """What it answers."""
        assert self._process.stdout is not None
        descriptor, line = self._process.stdout.fileno(), b""
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, until - monotonic())):
                    raise TooSlow
                more = os.read(descriptor, 65536)
                if not more:
                    raise Ended
                line += more
        return line

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
