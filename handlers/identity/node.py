"""Our own Mycelium node, by its HTTP API: whose key an address has, and a text to the holder of a key."""

from __future__ import annotations

from base64 import b64encode
from time import monotonic

import httpx

from generated.errors.onboarding import MyceliumUnavailable
from handlers.identity.mycelium import KeyRefused, parse_public_key

TIMEOUT = httpx.Timeout(2.0, connect=0.5)
REST = 15.0
"""Seconds that a node which did not answer is not asked again: waiting for it would hold up everybody else."""


class MyceliumNode:
    """The node at `url`. No answer in time, or an answer of another program, is `MyceliumUnavailable`."""

    def __init__(self, url: str) -> None:
        # PERF: a node over plain http needs no certificates, and reading them takes as long as a hundred calls.
        tls = not url.startswith("http://")
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False, follow_redirects=False, verify=tls)
        self._rests_until = 0.0

    def public_key(self, address: str) -> bytes | None:
        """The key that the node's routes tell for an address; None where it knows no route.

        Every address of a /64 has the same key there: derive the address and compare.
        """
        answer = self._ask("GET", f"/api/v1/pubkey/{address}")
        if answer.status_code == 404:
            return None
        try:
            return parse_public_key(_field(answer, 200, "publicKey"))
        except KeyRefused:
            return None

    def send(self, public_key: bytes, topic: str, text: str) -> None:
        """Hand a message to the node, which keeps trying to deliver it; encrypted to the key's holder."""
        answer = self._ask(
            "POST",
            "/api/v1/messages",
            {
                "dst": {"pk": public_key.hex()},
                "topic": b64encode(topic.encode()).decode(),
                "payload": b64encode(text.encode()).decode(),
            },
        )
        _field(answer, 201, "id")

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        if monotonic() < self._rests_until:
            raise MyceliumUnavailable
        try:
            return self._http.request(method, path, json=body)
        except httpx.HTTPError:
            self._rests_until = monotonic() + REST
            raise MyceliumUnavailable from None


def _field(answer: httpx.Response, status: int, name: str) -> str:
    """A text in the JSON of an answer."""
    try:
        found = answer.json()[name] if answer.status_code == status else None
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str):
        raise MyceliumUnavailable
    return found
