"""Calls of Forgejo's API: JSON over HTTP with a token, its statuses as declared errors.

Its messages are translated and change with the version, so that only statuses count.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from codegen.runtime.client.whole_answer import certificates, outage, whole_answer
from codegen.runtime.errors import Forbidden, NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable

NAME = "forge"
TIMEOUT = 15
"""Seconds for each step of a request."""
LONGEST = 45
"""Seconds from a request to the end of its answer's body; for each step before there is `TIMEOUT`."""
MOST_BYTES = 8 << 20
JsonObject = dict[str, Any]


class Answer:
    """What came back of a successful request."""

    def __init__(self, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.status, self.headers, self._content = status, headers, content

    def json(self) -> Any:
        """Raises `ProviderUnavailable`: nobody knows what an answer means that is none of theirs."""
        try:
            return from_json(self._content)
        except ValueError:
            raise unreadable() from None

    def object(self) -> JsonObject:
        """Raises `ProviderUnavailable`."""
        found = self.json()
        if not isinstance(found, dict):
            raise unreadable()
        return found


class Taken(Exception):
    """There is something of that name already."""


class Api:
    """The API of the forge at `url`. The token goes to no other host: nothing that redirects is followed."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url}/api/v1"
        self._http = httpx.Client(
            headers={"Authorization": f"token {token}", "Accept": "application/json"},
            timeout=TIMEOUT,
            follow_redirects=False,
            verify=certificates(),
        )

    def get(self, path: str, **params: str | int) -> Answer:
        """Raises `NotFound`, `ProviderRefused`, `ProviderUnavailable`; no message carries the token."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: JsonObject) -> Answer:
        """Raises as `get` does, and `Forbidden`, `Taken`."""
        return self._ask("POST", path, json=body)

    def delete(self, path: str) -> Answer:
        """Raises as `get` does, and `Forbidden`."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **given: Any) -> Answer:
        try:
            url = f"{self._base}{path}"
            response = whole_answer(self._http, method, url, within=LONGEST, most=MOST_BYTES, **given)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(provider=NAME, detail=outage(error)) from None
        if response.is_success:
            return Answer(response.status_code, response.headers, response.content)
        raise _error(method, response)


def unreadable() -> ProviderUnavailable:
    return ProviderUnavailable(provider=NAME, detail="its answer cannot be read")


def _error(method: str, response: httpx.Response) -> Exception:
    status = response.status_code
    if 300 <= status < 400:
        return _moved(response)
    if status == 401:
        return ProviderRefused(provider=NAME, detail="the token is not accepted")
    if status == 403:
        return (
            Forbidden()
            if method in ("POST", "DELETE")
            else ProviderRefused(provider=NAME, detail="the token does not allow it")
        )
    if status == 404:
        return NotFound()
    if status == 409 and method == "POST":
        return Taken()
    if status in (413, 422, 423):
        why = {413: "a quota is used up", 422: "the name or a field is not allowed", 423: "it is archived"}[status]
        return ProviderRefused(provider=NAME, detail=why)
    if status == 429 or status >= 500:
        return ProviderUnavailable(provider=NAME, detail=f"HTTP {status}")
    return ProviderRefused(provider=NAME, detail=f"the request is invalid (HTTP {status})")


def place(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address, the port also where it is the scheme's own; nothing for what is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None


def _moved(response: httpx.Response) -> Exception:
    """A repository that was renamed is not there under its old name; a forge that moved has an address to be mended."""
    target, here = place(response.headers.get("location", "")), place(str(response.request.url))
    if target in (here, place("")):
        return NotFound()
    return ProviderUnavailable(provider=NAME, detail="it leads to another host; the forge's address is to be mended")
