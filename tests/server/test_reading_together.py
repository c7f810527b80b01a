"""Many clients that read at once share SQLite's locks, and each finds what was written before it asked."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codegen.runtime.http.reading_turn import FEW
from tests.server.served import Served, call, message

CLIENTS, NOTES = 4 * FEW, 25


def ask(connection: socket.socket, *bodies: bytes) -> list[bytes]:
    """Send the calls at once; the result of each, as JSON."""
    connection.sendall(b"".join(map(message, bodies)))
    found = b""
    while found.count(b'"result":') < len(bodies) or not found.endswith(b"}"):
        part = connection.recv(65536)
        assert part, found
        found += part
    return [each.partition(b",")[0] for each in found.split(b'"result":')[1:]]


@pytest.mark.parametrize("ahead", [1, 3])
def test_what_was_written_is_found(tmp_path: Path, ahead: int) -> None:
    server = Served(tmp_path)

    def client(number: int) -> None:
        with server.connect() as connection:
            for note in range(NOTES):
                name = f"{number}.{note}"
                recall = call("recall", params=f'{{"name":"{name}"}}')
                assert ask(connection, *[recall] * ahead) == [b"false"] * ahead
                ask(connection, call("remember", params=f'{{"name":"{name}","fail":false}}'))
                assert ask(connection, *[recall] * ahead) == [b"true"] * ahead

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    server.stop()
