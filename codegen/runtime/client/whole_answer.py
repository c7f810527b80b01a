"""A whole answer over HTTP: a body that comes byte by byte, or does not end, holds nobody."""

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
    """The answer to a request, read to its end: a body of at most `most` bytes, which is there within so many seconds
    since the request began.

    The timeout of `http` holds for each step. The head of an answer has no limit but that and httpx's own, some 100 KB:
    one that comes byte by byte takes as long as its server likes. Raises `Endless` and what httpx raises, all of it an
    `httpx.HTTPError` or `httpx.InvalidURL`.
    """
    until, content = monotonic() + within, bytearray()
    with http.stream(method, url, **given) as answer:
        for part in answer.iter_bytes():
            content += part
            if len(content) > most or monotonic() > until:
                raise Endless("the answer does not end")
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)


def outage(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """Why no answer came, in a sentence for whoever runs this side; no part of the request stands in it."""
    if isinstance(error, Endless):
        return "its answer does not end"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted; SSL_CERT_FILE names a file of those that are"
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached"
    return f"the connection broke off ({type(error).__name__})"
