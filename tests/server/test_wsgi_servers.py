"""The application on another WSGI server, and header bytes that no client of ours sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.server.served import Served, call, everything, message
from tests.waiting import PATIENCE

CALL = call("whoami")


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The standard library's server: its input does not end where the body does."""
    monkeypatch.setenv("EXAMPLE_DIR", str(tmp_path))
    from tests.server.rpc_example import create

    with make_server("127.0.0.1", 0, create(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        return everything(connection)


def test_a_body_ends_at_its_length_on_any_server(port: int) -> None:
    """The connection stays open: whoever read on would wait for ever."""
    assert b'"result":["public",null]' in ask(port, message(CALL))
    assert b'"result":["public",null]' in ask(port, message(CALL) + b"and more")
    assert b"413" in ask(port, message(b"", "Content-Length: 99999999", length=False)).partition(b"\r\n")[0]
    assert b"Parse error" in ask(port, message(b"", length=False)), "without a length there is no body"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("bytes"))
    yield served
    served.stop()


@pytest.mark.parametrize(
    ("header", "statuses"),
    [
        (b"Authorization: Bearer \xff\xfe", {b"401"}),
        (b"Authorization: \xe9", {b"401"}),
        (b"X-Example-Secret: \xff", {b"401"}),
        (b"Cookie: session=\xff", {b"200"}),
        (b"Cookie: session=s1\r\nOrigin: \xff", {b"403"}),
        (b"Content-Type: application/json; charset=\xff", {b"415"}),
        (b"Host: \xff", {b"200", b"400"}),
        (b"X-\xff: 1", {b"400"}),
        (b"X-Other: \xff\x80", {b"200"}),
    ],
)
def test_header_bytes_beyond_ascii_are_no_fault(server: Served, port: int, header: bytes, statuses: set[bytes]) -> None:
    request = message(CALL, "Connection: close").replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n", 1)
    if header.startswith((b"Content-Type", b"Host")):
        name = header.partition(b":")[0]
        lines = request.split(b"\r\n")
        request = b"\r\n".join([lines[0], *(each for each in lines[1:] if not each.startswith(name) or each == header)])
    assert ask(server.port, request).split(b" ")[1] in statuses
    if not header.startswith(b"X-\xff"):  # the standard library's parser takes that name
        assert ask(port, request).split(b" ")[1] in statuses
