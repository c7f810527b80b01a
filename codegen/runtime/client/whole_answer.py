"""A whole answer over HTTP, within a time and a size: a server that sends byte by byte or for ever holds nobody."""

from __future__ import annotations

import ssl
from functools import cache
from time import monotonic
from typing import Any

import httpx


class Endless(httpx.TransportError):
    """The answer did not end in time, or is larger than any that is expected."""


@cache
def certificates() -> ssl.SSLContext:
    """Whom to believe under https. PERF: reading the certificates takes longer than a call."""
    return httpx.create_ssl_context()


def whole_answer(
    http: httpx.Client, method: str, url: str, *, within: float, most: int, **given: Any
) -> httpx.Response:
    """The answer to a request, read to its end: at most `most` bytes, within so many seconds since it was sent.

    The timeout of `http` holds for each step, and for the head of the answer. Raises `Endless` and what httpx raises,
    all of it an `httpx.HTTPError` or `httpx.InvalidURL`.
    """
    until, content = monotonic() + within, bytearray()
    with http.stream(method, url, **given) as answer:
        for part in answer.iter_bytes():
            content += part
            if len(content) > most or monotonic() > until:
                raise Endless("the answer does not end")
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)
