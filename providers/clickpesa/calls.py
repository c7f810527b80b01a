"""Calls of ClickPesa's API: tokens, checksums, its answers as JSON, its errors as declared ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from codegen.runtime.client.whole_answer import certificates, outage, whole_answer
from codegen.runtime.clock import Clock
from codegen.runtime.errors import NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from providers.clickpesa import checksum
from providers.clickpesa.settings import ClickPesaSettings
from providers.clickpesa.tokens import Tokens

NAME = "clickpesa"
TIMEOUT = 10
"""Seconds for each step of a request."""
LONGEST = 14
"""Seconds from a request to the end of its answer's body; for each step before there is `TIMEOUT`.

A call makes four requests at most: token and request, each twice."""
MOST_BYTES = 8 << 20
LONGEST_MESSAGE = 200


class Used(ProviderRefused):
    """An order reference that was used before: the call was made already."""


class Calls:
    """`get` and `post` with a token and, where there is a key, a checksum.

    They raise `NotFound`, `Used`, `ProviderRefused` for what did not happen, and `ProviderUnavailable` for what may
    have happened. No message holds a key or a token.
    """

    def __init__(self, settings: ClickPesaSettings, clock: Clock) -> None:
        self._settings = settings
        self._http = httpx.Client(timeout=TIMEOUT, verify=certificates(), follow_redirects=False)
        self._tokens = Tokens(self._new_token, clock)

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, str]) -> Any:
        return self._call("POST", path, json=self._signed(dict(body)))

    def _signed(self, body: dict[str, str]) -> dict[str, str]:
        keys = self._settings.keys
        if not keys:
            return body
        make = checksum.old if self._settings.checksum_method == "old" else checksum.canonical
        return {**body, "checksum": make(keys[0], body)}

    def _call(self, verb: str, path: str, **content: Any) -> Any:
        """With a token; one that is refused is renewed once, as it is where the checksum was switched on or off."""
        token = self._tokens.get()
        answer = self._send(verb, path, {"Authorization": token}, **content)
        if answer.status_code == 401:
            answer = self._send(verb, path, {"Authorization": self._tokens.get(refused=token)}, **content)
        return _read(answer)

    def _new_token(self) -> str:
        client_id, api_key = self._settings.credentials
        answer = self._send("POST", "/generate-token", {"client-id": client_id, "api-key": api_key})
        found = _read(answer)
        token = found.get("token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token:
            raise ProviderUnavailable(provider=NAME, detail="no token came")
        return token if token.startswith("Bearer ") else f"Bearer {token}"

    def _send(self, verb: str, path: str, headers: Mapping[str, str], **content: Any) -> httpx.Response:
        try:
            url = self._settings.api_url + path
            return whole_answer(self._http, verb, url, within=LONGEST, most=MOST_BYTES, headers=headers, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnavailable(provider=NAME, detail=outage(error)) from None


def _read(answer: httpx.Response) -> Any:
    status = answer.status_code
    if status in (401, 403):
        raise ProviderRefused(provider=NAME, detail="the account's id, key or token is not accepted")
    if status in (408, 429) or status >= 500 or 300 <= status < 400:
        raise ProviderUnavailable(provider=NAME, detail=f"HTTP {status}")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if status >= 400:
        _refuse(status, found)
    if found is None:
        raise ProviderUnavailable(provider=NAME, detail="its answer is not JSON")
    return found


def _refuse(status: int, found: Any) -> None:
    if status == 404:
        raise NotFound
    kind = Used if status == 409 else ProviderRefused
    raise kind(provider=NAME, detail=_message(found) or f"HTTP {status}")


def _message(found: Any) -> str:
    """What an error says: a sentence, or a list of them."""
    told = found.get("message") if isinstance(found, dict) else None
    return "; ".join(map(str, told if isinstance(told, list) else [told or ""]))[:LONGEST_MESSAGE]
