"""Serve an application with granian, tuned for short calls: few threads, more capacity by more processes."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from codegen.runtime.http.metrics import Metrics
from codegen.runtime.processes import forks_end_with_us

STOP = 15
"""Seconds that running calls have to end once the server is told to stop."""


class PortTaken(Exception):
    """Another program listens there."""


def require_free(host: str, port: int, mend: str = "choose another port") -> None:
    """Raises `PortTaken`, with what else could be done, where another program listens.

    The server's own processes share their port, so they would share it with a stranger too.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(f"another program listens on {host}:{port}; end it, or {mend}") from None


def serve(
    target: str, *, host: str, port: int, workers: int = 1, threads: int = 1, metrics: Path | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; then no new calls are taken and those under way are ended.

    `target` names a function without parameters that makes the application (`handlers.app:site`), called in each
    worker. `metrics` is the directory that the application gives to `Metrics`; the counts of an earlier run are
    dropped. A worker that dies is started again; workers end when this process does. Raises `PortTaken`.

    PERF: more than one thread per worker fight for the interpreter lock: one is worth 2.5 times and more.
    """
    require_free(host, port)
    if metrics is not None:
        Metrics.clear(metrics)
    forks_end_with_us()
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads,
        backlog=2048,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP,
    ).serve()
