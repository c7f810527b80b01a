"""A connection against a clock of the test's own: what each deadline is for, and when it begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from codegen.runtime.http.connection import NEVER, Connection, Deadlines
from codegen.runtime.http.reader import Room
from codegen.runtime.http.request import Request
from codegen.runtime.http.response import response
from codegen.runtime.http.worker import Worker

DEADLINES = Deadlines(idle=100, headers=10, body=30, answer=60, farewell=5)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire(asyncio.Transport):
    """What was written, and what became of the connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("10.0.0.1", 1), "sockname": ("10.0.0.2", 2)})
        self.written = b""
        self.reading = True
        self.end = ""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: Any) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.end = "eof"

    def close(self) -> None:
        self.end = "closed"

    def abort(self) -> None:
        self.end = "aborted"

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Bench:
    """A connection, its worker, and the requests that the application has been given."""

    def __init__(self) -> None:
        self.time = 0.0
        self.given: list[Request] = []
        self.later: list[Callable[[], None]] = []
        self.deadlines, self.most_body_bytes, self.room = DEADLINES, 1000, Room(1000)
        self.date, self.stopping = b"Date: today\r\n", False
        self.loop = self
        self.wire = Wire()
        self.connection = Connection(cast(Worker, self))
        self.connection.connection_made(self.wire)

    def now(self) -> float:
        return self.time

    def call_soon(self, function: Callable[[], None]) -> None:
        self.later.append(function)

    def application(self, request: Request, connection: Connection) -> None:
        self.given.append(request)

    def opened(self, connection: Connection) -> None: ...

    rests = closed = opened

    def at(self, time: float, data: bytes) -> None:
        self.time = time
        self.connection.get_buffer(-1)[: len(data)] = data
        self.connection.buffer_updated(len(data))

    def answer(self, time: float) -> None:
        self.time = time
        self.connection.respond(response(200, []))


def test_each_step_has_its_own_deadline_and_each_request_all_of_them() -> None:
    bench = Bench()
    connection = bench.connection
    assert connection.deadline == 100
    for start in (50, 2000):
        bench.at(start, b"POST / HTTP/1.1\r\n")
        assert connection.deadline == start + 10
        bench.at(start + 5, b"Host: x\r\n")
        assert connection.deadline == start + 10, "bytes win no time"
        bench.at(start + 9, b"Content-Length: 3\r\n\r\n")
        assert connection.deadline == start + 39
        bench.at(start + 20, b"ab")
        assert connection.deadline == start + 39
        bench.at(start + 25, b"c")
        assert connection.deadline == NEVER, "the application takes the time it needs"
        bench.answer(start + 1000)
        assert connection.deadline == start + 1100


def test_the_time_of_a_request_that_came_too_early_begins_when_its_turn_comes() -> None:
    bench = Bench()
    bench.at(0, GET + b"GET / HT")
    assert bench.connection.deadline == NEVER
    bench.answer(500)
    assert bench.connection.deadline == 510


def test_a_client_that_is_ahead_of_its_answers_is_not_read_from() -> None:
    bench = Bench()
    bench.at(0, GET * 3)
    assert (len(bench.given), bench.wire.reading) == (1, False)
    for number in (2, 3):
        bench.answer(number)
        bench.later.pop()()
        assert (len(bench.given), bench.wire.reading) == (number, False)
    bench.answer(4)
    assert (len(bench.given), bench.wire.reading, bench.later) == (3, True, [])


def test_an_answer_that_is_not_taken_is_waited_for() -> None:
    bench = Bench()
    bench.at(0, GET * 2)
    bench.connection.pause_writing()
    bench.answer(7)
    assert len(bench.given) == 1
    bench.time = 7
    bench.connection.pause_writing()
    assert bench.connection.deadline == 67
    bench.connection.resume_writing()
    assert (len(bench.given), bench.connection.deadline) == (2, NEVER)
    bench.connection.pause_writing()
    bench.connection.expire()
    assert bench.wire.end == "aborted"


def test_a_request_that_comes_too_late_is_told_so_and_cut() -> None:
    bench = Bench()
    bench.at(0, b"GET / HT")
    bench.time = 10
    bench.connection.expire()
    assert (bench.wire.written[:12], bench.wire.end) == (b"HTTP/1.1 408", "eof")
    assert bench.connection.deadline == 15
    bench.at(12, b"TP/1.1\r\nHost: x\r\n\r\n")
    assert not bench.given
    bench.connection.expire()
    assert bench.wire.end == "aborted"


def test_what_stopping_ends_and_what_it_waits_for() -> None:
    idle, coming, served = Bench(), Bench(), Bench()
    coming.at(0, b"GET / HT")
    served.at(0, GET)
    for bench in (idle, coming, served):
        bench.stopping = True
        bench.connection.stop(1.0)
    assert (idle.wire.end, coming.connection.deadline, served.connection.deadline) == ("closed", 1.0, NEVER)
    served.answer(9)
    assert b"Connection: close\r\n" in served.wire.written
    assert served.wire.end == "closed"


def test_a_place_is_given_by_those_that_are_waited_for() -> None:
    idle, coming, served = Bench(), Bench(), Bench()
    coming.at(0, b"GET / HT")
    served.at(0, GET)
    assert [bench.connection.give_place() for bench in (idle, coming, served)] == [True, True, False]


def test_an_answer_for_a_client_that_is_gone_is_dropped() -> None:
    bench = Bench()
    bench.at(0, GET)
    bench.connection.connection_lost(None)
    bench.answer(1)
    assert bench.wire.written == b""
