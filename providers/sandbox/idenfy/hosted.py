"""The hosted page of an attempt: a person chooses how it goes, and presses a button."""

from __future__ import annotations

from pathlib import Path

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from providers.sandbox.idenfy.attempts import Attempts, JsonObject, Refused
from providers.sandbox.store import Store

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

OUTCOMES = {
    "approve": "Approved at once",
    "review": "Passed by the machine; people look at it later",
    "suspect": "Suspected: something is odd about it",
    "deny": "Denied, for the reasons below",
    "expire": "Left unfinished until the time is over",
}
REASONS = {
    "DOC_EXPIRED": "The document has expired",
    "DOC_TOO_BLURRY": "The document is blurred",
    "FACE_MISMATCH": "The face is another one",
    "UNDER_AGE": "Too young",
}
DEFAULT_RESULT = "https://ui.idenfy.com/result?status="
_ENDS = {
    "APPROVED": ("successUrl", "success"),
    "SUSPECTED": ("unverifiedUrl", "unverified"),
    "REVIEWING": ("unverifiedUrl", "unverified"),
}


class Redirect:
    """`GET /api/v2/redirect?authToken=`: where our site sends a browser."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        attempt = self._attempts.by_token(req.get_param("authToken") or "")
        raise falcon.HTTPFound(self._attempts.page(attempt))


class HostedPage:
    """`/ui?authToken=`: what stands for the vendor's camera and its questions."""

    def __init__(self, store: Store, attempts: Attempts) -> None:
        self._store, self._attempts = store, attempts

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        with self._store.transaction():
            attempt = self._attempts.open(self._attempt(req))
        self._show(resp, attempt)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = req.get_media()
        outcome, reasons = form.get("outcome"), form.get("reason", [])
        codes = [reason for reason in ([reasons] if isinstance(reasons, str) else reasons) if reason in REASONS]
        with self._store.transaction():
            attempt = self._attempt(req)
            if attempt["_overall"] != "ACTIVE" or outcome not in OUTCOMES:
                self._show(resp, attempt, "" if outcome in OUTCOMES else "Choose how it goes.")
                return
            done = self._act(attempt, outcome, codes)
        raise falcon.HTTPSeeOther(_back(done))

    def _attempt(self, req: falcon.Request) -> JsonObject:
        try:
            return self._attempts.by_token(req.get_param("authToken") or "")
        except Refused:
            raise falcon.HTTPNotFound from None

    def _act(self, attempt: JsonObject, outcome: str, codes: list[str]) -> JsonObject:
        match outcome:
            case "approve":
                return self._attempts.approve(attempt)
            case "deny":
                return self._attempts.deny(attempt, codes)
            case "suspect":
                return self._attempts.suspect(attempt)
            case "review":
                return self._attempts.review(attempt)
            case _:
                return self._attempts.expire(attempt)

    @staticmethod
    def _show(resp: falcon.Response, attempt: JsonObject, problem: str = "") -> None:
        resp.content_type = falcon.MEDIA_HTML
        resp.status = falcon.HTTP_400 if problem else falcon.HTTP_200
        resp.text = _PAGES.get_template("verify.html").render(
            attempt=attempt, back=_back(attempt), outcomes=OUTCOMES, reasons=REASONS, problem=problem
        )


def _back(attempt: JsonObject) -> str:
    """Where the browser goes in the end; it proves nothing."""
    name, result = _ENDS.get(attempt["_overall"], ("errorUrl", "fail"))
    return attempt["_asked"].get(name) or f"{DEFAULT_RESULT}{result}"
