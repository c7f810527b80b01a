"""A stand-in of a Mycelium node's HTTP API: takes messages, tells public keys, and can be slow, broken or gone."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Node:
    """What the node knows and was given. `status` answers everything; while `goes_on` is not set nothing is."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.messages: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.status: int | None = None
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.url = ""

    def code(self) -> str:
        """The code in the last message."""
        return self.messages[-1]["text"].split("Code: ")[1].split(".")[0]


@contextmanager
def running_node() -> Iterator[Node]:
    """A node on a free port."""
    node = Node()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked has gone away
                self.wfile.write(data)

        def held(self) -> bool:
            node.asked.append(f"{self.command} {self.path}")
            node.goes_on.wait()
            if node.status is not None:
                self.answer(node.status, {"error": "broken"})
            return node.status is not None

        def do_GET(self) -> None:
            if not self.held():
                key = node.keys.get(self.path.removeprefix("/api/v1/pubkey/"))
                self.answer(200 if key else 404, {"publicKey": key} if key else None)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.held():
                return
            assert self.path == "/api/v1/messages" and set(body) == {"dst", "topic", "payload"}
            topic = b64decode(body["topic"], validate=True)
            assert len(topic) <= 255
            node.messages.append(
                {
                    "pk": body["dst"]["pk"],
                    "topic": topic.decode(),
                    "text": b64decode(body["payload"], validate=True).decode(),
                }
            )
            self.answer(201, {"id": "0123456789abcdef"})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    node.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield node
    finally:
        node.goes_on.set()
        server.shutdown()
        server.server_close()
