"""The site by JSON-RPC, with nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from handlers.node.allowances import SiteAway, SiteRefused
from handlers.node.credentials import require_plain


class _NoRedirect(HTTPRedirectHandler):
    """The key is for the site alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


class JsonRpcSite:
    """The site at `origin` (`https://…`), called with an API key of the scope `node`."""

    def __init__(self, origin: str, api_key: str, timeout: float = 5) -> None:
        require_plain(origin)
        self._url = f"{origin.rstrip('/')}/rpc"
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._timeout, self._opener = timeout, build_opener(_NoRedirect)

    def call(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        """Raises `SiteAway`, `SiteRefused`."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        try:
            with self._opener.open(Request(self._url, body, self._headers), timeout=self._timeout) as answer:
                read = json.load(answer)
        except HTTPError as error:
            read = _told(error)
        except (URLError, HTTPException, OSError, ValueError, RecursionError) as error:
            raise SiteAway(f"the site does not answer: {error}") from None
        if isinstance(read, dict) and isinstance(fault := read.get("error"), dict):
            slug = (fault.get("data") or {}).get("error", fault.get("code"))
            raise SiteRefused(str(slug), str(fault.get("message")))
        if not isinstance(read, dict) or not isinstance(result := read.get("result"), dict):
            raise SiteAway("the site answers something else than JSON-RPC")
        return result


def _told(error: HTTPError) -> object:
    """What an answer with a status of an error says, if it is the site's own. Raises `SiteAway`."""
    if error.code < 500:
        try:
            return json.load(error)
        except (HTTPException, OSError, ValueError, RecursionError):
            pass
    raise SiteAway(f"the site answered {error.code}")
