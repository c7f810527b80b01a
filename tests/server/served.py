"""The example program on a real server, and clients that misbehave: raw sockets that send what they like."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.programs import free_port
from tests.waiting import PATIENCE, wait_for

HERE = Path(__file__).parent


class Served:
    """A server of `target`, which answers. `settings` are more arguments of `serve`, as they are written in Python."""

    def __init__(
        self, folder: Path, target: str = "rpc_example:create", workers: int = 1, settings: str = "", ready: bool = True
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        script = (
            "import sys; from pathlib import Path; from codegen.runtime.http.serve import serve; "
            "from codegen.runtime.http.connection import Deadlines; "
            f"serve({target!r}, host='127.0.0.1', port={self.port}, workers={workers}, "
            f"when_ready=Path({str(folder / 'ready')!r}).touch, {settings})"
        )
        environment = {**os.environ, "PYTHONPATH": str(HERE), "EXAMPLE_DIR": str(folder)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=log, stdout=log)
        if ready:
            wait_for(self._is_ready, "that all its processes serve")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return (self.folder / "ready").exists()

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection that has sent `data`."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        opened.sendall(data)
        return opened

    @contextmanager
    def held(self, number: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
        """So many connections that have sent `data` and then nothing."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect(data)) for _ in range(number)]

    def post(self, method: str, **params: object) -> object:
        """The result of a call over a connection of its own."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return httpx.post(f"{self.url}/rpc", json=body, timeout=PATIENCE).json()["result"]

    def healthy(self) -> bool:
        return httpx.get(f"{self.url}/healthz", timeout=PATIENCE).status_code == 200

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=PATIENCE) == 0, self.log.read_text()


def everything(connection: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def message(body: bytes, *headers: str, path: str = "/rpc", length: bool = True) -> bytes:
    """A POST request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def call(method: str, number: int = 1, params: str = "{}") -> bytes:
    """A JSON-RPC request's body."""
    return f'{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{params}}}'.encode()
