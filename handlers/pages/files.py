"""Serve a folder of finished files from memory, with headers that let a page do only what it needs."""

from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

import falcon

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class File(NamedTuple):
    """One file as it is answered."""

    content: bytes
    content_type: str
    etag: str


class Folder:
    """A Falcon sink for `/<prefix>/…`; `index.html` answers for its folder. Files are read once, when it is made.

    Only the files that were there are served, so no path can lead out of the folder.
    """

    def __init__(self, directory: Path, prefix: str) -> None:
        self.prefix = f"/{prefix.strip('/')}"
        self.files = dict(self._read(directory))

    def _read(self, directory: Path) -> list[tuple[str, File]]:
        found = []
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            content = path.read_bytes()
            kind = guess_type(path.name)[0] or "application/octet-stream"
            text = kind.startswith("text/") or kind in ("application/json", "application/javascript")
            file = File(content, f"{kind}; charset=utf-8" if text else kind, f'"{sha256(content).hexdigest()[:24]}"')
            name = path.relative_to(directory).as_posix()
            found.append((name, file))
            if path.name == "index.html":
                found.append((name.removesuffix("index.html"), file))
        return found

    def add_to(self, app: falcon.App) -> None:  # type: ignore[type-arg]
        """Answer for the prefix and everything below it."""
        app.add_sink(self, self.prefix)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: str) -> None:
        if req.path == self.prefix:
            raise falcon.HTTPMovedPermanently(f"{self.prefix}/")
        if req.method not in ("GET", "HEAD"):
            raise falcon.HTTPMethodNotAllowed(["GET", "HEAD"])
        file = self.files.get(req.path.removeprefix(f"{self.prefix}/"))
        if file is None:
            raise falcon.HTTPNotFound
        resp.set_headers(
            {
                "ETag": file.etag,
                "Cache-Control": "no-cache",
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            }
        )
        if file.etag in (req.get_header("If-None-Match") or ""):
            resp.status = falcon.HTTP_304
        else:
            resp.content_type = file.content_type
            resp.data = file.content
