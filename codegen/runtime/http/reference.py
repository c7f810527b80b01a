"""`GET /reference/…`: the pages of the reference, with headers that let a page do only what it needs."""

from __future__ import annotations

from hashlib import sha256

import falcon

from codegen.runtime.reference.pages import Reference
from codegen.runtime.rpc.method import Place, runs

PREFIX = "/reference"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ReferenceResource:
    """One page of the reference; `index.html` answers for the folder."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def add_to(self, app: falcon.App) -> None:  # type: ignore[type-arg]
        app.add_route(PREFIX, self, suffix="folder")
        app.add_route(f"{PREFIX}/", self)
        app.add_route(f"{PREFIX}/{{path}}", self)

    def on_get_folder(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPMovedPermanently(f"{PREFIX}/")

    @runs(Place.LONG)  # the first time it is rendered
    def on_get(self, req: falcon.Request, resp: falcon.Response, path: str = "index.html") -> None:
        content = self._reference.page(path)
        if content is None:
            raise falcon.HTTPNotFound
        etag = f'"{sha256(content).hexdigest()[:24]}"'
        resp.set_headers({**_HEADERS, "ETag": etag})
        if etag in (req.get_header("If-None-Match") or ""):
            resp.status = falcon.HTTP_304
        else:
            resp.content_type = f"text/{'css' if path.endswith('.css') else 'html'}; charset=utf-8"
            resp.data = content

    on_head = on_get
