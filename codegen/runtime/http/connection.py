"""One client's connection: its requests are read with deadlines and answered in order.

A client that is slow, in sending headers, sending a body or taking an answer, holds this object and nothing else. For
each step there is a moment by which it must be over; the worker looks at these moments once a second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.runtime.http.reader import Reader, Stage
from codegen.runtime.http.request import Address, Request
from codegen.runtime.http.response import Response

if TYPE_CHECKING:
    from codegen.runtime.http.worker import Worker

NEVER = float("inf")
_BETWEEN = Stage.BETWEEN
_READ = memoryview(bytearray(64 * 1024))
"""What is read from any socket; it is used up before the next one is read."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a client has for each step, however it spreads what it sends."""

    idle: float = 75.0
    """From an answer to the next request, and from connecting to the first."""
    headers: float = 10.0
    body: float = 30.0
    answer: float = 60.0
    """To take an answer."""
    farewell: float = 5.0
    """To read the last answer and close, before the connection is cut."""


class Connection(asyncio.BufferedProtocol):
    """Waits for the client (`deadline` is a moment) or for the application (`NEVER`)."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._transport: asyncio.Transport
        self._reader: Reader
        self._serving: Request | None = None
        """The request that the application has."""
        self._stuck = False
        """The client does not take what was written."""
        self._closing = False
        """Everything is answered; what still comes is dropped."""
        self._half_closed = False
        """The client sends no more."""
        self._held_back = False
        """The client is ahead of its answers and is not read from."""
        self._mark: tuple[int, Stage] | None = None
        """What of the client the deadline is for."""
        self.deadline = NEVER
        self.gone = False

    # --- what the event loop tells --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # whatever a client does not take is told at once
        peer, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._reader = Reader(self._worker.most_body_bytes, self._worker.room, Address(*peer[:2]), Address(*server[:2]))
        self._wait_for_client()
        self._worker.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _READ

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.feed(_READ[:nbytes])
        self._next()
        if self._reader.waiting and not self._held_back:
            self._held_back = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Keeps the connection while there is something to answer."""
        self._half_closed = True
        self._reader.end()
        if self._closing or (self._serving is None and not self._reader.waiting and not self._stuck):
            return False
        self._next()
        return True

    def pause_writing(self) -> None:
        self._stuck = True
        self.deadline = self._worker.now() + self._worker.deadlines.answer

    def resume_writing(self) -> None:
        self._stuck = False
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._reader.close()
        self._worker.closed(self)

    # --- requests and answers -------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Serve the next complete request, or wait for the client, where nothing else is under way."""
        if self._serving is not None or self._stuck or self._closing or self.gone:
            return
        waiting = self._reader.waiting
        if not waiting:
            self._wait_for_client()
            return
        request = waiting.popleft()
        if isinstance(request, Response):
            self._write(request, close=True)
            self._farewell()
            return
        self._serving = request
        self._mark = None
        self.deadline = NEVER
        self._worker.application(request, self)

    def respond(self, response: Response) -> None:
        """Answer the request that the application has. On the event loop's thread."""
        request, self._serving = self._serving, None
        assert request is not None
        if self.gone:
            return
        reader = self._reader
        last = not request.keep_alive or self._worker.stopping or (reader.ended and not reader.waiting)
        self._write(response, close=last, old=request.version == "1.0", bodiless=request.method == "HEAD")
        if last:
            self._closing = True
            self._transport.close()  # once everything is written
        elif reader.waiting:
            self._worker.loop.call_soon(self._next)  # others come between two requests of one client
        else:
            self._next()

    def _write(self, response: Response, close: bool, old: bool = False, bodiless: bool = False) -> None:
        head, body, length = response
        line = b"Connection: close\r\n" if close else b"Connection: keep-alive\r\n" if old else b""
        end = b"\r\n" if length is None else b"Content-Length: %d\r\n\r\n" % length
        self._transport.write(b"".join((head, self._worker.date, line, end, b"" if bodiless else body)))

    def _farewell(self) -> None:
        """Give a client that is still sending the time to read why nobody listens."""
        self._closing = True
        if self._half_closed:
            self._transport.close()
            return
        self._transport.write_eof()
        if not self._stuck:
            self.deadline = self._worker.now() + self._worker.deadlines.farewell
        if self._held_back:
            self._held_back = False
            self._transport.resume_reading()

    # --- waiting --------------------------------------------------------------------------------------------------

    def _wait_for_client(self) -> None:
        reader = self._reader
        if self._held_back:
            self._held_back = False
            self._transport.resume_reading()
        if reader.wants_continue:
            reader.wants_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        mark = reader.number, reader.stage
        if mark == self._mark:  # bytes alone win no time
            return
        self._mark = mark
        deadlines = self._worker.deadlines
        if reader.stage is _BETWEEN:
            reader.rest()
            self._worker.rests(self)
            seconds = deadlines.idle
        else:
            seconds = deadlines.headers if reader.stage is Stage.HEADERS else deadlines.body
        self.deadline = self._worker.now() + seconds

    @property
    def idle(self) -> bool:
        """Between two requests."""
        return self._mark is not None and self._mark[1] is _BETWEEN and not (self._stuck or self._closing)

    def expire(self) -> None:
        """The client's time is over."""
        if self._closing or self._stuck:
            self._transport.abort()
        elif self.idle:
            self._closing = True
            self._transport.close()
        else:
            self._reader.too_late()
            self._next()

    def give_place(self) -> bool:
        """End, if it is the client that is waited for: another one needs the place."""
        if self.deadline == NEVER:
            return False
        self.deadline = NEVER  # it is not asked twice
        self._transport.abort()
        return True

    def stop(self, grace: float) -> None:
        """The server ends: nothing new is taken, what is under way is finished, what is coming has `grace` seconds."""
        if self.idle:
            self.expire()
        elif self.deadline != NEVER:
            self.deadline = min(self.deadline, self._worker.now() + grace)
