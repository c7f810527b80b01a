"""What may change something: requests that our own pages made, told by host, origin and fetch metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
from pydantic_core import to_json

from generated.errors.onboarding import BadOrigin
from handlers.origin import origin_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MACHINES = ("/rpc", "/webhooks/", "/admin/", "/record_usage")
"""Routes that programs call with a secret of theirs; a cookie alone does nothing there without our origin either."""
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""With every answer for programs. Pages with forms need `Referrer-Policy: same-origin`: with `no-referrer` browsers say
`Origin: null` when the form is sent, and it is refused here."""


class Guard:
    """Falcon middleware: refuses whatever could change something and does not come from our own pages.

    `Host` must be one of ours, which keeps names out that point here and are not ours. `Origin` must be there and be
    ours. `Sec-Fetch-Site`, where a browser sends it, must say the same.
    """

    def __init__(self, origin: str, *hosts: str) -> None:
        self.origin = origin
        self.hosts = frozenset({origin.partition("://")[2], *hosts})

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method in SAFE or req.path.startswith(MACHINES) or self.is_ours(req.env):
            return
        refuse(resp, 403, BadOrigin.slug, f"this site is {self.origin}; open it there and try again")
        resp.complete = True

    def is_ours(self, environ: Mapping[str, Any]) -> bool:
        """Whether one of our pages, or a program that names us, made the request."""
        return (
            self._host(environ) in self.hosts
            and environ.get("HTTP_ORIGIN") == self.origin
            and environ.get("HTTP_SEC_FETCH_SITE", "same-origin") == "same-origin"
        )

    def _host(self, environ: Mapping[str, Any]) -> str:
        """The host that was asked for, without the port where that goes without saying."""
        scheme = self.origin.partition(":")[0]
        try:
            return origin_of(f"{scheme}://{environ.get('HTTP_HOST', '')}").partition("://")[2]
        except ValueError:
            return ""


def refuse(resp: falcon.Response, status: int, code: str, message: str, wait: int | None = None) -> None:
    """An error as the login protocol spells it; `wait` in seconds."""
    resp.status = status
    resp.set_headers(SECURITY_HEADERS)
    if wait is not None:
        resp.set_header("Retry-After", str(wait))
    resp.content_type = falcon.MEDIA_JSON
    resp.data = to_json({"error": {"code": code, "message": message}})
