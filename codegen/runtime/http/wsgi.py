"""Ask a WSGI application (PEP 3333) for a whole response."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from codegen.runtime.http.request import Environ, Request
from codegen.runtime.http.response import Response, response

Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def call(application: Wsgi, request: Request) -> Response:
    """Its response, in memory; raises what the application raises."""
    status, headers = "", list[tuple[str, str]]()

    def start_response(given: str, given_headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        nonlocal status, headers
        status, headers = given, given_headers

    parts = application(request.environ(), start_response)
    try:
        body = b"".join(parts)
    finally:
        if (close := getattr(parts, "close", None)) is not None:
            close()
    found = response(int(status.partition(" ")[0]), headers, body)
    if request.method == "HEAD":  # the length that GET would have
        told = [value for name, value in headers if name.lower() == "content-length"]
        return found._replace(length=int(told[0])) if told and found.length is not None else found
    return found
