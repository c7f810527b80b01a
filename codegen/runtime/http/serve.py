"""Serve an application: its address, its worker processes, and what each of them does."""

from __future__ import annotations

import asyncio
import errno
import gc
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from codegen.runtime.http.app import App
from codegen.runtime.http.connection import Deadlines
from codegen.runtime.http.front import SLOW_THREADS, AppFront, Front
from codegen.runtime.http.metrics import Area, shared_areas
from codegen.runtime.http.worker import MOST_CONNECTIONS, Worker
from codegen.runtime.http.workers import Workers
from codegen.runtime.rpc.dispatch import Limits

SWITCH = 0.0005
"""Seconds after which a thread that computes gives way to the one with the connections; Python has 0.005."""


class PortTaken(Exception):
    """Another program listens there."""


def bind(host: str, port: int, mend: str = "choose another port") -> socket.socket:
    """A socket for the address. Until a worker listens on it, clients are refused, not left waiting.

    Raises `PortTaken`, with what else could be done, where another program listens.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(f"another program listens on {host}:{port}; end it, or {mend}") from None
    return listener


def require_free(host: str, port: int, mend: str = "choose another port") -> None:
    """Raises `PortTaken` as `bind` does."""
    bind(host, port, mend).close()


def serve(
    target: str,
    *,
    host: str,
    port: int,
    workers: int = 1,
    slow_threads: int = SLOW_THREADS,
    deadlines: Deadlines | None = None,
    most_body_bytes: int | None = None,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; then no new requests are taken and those under way are ended.

    `target` names a function without parameters that makes the application (`handlers.app:create`), called in each
    worker: one of `create_app`, whose requests run each in its place, or any of WSGI, all of which runs in
    `slow_threads`. A body has at most `most_body_bytes`, where that is not the application's own limit or 1 MiB.
    `when_ready` is called once all workers serve. Raises `PortTaken`, and `WorkerFailed` where a worker
    could not begin.
    """
    with bind(host, port) as listener:
        counts = shared_areas(workers)
        work = partial(_work, target, listener, slow_threads, deadlines or Deadlines(), most_body_bytes, counts)
        Workers(work, workers).run(when_ready)


def _work(
    target: str,
    listener: socket.socket,
    slow_threads: int,
    deadlines: Deadlines,
    most_body_bytes: int | None,
    counts: Sequence[Area],
    number: int,
    ready: Callable[[], object],
) -> None:
    """What the worker process of this number does."""
    module, _, name = target.partition(":")
    application: Any = getattr(import_module(module), name)()
    limits = Limits()
    if isinstance(application, App):
        limits = application.rpc.limits
        application.observation.metrics.share(counts, number)
    sys.setswitchinterval(SWITCH)
    _allow_files(MOST_CONNECTIONS + 256)
    gc.collect()
    gc.freeze()  # what was made up to here stays: looking through it again and again would hold calls up

    async def run() -> None:
        worker = Worker(asyncio.get_running_loop(), most_body_bytes or limits.body, deadlines)
        front = AppFront if isinstance(application, App) else Front
        worker.application = front(application, slow_threads)
        await worker.serve(listener, ready)

    asyncio.run(run())


def _allow_files(number: int) -> None:
    """Open so many files, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))
