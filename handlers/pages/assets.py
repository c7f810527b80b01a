"""Static files under names that change with their content, so that browsers may keep them for ever."""

from __future__ import annotations

from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any, NamedTuple

import falcon

DIRECTORY = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A file as it is answered."""

    content: bytes
    content_type: str


class Assets:
    """`GET /static/<name>.<digest>.<ending>`; read once, when it is made."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._urls: dict[str, str] = {}
        self._files: dict[str, Asset] = {}
        for path in sorted(directory.iterdir()):
            content = path.read_bytes()
            name = f"{path.stem}.{sha256(content).hexdigest()[:16]}{path.suffix}"
            kind = guess_type(path.name)[0] or "application/octet-stream"
            self._urls[path.name] = f"/static/{name}"
            self._files[name] = Asset(content, f"{kind}; charset=utf-8")

    def url(self, name: str) -> str:
        """Where a file of the folder is served; KeyError for one that is not there."""
        return self._urls[name]

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, **_: Any) -> None:
        asset = self._files.get(name)
        if asset is None:
            raise falcon.HTTPNotFound
        resp.set_headers(
            {
                "Cache-Control": FOREVER,
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
            }
        )
        resp.content_type = asset.content_type
        resp.data = asset.content
