"""Calls of iDenfy's API: JSON over HTTP with Basic authentication, its errors as declared ones."""

from __future__ import annotations

import re
from typing import Any

import httpx
from pydantic_core import from_json

from codegen.runtime.client.whole_answer import certificates, outage, whole_answer
from codegen.runtime.errors import Conflict, NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable

NAME = "idenfy"
TIMEOUT = 15
"""Seconds for each step of a request."""
LONGEST = 45
"""Seconds from a request to the end of its answer's body; for each step before there is `TIMEOUT`."""
MOST_BYTES = 8 << 20
JsonObject = dict[str, Any]

_UNKNOWN, _KEY, _LATER = (
    {"TOKEN_NOT_VALID"},
    {"UNAUTHORIZED", "PERMISSIONS_ERROR"},
    {"INTERNAL_ERROR", "TOO_MANY_REQUESTS"},
)
_STILL_OPEN = "Token has not expired yet."
_IDENTIFIER = re.compile("[A-Z][A-Z_]{0,39}")


class Api:
    """The API at an address. No request is repeated here: a second token would be a second attempt."""

    def __init__(self, url: str, credentials: tuple[str, str]) -> None:
        self._url = url
        self._http = httpx.Client(auth=credentials, timeout=TIMEOUT, verify=certificates(), follow_redirects=False)

    def post(self, path: str, body: JsonObject) -> JsonObject:
        """The answer; empty where there is none.

        Raises `NotFound`, `Conflict`, `ProviderRefused` or `ProviderUnavailable`; no message carries a key, nor what
        was sent.
        """
        try:
            url = f"{self._url}{path}"
            response = whole_answer(self._http, "POST", url, within=LONGEST, most=MOST_BYTES, json=body)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(provider=NAME, detail=outage(error)) from None
        found = _object(response.content)
        if response.is_success:
            if found is None:
                raise unreadable()
            return found
        raise _error(response.status_code, found or {})


def unreadable() -> ProviderUnavailable:
    """Nobody knows whether it was done: the answer is none of theirs."""
    return ProviderUnavailable(provider=NAME, detail="its answer cannot be read")


def _object(content: bytes) -> JsonObject | None:
    """A JSON object, empty for no content at all; None for anything else."""
    if not content.strip():
        return {}
    try:
        found = from_json(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _error(status: int, body: JsonObject) -> Exception:
    """By HTTP status, or by `identifier` where everything is a 400, as it used to be."""
    identifier = body.get("identifier")
    if status == 429 or status >= 500 or 300 <= status < 400 or identifier in _LATER:
        return ProviderUnavailable(provider=NAME, detail=f"HTTP {status}")
    if status in (401, 403) or identifier in _KEY:
        return ProviderRefused(provider=NAME, detail="the account's key is not accepted")
    if status == 404 or identifier in _UNKNOWN:
        return NotFound()
    if status == 409 or body.get("message") == _STILL_OPEN:
        return Conflict("the attempt is still open")
    told = isinstance(identifier, str) and _IDENTIFIER.fullmatch(identifier)
    return ProviderRefused(
        provider=NAME, detail=f"the request is invalid ({identifier})" if told else "the request is invalid"
    )
