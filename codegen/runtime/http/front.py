"""Where each request runs: what is short on the thread that has the connections, all else in threads that may wait.

A pool each for reading, for writing, for what takes long and for what is slow: a provider that is silent stops neither
pages nor calls, neither logins nor webhooks, and a database that somebody has locked stops no readers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from codegen.runtime.errors import Busy
from codegen.runtime.http import wsgi
from codegen.runtime.http.app import HEADERS, HEALTHY, JSON, App, declared, failure
from codegen.runtime.http.log import Log
from codegen.runtime.http.pool import Pool
from codegen.runtime.http.reading_turn import ReadingTurn
from codegen.runtime.http.request import Request
from codegen.runtime.http.response import Response, head, response
from codegen.runtime.rpc import answers
from codegen.runtime.rpc.dispatch import STATUSES
from codegen.runtime.rpc.method import Place
from codegen.runtime.storage.faults import ReadOnlyThread

if TYPE_CHECKING:
    from codegen.runtime.http.connection import Connection

_SHORT = Place.SHORT  # PERF: to look a member up in its enum takes ten times as long
READ_THREADS = 4
WRITE_THREADS = 4
LONG_THREADS = 8
SLOW_THREADS = 16
MOST_WAITING = 256
"""Requests that may wait for a thread of a pool; more are told to come again."""
LONGEST_WAIT = 10.0
"""Seconds that a request waits for a thread: where a writer waits for a lock, those behind it do not wait in turn."""
SHORT_BODY = 16 * 1024
"""A longer one takes so long to read that others would notice."""


class Front:
    """Answers requests with any WSGI application: all in the pool of what is slow.

    `always` are headers of each answer that does not come from the application.
    """

    def __init__(
        self, application: wsgi.Wsgi, slow_threads: int = SLOW_THREADS, always: Mapping[str, str] | None = None
    ) -> None:
        self._application = application
        self._always = dict(always or {})
        self._busy = self._json(Busy.status, *declared(Busy()))
        self._log = Log()
        self._loop = asyncio.get_running_loop()
        self._pools = {Place.SLOW: Pool("slow", slow_threads, MOST_WAITING)}
        self._done: deque[Callable[[], None]] = deque()
        self._called = False
        """The event loop was told that something is done."""

    def __call__(self, request: Request, connection: Connection) -> None:
        self._ask_application(Place.SLOW, request, connection)

    @property
    def busy(self) -> bool:
        """Whether a thread is at work."""
        return any(pool.open for pool in self._pools.values())

    def _ask_application(self, place: Place, request: Request, connection: Connection) -> None:
        work = partial(wsgi.call, self._application, request)
        self._give(place, request, connection, work, connection.respond, lambda: self._busy)

    def _give(
        self,
        place: Place,
        request: Request,
        connection: Connection,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        refuse: Callable[[], Response],
    ) -> None:
        """A thread does the work, then this one calls `then` with its outcome. Where none is free, `refuse` answers."""

        def refused() -> None:
            connection.respond(refuse())

        until = self._loop.time() + LONGEST_WAIT

        def run() -> None:
            done: Callable[[], None]
            if connection.gone or self._loop.time() > until:  # nobody waits for it, or has waited long enough
                done = refused
            else:
                try:
                    done = partial(then, work())
                except Exception as error:
                    done = partial(connection.respond, self._fault(request, error))
            self._done.append(done)
            if not self._called:
                self._called = True
                self._loop.call_soon_threadsafe(self._go_on)

        if not self._pools[place].give(run):
            refused()

    def _go_on(self) -> None:
        self._called = False  # first: what is done from here on calls again
        while self._done:
            self._done.popleft()()

    def _fault(self, request: Request, error: Exception) -> Response:
        return self._json(*failure(self._log, request.path(), error))

    def _json(self, status: int, headers: Mapping[str, str], body: bytes) -> Response:
        return response(status, [("Content-Type", JSON), *self._always.items(), *headers.items()], body)


class AppFront(Front):
    """Answers requests with an application of `create_app`: `/rpc` and `/healthz` go ahead of all generic parts."""

    def __init__(self, application: App, slow_threads: int = SLOW_THREADS) -> None:
        super().__init__(application, slow_threads, application.always)
        # PERF: SQLite has one writer at a time. More threads would ask it in turns whether they may, and be late.
        writers = 1 if application.database.dialect == "sqlite" else WRITE_THREADS
        self._pools |= {
            Place.READ: Pool("read", READ_THREADS, MOST_WAITING),
            Place.WRITE: Pool("write", writers, MOST_WAITING),
            Place.LONG: Pool("long", LONG_THREADS, MOST_WAITING),
        }
        application.database.only_read()
        self._turn = ReadingTurn(self._loop, application.database)
        self._app, self._rpc, self._log = application, application.rpc, application.observation.log
        headers = application.always | HEADERS
        self._heads = {
            status: head(status, [("Content-Type", JSON), *headers.items()]) for status in (200, *STATUSES.values())
        }
        self._nothing = response(204, headers.items())
        self._busy_call = self._refusal(answers.failure(answers.declared_error(Busy()), b"null"))
        self._healthy = self._json(200, HEADERS, HEALTHY)

    def __call__(self, request: Request, connection: Connection) -> None:
        if request.target == b"/rpc" and request.method == "POST" and request.headers.get("CONTENT_TYPE") == JSON:
            if len(request.body) <= SHORT_BODY:
                self._place_call(request, connection, self._rpc.read(request.body))
            else:
                self._read_call(request, connection)
        elif request.target == b"/healthz" and request.method in ("GET", "HEAD"):
            connection.respond(self._healthy)
        else:  # other spellings of the same are Falcon's to judge
            self._ask_application(self._app.place(request.method, request.path()), request, connection)

    def _read_call(self, request: Request, connection: Connection) -> None:
        read = partial(self._rpc.read, request.body)
        then = partial(self._place_call, request, connection)
        self._give(Place.READ, request, connection, read, then, lambda: self._busy_call)

    def _place_call(self, request: Request, connection: Connection, read: Any) -> None:
        place = self._rpc.place(read)
        if place is _SHORT and len(request.body) <= SHORT_BODY:
            try:
                self._turn.join()
                answer = self._perform(request, read)
            except ReadOnlyThread as error:  # who calls was last noted so long ago that it is noted again
                place = Place.WRITE if error.waits else Place.READ
            except Exception as error:
                connection.respond(self._fault(request, error))
                return
            else:
                connection.respond(answer)
                return
        elif place is _SHORT:
            place = Place.READ
        work, refuse = partial(self._perform, request, read), partial(self._refuse, read)
        self._give(place, request, connection, work, connection.respond, refuse)

    def _refuse(self, read: Any) -> Response:
        """Say busy to each call of a request that no thread was free for."""
        body = self._rpc.refuse(read, Busy())
        return self._busy if body is None else self._refusal(body)

    def _refusal(self, body: bytes) -> Response:
        return self._json(Busy.status, declared(Busy())[0], body)

    def _perform(self, request: Request, read: Any) -> Response:
        (body, status), retry_after = self._rpc.perform(request.headers, read)
        if body is None:
            return self._nothing
        if retry_after is not None:
            return self._json(status, {**HEADERS, "Retry-After": str(retry_after)}, body)
        # PERF: what a `NamedTuple` makes of its arguments takes three times as long.
        return tuple.__new__(Response, (self._heads[status], body, len(body)))
