"""HTTP responses as bytes, but for what the connection adds: date, length, and whether it ends."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from pydantic_core import to_json

Headers = Iterable[tuple[str, str]]

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_BY_CONNECTION = frozenset({"content-length", "connection", "date", "transfer-encoding", "keep-alive"})
_LINE_ENDS = frozenset("\r\n\0")


class Response(NamedTuple):
    """`head` is the status line and headers, each line with its end. Without a `length` there is no body."""

    head: bytes
    body: bytes
    length: int | None


def response(status: int, headers: Headers, body: bytes = b"") -> Response:
    """Raises ValueError for a header that would not stay in its line."""
    if status in _BODILESS:
        return Response(head(status, headers), b"", None)
    return Response(head(status, headers), body, len(body))


def head(status: int, headers: Headers) -> bytes:
    """Headers that the connection writes itself are left out. Raises ValueError as `response` does."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}"]
    for name, value in headers:
        if not _LINE_ENDS.isdisjoint(name) or not _LINE_ENDS.isdisjoint(value):
            raise ValueError(f"the header {name!r} holds a line's end")
        if name.lower() not in _BY_CONNECTION:
            lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, ""]).encode("latin-1")


def refusal(status: int, message: str, *more: tuple[str, str]) -> Response:
    """An error of the server's own, before any application is asked."""
    body = to_json({"title": f"{status} {_REASONS[status]}", "description": message})
    headers = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return response(status, [*headers.items(), *more], body)
