"""Somebody with a Mycelium key, the browser in front of them, and what must never be seen in a log."""

import ssl
from collections.abc import Mapping
from secrets import token_bytes
from time import time
from typing import Any

import httpx
from nacl.public import PrivateKey

from handlers.identity import challenge as protocol
from handlers.identity.mycelium import address_of
from tests.waiting import PATIENCE

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once: a browser that only speaks plain http need not read every certificate of the machine."""
SECRETS: set[str] = set()
"""Every key, blob, response, code, cookie and link of this test process."""


def secret(text: str) -> str:
    """Note that a text must not be seen in any log."""
    if len(text) > 8:  # shorter ones stand in a log by accident
        SECRETS.add(text)
    return text


class Person:
    """A private key and what follows from it."""

    def __init__(self, private: bytes | None = None) -> None:
        self.private = private or token_bytes(32)
        self.key = bytes(PrivateKey(self.private).public_key)
        self.public_key, self.address = self.key.hex(), address_of(self.key)
        secret(self.private.hex())
        secret(protocol.encode(self.private))

    @property
    def identity(self) -> dict[str, str]:
        """What a user of this person is made with."""
        return {"mycelium_address": self.address, "public_key": self.public_key}

    def answer(self, started: Mapping[str, Any], origin: str, now: int | None = None) -> str:
        """What the login program says to a challenge."""
        sealed = protocol.decode(secret(started["sealed"]))
        return secret(protocol.answer(sealed, self.private, origin, now or int(time())))


class Browser:
    """A browser with cookies of its own, on one of our pages; or a program, which names us in `Origin`."""

    def __init__(self, url: str, origin: str | None = None, **headers: str) -> None:
        self.origin = origin or url
        self.http = httpx.Client(
            base_url=url, headers={"Origin": self.origin, **headers}, verify=NO_TLS, timeout=PATIENCE
        )

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        answer = self.http.post(
            path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        for cookie in self.http.cookies.jar:
            secret(cookie.value or "")
        return answer

    def start(self, person: Person, **more: str) -> dict[str, Any]:
        """A challenge for somebody."""
        answer = self.post("/auth/challenge", {"public_key": person.public_key, **more})
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def finish(self, started: Mapping[str, Any], answer: str, **headers: str) -> httpx.Response:
        """Say an answer."""
        return self.post("/auth/verify", {"challenge_id": started["challenge_id"], "response": answer}, **headers)

    def login(self, person: Person) -> "Browser":
        """Sign in by sealed box."""
        started = self.start(person)
        answer = self.finish(started, person.answer(started, self.origin))
        assert (answer.status_code, answer.json()) == (200, {"redirect": "/dashboard"}), answer.text
        return self

    def plant(self, name: str, value: str) -> "Browser":
        """Put a cookie into this browser."""
        self.http.cookies.set(name, value, domain=self.http.base_url.host)
        return self

    def cookie(self, name: str) -> str | None:
        """The value of a cookie, whatever its prefix."""
        return self.http.cookies.get(name) or self.http.cookies.get(f"__Host-{name}")

    def rpc(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """The answer to a call that rests on the cookie: `result`, or the error's code."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        answer = self.http.post("/rpc", json=body, headers=headers).json()
        return answer["result"] if "result" in answer else answer["error"]["code"]

    @property
    def address(self) -> str | None:
        """Whom the site takes us for."""
        me = self.rpc("identity.me")
        return me["mycelium_address"] if isinstance(me, dict) else None


def code(answer: httpx.Response) -> tuple[int, str]:
    """The status and code of a refusal."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message"} and error["message"]
    return answer.status_code, error["code"]
