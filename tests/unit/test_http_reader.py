"""From bytes to requests, without a socket: whole, in pieces of any size, wrong, too large."""

from __future__ import annotations

import pytest

from codegen.runtime.http.reader import MOST_HEADER_BYTES, Reader, Room, Stage
from codegen.runtime.http.request import Address, Request
from codegen.runtime.http.response import Response, head

LIMIT = 1000
POST = b"POST /rpc?a=%41 HTTP/1.1\r\nHost: x\r\n"


def reader(room: Room | None = None) -> Reader:
    return Reader(LIMIT, room or Room(10_000), Address("10.0.0.1", 4000), Address("10.0.0.2", 80))


def read(data: bytes, size: int = 1 << 20) -> tuple[list[Request], int]:
    """The requests in `data`, which comes in pieces of `size`, and the status of an error after them (0 for none)."""
    found = reader()
    for start in range(0, len(data), size):
        found.feed(memoryview(data)[start : start + size])
    requests = [each for each in found.waiting if isinstance(each, Request)]
    errors = [each for each in found.waiting if isinstance(each, Response)]
    assert list(found.waiting) == requests + errors
    assert bool(errors) <= found.ended
    return requests, int(errors[0].head.split()[1]) if errors else 0


TWO = (
    POST + b"Content-Type: application/json\r\nX-Twice: 1\r\nCookie: a=1\r\nx-twice: 2\r\ncookie: b=2\r\nX_Twice: 3\r\n"
    b"Content-Length: 3\r\n\r\nabc"
    b"PUT /two HTTP/1.0\r\nX-Empty:\r\nX-Last: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;x=y\r\nde\r\n1\r\nf\r\n0\r\nX-Trailer: no\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
def test_requests_are_the_same_however_they_come(size: int) -> None:
    [first, second], status = read(TWO.replace(b"HTTP/1.0\r\n", b"HTTP/1.1\r\nConnection: close\r\n"), size)
    assert status == 0
    assert (first.method, first.target, first.path(), first.version, first.body, first.keep_alive) == (
        "POST",
        b"/rpc?a=%41",
        "/rpc",
        "1.1",
        b"abc",
        True,
    )
    assert first.headers == {
        "REQUEST_METHOD": "POST",
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_HOST": "x",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "3",
        "HTTP_X_TWICE": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
    }
    assert (second.method, second.path(), second.body, second.keep_alive) == ("PUT", "/two", b"def", False)
    assert (second.headers["HTTP_X_EMPTY"], second.headers["HTTP_X_LAST"]) == ("", "\xe9")
    assert "HTTP_X_TRAILER" not in second.headers


HEAD = POST + b"Content-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"abcd", HEAD + b"efgh", HEAD + b"\r\n\r\n"],
        [HEAD + b"abcd", HEAD[:-3], HEAD[-3:] + b"efgh", HEAD + b"ijkl"],
        [HEAD + b"abcd", HEAD.replace(b"%41", b"%42") + b"efgh", HEAD + b"ijkl"],
        [HEAD + b"abcd" + HEAD + b"efgh", HEAD + b"ijkl", HEAD + b"mnop" + HEAD, b"qrst"],
        [HEAD + b"\r\n\r\n" + b"\r\n", HEAD + b"\r\n" + b"abcd"],
        [b"\r\n" + HEAD + b"abcd", b"\r\n" + HEAD + b"efgh"],
        [HEAD + b"abcd", HEAD + b"efg", b"h", HEAD + b"ijkl"],
        [POST + b"\r\n", POST + b"\r\n"],
        [POST + b"Content-Length: %d\r\n\r\n" % n + b"x" * n for n in (1, 2, 3, 4, 5, 1, 5, 4, 10)],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\n" + body + b"\r\n0\r\n\r\n" for body in (b"abcd", b"efgh")],
        [POST + b"Connection: close\r\nContent-Length: 4\r\n\r\n" + body for body in (b"abcd", b"efgh")],
        [POST + b"X: " + b"y" * (MOST_HEADER_BYTES // 2) + b"\r\n\r\n"] * 2,
    ],
)
def test_a_head_that_comes_again_is_the_request_that_it_would_be_alone(pieces: list[bytes]) -> None:
    found = reader()
    for piece in pieces:
        found.feed(memoryview(piece))
    requests, status = read(b"".join(pieces), 1)
    known = [each for each in found.waiting if isinstance(each, Request)]
    errors = [int(each.head.split()[1]) for each in found.waiting if isinstance(each, Response)]
    names = ("method", "target", "version", "headers", "body", "keep_alive", "peer", "server")
    assert [[getattr(each, name) for name in names] for each in known] == [
        [getattr(each, name) for name in names] for each in requests
    ]
    assert (errors, found.ended) == ([status] if status else [], bool(status))


def test_the_environment_of_wsgi() -> None:
    [request], _ = read(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    environ = request.environ()
    assert environ["wsgi.input"].read() == b"abc"
    assert (environ["CONTENT_LENGTH"], environ["QUERY_STRING"], environ["PATH_INFO"]) == ("3", "a=%41", "/rpc")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_PORT"]) == ("10.0.0.2", "80", "4000")
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a%20b/%C3%A9", "/a b/\xc3\xa9"),
        ("http://example.org/a?b", "/a"),
        ("http://example.org", "/"),
        ("*", "/"),
        ("//a//b", "//a//b"),
    ],
)
def test_paths(target: str, path: str) -> None:
    [request], _ = read(f"OPTIONS {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert request.path() == path


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # a client that speaks TLS
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/3.7\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: +3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
        (POST + b"Content-Length : 3\r\n\r\nabc", 400),
        (POST + b" folded: 1\r\n\r\n", 400),
        (POST + b"X-A: a\rb\r\n\r\n", 400),
        (POST + b"X-A: a\0b\r\n\r\n", 400),
        (POST + b"X A: b\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
        (POST + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1), 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * (LIMIT + 1), 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (LIMIT + 1, b"a" * (LIMIT + 1)), 413),
        (b"GET /" + b"a" * (MOST_HEADER_BYTES * 2), 431),
        (POST + b"X-A: b\r\n" * (MOST_HEADER_BYTES // 4), 431),
        (POST + b"X-A: " + b"b" * (MOST_HEADER_BYTES * 2), 431),
    ],
)
def test_what_is_refused(data: bytes, status: int) -> None:
    good = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for size in (1000, 1 << 20) if status != 431 else (1000,):
        requests, found = read(good + data, size)
        assert ([each.target for each in requests], found) == ([b"/"], status), size


def test_a_body_of_the_limit_is_taken() -> None:
    body = b"a" * LIMIT
    for data in (b"Content-Length: %d\r\n\r\n%s" % (LIMIT, body), b"Transfer-Encoding: chunked\r\n\r\n"):
        data += b"" if body in data else b"%x\r\n%s\r\n0\r\n\r\n" % (LIMIT, body)
        for size in (1, 300, 1 << 20):
            [request], status = read(POST + data, size)
            assert (request.body, status) == (body, 0)


def test_headers_that_follow_a_large_body_are_not_counted_with_it() -> None:
    found = reader()
    found.feed(memoryview(POST + b"Content-Length: 1000\r\n\r\n"))
    found.feed(memoryview(b"a" * 1000 + (POST + b"X-A: b\r\n") * 1))
    found.feed(memoryview(b"\r\n"))
    assert len(found.waiting) == 2


def test_an_upgrade_is_answered_in_http_1() -> None:
    found = reader()
    found.feed(memoryview(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET /b"))
    [request] = found.waiting
    assert isinstance(request, Request)
    assert (request.target, found.ended) == (b"/a", True)


def test_a_client_waits_to_be_told_to_send_only_where_a_body_comes() -> None:
    for more, waits in ((b"Content-Length: 5\r\n", True), (b"Content-Length: 0\r\n", False), (b"", False)):
        found = reader()
        found.feed(memoryview(POST + b"Expect: 100-continue\r\n" + more + b"\r\n"))
        assert found.wants_continue is waits
    found.feed(memoryview(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nab"))
    assert not found.wants_continue


def test_bodies_in_pieces_share_their_room() -> None:
    room = Room(150)
    first, second = reader(room), reader(room)
    for each in (first, second):
        each.feed(memoryview(POST + b"Content-Length: 300\r\n\r\n"))
        each.feed(memoryview(b"a"))
    first.feed(memoryview(b"a" * 100))
    second.feed(memoryview(b"a" * 100))
    [error] = second.waiting
    assert isinstance(error, Response)
    assert error.head.startswith(b"HTTP/1.1 503 ")
    assert room.left == 50
    first.close()
    assert room.left == 150


def test_room_is_free_again_when_a_request_is_answered() -> None:
    room = Room(150)
    found = reader(room)
    for _ in range(5):
        found.feed(memoryview(POST + b"Content-Length: 101\r\n\r\n"))
        found.feed(memoryview(b"a"))
        found.feed(memoryview(b"a" * 100))
        assert (room.left, found.stage) == (50, Stage.BETWEEN)
        found.waiting.clear()
        found.rest()
        assert room.left == 150


def test_headers_of_an_answer_stay_in_their_line() -> None:
    for name, value in (("A", "b\r\nC: d"), ("A", "b\n"), ("A\r\nB", "c"), ("A", "\0")):
        with pytest.raises(ValueError, match="line's end"):
            head(200, [(name, value)])
