"""A process that serves: one thread has all connections and runs what is short, pools of threads run what may wait."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol

from codegen.runtime.http.connection import Connection, Deadlines
from codegen.runtime.http.reader import Room
from codegen.runtime.http.request import Request

MOST_CONNECTIONS = 4096
"""Of one process; one more takes the place of the one that has been idle, or slow, the longest."""
MOST_KEPT = 256 << 20
"""Bytes of bodies, not yet complete, that one process keeps."""
BACKLOG = 2048
ACCEPTED_AT_ONCE = 16
STOP = 15.0
"""Seconds that what is under way has to end once the server is told to stop."""
LAST_LOOK = 0.1
"""Seconds in which requests are taken that were on their way when the server was told to stop."""
GRACE = 1.0
"""Seconds that a request which is just coming in has left when the server stops."""


class Application(Protocol):
    """Answers requests. Made on the thread that serves, as everything of it is called there."""

    def __call__(self, request: Request, connection: Connection) -> None:
        """Have `connection.respond` called once, now or later, on this thread."""
        ...

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        ...


class Worker:
    """The connections of this process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_body_bytes: int, deadlines: Deadlines) -> None:
        self.loop, self.now, self.deadlines = loop, loop.time, deadlines
        self.most_body_bytes, self.room = most_body_bytes, Room(MOST_KEPT)
        self.application: Application
        self.stopping = False
        self.date = b""
        self._connections: dict[Connection, None] = {}
        """In the order in which they began to rest."""

    def opened(self, connection: Connection) -> None:
        self._connections[connection] = None
        if len(self._connections) > MOST_CONNECTIONS:
            for other in self._connections:
                if other.give_place():
                    break

    def rests(self, connection: Connection) -> None:
        """It waits for its client's next request."""
        if connection in self._connections:
            del self._connections[connection]
            self._connections[connection] = None

    def closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    # --- life -----------------------------------------------------------------------------------------------------

    async def serve(self, listener: socket.socket, ready: Callable[[], object]) -> None:
        """Serve until SIGTERM or SIGINT."""
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, ended.set)
        self._tick()
        # A burst of connections is shared by all workers: each accepts a few, then serves.
        server = await self.loop.create_server(lambda: Connection(self), sock=listener, backlog=ACCEPTED_AT_ONCE)
        listener.listen(BACKLOG)  # `create_server` has listened with the former number
        ready()
        await ended.wait()
        await self._stop(server)

    def _tick(self) -> None:
        """Once a second: the date of answers, and clients whose time is over."""
        self.date = f"Date: {formatdate(usegmt=True)}\r\n".encode()
        now = self.now()
        for connection in [each for each in self._connections if each.deadline <= now]:
            connection.expire()
        self.loop.call_later(1.0, self._tick)

    async def _stop(self, server: asyncio.Server) -> None:
        """Take nothing new, finish what is under way."""
        self.stopping = True  # each answer now ends its connection
        await asyncio.sleep(LAST_LOOK)
        server.close()
        for connection in list(self._connections):
            connection.stop(GRACE)
        until = self.now() + STOP
        while (self._connections or self.application.busy) and self.now() < until:
            await asyncio.sleep(0.02)
