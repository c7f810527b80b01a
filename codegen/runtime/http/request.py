"""One HTTP request, completely received, and what applications know it by: the environment of WSGI."""

from __future__ import annotations

import io
import sys
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

Environ = dict[str, Any]

_MOST_NAMES = 1024
"""So many spellings of header names are kept; those of ordinary clients are a few dozen."""
_names: dict[bytes, str] = {}


class Address(NamedTuple):
    """One end of a connection."""

    host: str
    port: int


class Request:
    """`target` is the request line's, as it was sent. The body is whole, whether it came with a length or in chunks.

    `headers` has the method, the client's address and the headers by their WSGI names: all that authentication reads.
    Requests with the same head share it.
    """

    __slots__ = ("body", "headers", "keep_alive", "method", "peer", "server", "target", "version")

    def __init__(
        self,
        method: str,
        target: bytes,
        version: str,
        headers: Environ,
        body: bytes,
        keep_alive: bool,
        peer: Address,
        server: Address,
    ) -> None:
        self.method, self.target, self.version, self.headers, self.body = method, target, version, headers, body
        self.keep_alive, self.peer, self.server = keep_alive, peer, server

    def with_body(self, body: bytes) -> Request:
        """The same request with another body of the same length."""
        return Request(
            self.method, self.target, self.version, self.headers, body, self.keep_alive, self.peer, self.server
        )

    def path(self) -> str:
        """The path as WSGI spells it: each byte of the decoded URL is a character."""
        path = self.target.partition(b"?")[0]
        if not path.startswith(b"/"):  # an absolute URL, as proxies are sent it
            path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
        return (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")

    def environ(self) -> Environ:
        """The whole environment of a WSGI application (PEP 3333)."""
        environ = self.headers | {
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "SERVER_NAME": self.server.host,
            "SERVER_PORT": str(self.server.port),
            "REMOTE_PORT": str(self.peer.port),
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path(),
            "QUERY_STRING": self.target.partition(b"?")[2].decode("latin-1"),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:  # the body is whole now
            environ["CONTENT_LENGTH"] = str(len(self.body))
        return environ


def add_header(environ: Environ, name: bytes, value: bytes) -> None:
    """Add a header by its WSGI name; values of the same name are joined.

    A name with an underscore is left out: it would pass for the one with a hyphen, which a proxy may have removed.
    """
    key = _names.get(name) or _name(name)
    if key in environ:
        environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value.decode("latin-1")
    elif key:
        environ[key] = value.decode("latin-1")


def _name(name: bytes) -> str:
    """A header's name as WSGI spells it, kept for the next time; empty for one that is left out."""
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if len(_names) < _MOST_NAMES:
        _names[name] = key
    return key
