"""From the bytes of a connection to its requests: limits are held while reading, errors are answers of their own.

The parsing is llhttp's (`httptools`), in its strict form: a request that has two meanings is refused.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

import httptools

from codegen.runtime.http.request import Address, Environ, Request, add_header
from codegen.runtime.http.response import Response, refusal

MOST_HEADER_BYTES = 32 * 1024
"""Of the request line and all headers together."""
MOST_KNOWN, MOST_KNOWN_BYTES = 4, 2 * 1024
"""So many heads of a connection are kept, to know them again, and so many bytes of each."""
_VERSIONS = frozenset({"1.0", "1.1"})
_HEAD_END = b"\r\n\r\n"


class Stage(Enum):
    """Where in a request the client is."""

    BETWEEN = 0
    HEADERS = 1
    BODY = 2


_BETWEEN, _HEADERS, _BODY = Stage  # PERF: to look a member up in its enum takes ten times as long


class Room:
    """Bytes that all connections of a process may keep of bodies that come in pieces."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True

    def give_back(self, size: int) -> None:
        self.left += size


class Reader:
    """Reads the requests of one connection. After an error, and after the last request, `ended` is set."""

    def __init__(self, most_body_bytes: int, room: Room, peer: Address, server: Address) -> None:
        self._most, self._room, self._peer, self._server = most_body_bytes, room, peer, server
        self._parser = httptools.HttpRequestParser(self)
        self.waiting: deque[Request | Response] = deque()
        """Complete requests; a response among them is an error of the request that came there."""
        self.ended = False
        self.stage = _BETWEEN
        self.number = 0
        """How many requests have begun."""
        self.wants_continue = False
        """The client sends the body once it is told to (`Expect: 100-continue`)."""
        self._target = b""
        self._version = ""
        self._headers: Environ = {}
        self._header_bytes = 0
        self._body: bytes | bytearray = b""
        self._taken = 0
        self._known: dict[int, tuple[bytes, Request]] = {}
        """Heads by the size of a whole request that has them, which the head decides."""

    def feed(self, data: memoryview) -> None:
        """Read on. What follows the end is dropped."""
        if self.ended:
            return
        if (known := self._known.get(len(data))) is not None and self.stage is _BETWEEN:
            # PERF: a client mostly sends a head that it sent before; to compare it takes a tenth of parsing it.
            (head, request), sent = known, bytes(data)
            if sent.startswith(head):
                self.number += 1
                self.waiting.append(request.with_body(sent[len(head) :]))
                return
        before = self.number, self.stage
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # the request is answered as if it had not asked for another protocol
            self.ended = True
        except httptools.HttpParserError:
            self._refuse(400, "this is no HTTP request")
        if self.stage is _HEADERS and before == (self.number, self.stage):
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self._refuse(431, f"a request has at most {MOST_HEADER_BYTES} bytes of headers")
        elif before == (self.number - 1, _BETWEEN) and self.stage is _BETWEEN and not self.ended:
            self._know_again(data)

    def _know_again(self, data: memoryview) -> None:
        """Keep the head of a request that came whole and alone, where its body is what follows the head, as it is."""
        request = self.waiting[-1]
        assert isinstance(request, Request)
        size = len(data) - len(request.body)
        if request.keep_alive and size <= MOST_KNOWN_BYTES:
            head = bytes(data[:size])
            if head.find(_HEAD_END) + len(_HEAD_END) == size:
                if len(self._known) == MOST_KNOWN:
                    self._known.clear()
                self._known[len(data)] = head, request.with_body(b"")

    def end(self) -> None:
        """The client sends no more."""
        if self.stage is _BODY:
            self._refuse(400, "the body ended before its end")
        self.ended = True

    def too_late(self) -> None:
        """The client took too long for a request."""
        self._refuse(408, "the request took too long to arrive")

    def close(self) -> None:
        """Free what the connection holds."""
        self._room.give_back(self._taken)
        self._taken = 0
        del self._parser  # it refers to this object

    def rest(self) -> None:
        """Every request that was read is answered."""
        if self._taken and self.stage is not _BODY:
            self._room.give_back(self._taken)
            self._taken = 0

    def _refuse(self, status: int, message: str) -> None:
        if not self.ended:
            self.ended = True
            self.waiting.append(refusal(status, message))

    # --- what the parser tells ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.stage = _HEADERS
        self.number += 1
        self._target, self._headers, self._header_bytes, self._body = b"", {}, 0, b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.stage is _HEADERS:  # after a body in chunks more may come, which nobody asked for
            add_header(self._headers, name, value)

    def on_headers_complete(self) -> None:
        self.stage = _BODY
        self._version = self._parser.get_http_version()
        length = int(self._headers.get("CONTENT_LENGTH", 0))
        if self._version not in _VERSIONS:
            self._refuse(505, "speak HTTP/1.1")
        elif length > self._most:
            self._refuse(413, self._limit)
        elif "HTTP_EXPECT" in self._headers and (length or "HTTP_TRANSFER_ENCODING" in self._headers):
            self.wants_continue = self._headers["HTTP_EXPECT"].lower() == "100-continue"

    def on_body(self, data: bytes) -> None:
        self.wants_continue = False
        if self.ended:
            return
        if len(self._body) + len(data) > self._most:
            self._refuse(413, self._limit)
        elif not self._body:
            self._body = data
        elif self._room.take(len(data)):
            self._taken += len(data)
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += data
        else:
            self._refuse(503, "too much is being sent at once; try again")

    def on_message_complete(self) -> None:
        self.stage = _BETWEEN
        if self.ended:
            return
        parser = self._parser
        method = parser.get_method().decode()
        self._headers["REQUEST_METHOD"], self._headers["REMOTE_ADDR"] = method, self._peer.host
        self.waiting.append(
            Request(
                method,
                self._target,
                self._version,
                self._headers,
                bytes(self._body),
                parser.should_keep_alive(),
                self._peer,
                self._server,
            )
        )
        self._body = b""

    @property
    def _limit(self) -> str:
        return f"a request has at most {self._most} bytes"
