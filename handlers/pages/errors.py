"""Error pages: what went wrong, whether anything was done, and the way on."""

from __future__ import annotations

import falcon
from pydantic_core import to_json

from handlers.pages.visit import PageContext, Visit

TITLES = {
    400: "We could not read that",
    401: "Sign in first",
    403: "That is not allowed",
    404: "Page not found",
    405: "That does not work here",
    409: "Somebody was quicker",
    413: "That is too much",
    415: "We could not read that",
    429: "Too many tries",
    500: "That was our fault",
    503: "We will be right back",
}
TEXTS = {
    404: "There is nothing at this address. Perhaps it moved, or the link is not complete.",
    405: "This address takes no such request. Use the buttons and forms of the pages.",
    413: "What was sent is larger than we take. Nothing was done.",
    500: "Something broke on our side, and it is in our log. Try again; if it stays, write to the operator and name "
    "the request below.",
    503: "We cannot answer at the moment. Nothing was lost; try again in a minute.",
}
DEFAULT = "Nothing was done. Go back and try again."
MACHINES = (
    "/rpc",
    "/auth/",
    "/webhooks/",
    "/admin/",
    "/record_usage",
    "/openrpc.json",
    "/healthz",
    "/readyz",
    "/metrics",
)
"""Routes that answer programs, and so in JSON."""


def error_page(visit: Visit, status: int, slug: str = "", whole: bool = True) -> None:
    """Answer with the page of an error; not `whole` where the database may be what failed."""
    message = visit.pages.messages.error(slug)
    text = TEXTS.get(status) or (message.text if message else DEFAULT)
    visit.page(
        "error.html", status, whole=whole, title=TITLES.get(status, "That did not work"), text=text, status_code=status
    )


class ErrorPages:
    """Falcon's own errors (no such route, no such method) as pages for browsers, in JSON for programs."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    def __call__(self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
        if req.path.startswith(MACHINES) or "text/html" not in (req.get_header("Accept") or ""):
            resp.content_type = falcon.MEDIA_JSON
            resp.data = to_json(error.to_dict())
            return
        error_page(Visit(self._context, req, resp), error.status_code)
