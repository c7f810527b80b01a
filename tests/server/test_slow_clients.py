"""Clients that are slow hold their own connection only: others are served meanwhile, and at its deadline it ends."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest

from tests.server.served import Served, call, everything, message
from tests.waiting import PATIENCE

MANY = 200
CALL = call("foobar")
SLOW_WAYS = {
    "connected only": b"",
    "half a request line": b"POST /r",
    "half the headers": b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Ty",
    "headers of a page": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "no body": message(b"", "Content-Length: 100", length=False),
    "half a body": message(CALL[:20], "Content-Length: 100", length=False),
    "half a body for a page": message(CALL[:20], "Content-Length: 100", length=False, path="/nowhere"),
    "half a chunk": message(b"2a\r\n" + CALL[:20], "Transfer-Encoding: chunked", length=False),
    "no last chunk": message(b"%x\r\n%s\r\n" % (len(CALL), CALL), "Transfer-Encoding: chunked", length=False),
    "waiting to be told to send": message(b"", "Content-Length: 100", "Expect: 100-continue", length=False),
}
"""What clients send before they fall silent."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With the deadlines of production, so long that no test sees one."""
    served = Served(tmp_path_factory.mktemp("patient"))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With deadlines so short that a test can wait for them; connected is not yet sent, so `idle` is longer."""
    served = Served(
        tmp_path_factory.mktemp("hasty"),
        settings="deadlines=Deadlines(idle=5.0, headers=1.0, body=1.0, answer=1.0, farewell=1.0)",
    )
    yield served
    served.stop()


@pytest.mark.parametrize("sent", SLOW_WAYS.values(), ids=SLOW_WAYS.keys())
def test_others_are_served_beside_many_slow_clients(server: Served, sent: bytes) -> None:
    with server.held(MANY, sent):
        for _ in range(5):
            assert server.healthy()
            assert server.post("foobar") == "bar"
            assert server.post("remember", name="a", fail=False)


def test_others_are_served_beside_a_thousand_idle_clients(server: Served) -> None:
    with server.held(1000) as idle:
        assert server.post("foobar") == "bar"
        idle[0].sendall(message(CALL, "Connection: close"))
        assert b'"result":"bar"' in everything(idle[0])


@pytest.mark.parametrize("method", ["echo", "slow_echo"])
def test_others_are_served_beside_clients_that_never_read(server: Served, method: str) -> None:
    """Each asks for far more than a socket holds; what waits for it is kept for its connection, and no more is read."""
    question = message(call(method, params='{"value":"%s"}' % ("x" * 100_000)))
    with server.held(20) as greedy:
        for connection in greedy:
            connection.settimeout(0.2)
            try:
                for _ in range(200):
                    connection.sendall(question)
            except TimeoutError:  # the server has stopped reading: so it should
                pass
            else:
                raise AssertionError("twenty megabytes were taken from a client that takes no answers")
        assert server.healthy()
        assert server.post("foobar") == "bar"


def test_others_are_served_beside_a_client_that_sends_byte_by_byte(server: Served) -> None:
    request = message(CALL, "Connection: close")
    with server.connect() as slow:
        for number in range(len(request)):
            slow.sendall(request[number : number + 1])
            if number % 20 == 0:
                assert server.post("foobar") == "bar"
        assert b'"result":"bar"' in everything(slow)


# --- deadlines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", SLOW_WAYS.values(), ids=SLOW_WAYS.keys())
def test_a_slow_client_is_ended_at_its_deadline(hasty: Served, sent: bytes) -> None:
    with hasty.connect(sent) as slow:
        found = everything(slow)
    found = found.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 408 ") if sent else not found


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"POST /rpc HTTP/1.1\r\n", b"X-More: 1\r\n"),
        (message(b"", "Content-Length: 100000", length=False), b" "),
        (message(b"", "Transfer-Encoding: chunked", length=False), b"1\r\n \r\n"),
        (b"", b"\r\n"),
    ],
    ids=["headers", "body", "chunks", "empty lines"],
)
def test_what_comes_in_drips_wins_no_time(hasty: Served, begin: bytes, drip: bytes) -> None:
    began = time.monotonic()
    with hasty.connect(begin) as slow:
        slow.settimeout(0.05)
        while time.monotonic() < began + PATIENCE:
            try:
                slow.sendall(drip)
                if not (found := slow.recv(1000)) or found.startswith(b"HTTP/1.1 408 "):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("the connection lives on")


def test_a_client_that_never_reads_is_cut(hasty: Served) -> None:
    question = message(call("echo", params='{"value":"%s"}' % ("x" * 1_000_000)))
    with hasty.connect() as greedy:
        greedy.settimeout(PATIENCE)
        with pytest.raises(ConnectionError):  # TimeoutError would be the test's own
            for _ in range(10_000):
                greedy.sendall(question)


# --- pipelining, and what else comes over one connection --------------------------------------------------------


def answers(found: bytes) -> list[int]:
    """The ids of JSON-RPC answers, in their order."""
    return [int(number) for number in re.findall(rb'"id":(\d+)', found)]


def test_requests_that_come_at_once_are_answered_in_order(server: Served) -> None:
    """Slow and short ones mixed: the short ones wait for those before them, and other clients for none."""
    names = ["foobar", "slow", "foobar", "my_rows", "slow", "get_data", "remember"]
    requests = [
        message(call(name, number, '{"name":"a","fail":false}' if name == "remember" else "{}"))
        for number, name in enumerate(names, 1)
    ]
    last = message(call("foobar", len(names) + 1), "Connection: close")
    with server.connect(b"".join([*requests, last])) as eager:
        assert server.post("foobar") == "bar"
        assert answers(everything(eager)) == list(range(1, len(names) + 2))


def test_a_flood_of_requests_over_one_connection_is_served_in_turn_with_others(server: Served) -> None:
    number = 2000
    requests = [message(call("foobar", each)) for each in range(1, number)]
    with server.connect() as eager:
        eager.sendall(b"".join(requests) + message(call("foobar", number), "Connection: close"))
        assert server.post("foobar") == "bar"
        assert answers(everything(eager)) == list(range(1, number + 1))


def test_a_client_may_stop_sending_before_it_reads(server: Served) -> None:
    with server.connect(message(call("slow"))) as brief:
        brief.shutdown(socket.SHUT_WR)
        assert b'"result":"done"' in everything(brief)


def test_a_body_is_asked_for_where_the_client_waits_for_that(server: Served) -> None:
    with server.connect(message(b"", f"Content-Length: {len(CALL)}", "Expect: 100-continue", length=False)) as polite:
        assert polite.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        polite.sendall(CALL)
        assert b'"result":"bar"' in polite.recv(1000)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server: Served) -> None:
    with server.connect(message(b"", "Content-Length: 99999999", "Expect: 100-continue", length=False)) as large:
        assert everything(large).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_leaves_nothing(server: Served) -> None:
    """Its request is begun or not; either way others go on."""
    for _ in range(50):
        server.connect(message(call("slow"))).close()
    assert server.post("foobar") == "bar"
