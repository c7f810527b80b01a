"""The login program: fetches a challenge from the site it was told, answers it, and brings back a link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
from nacl.public import PrivateKey

from codegen.runtime.context import Clock
from generated.errors.onboarding import BadOrigin
from handlers.identity import challenge as protocol
from handlers.identity.mycelium import address_of
from handlers.origin import is_open_loopback, origin_of, spellings

MAX_ANSWER = 4096
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


class LoginFailed(Exception):
    """The login came to nothing; the message says why and holds no secret."""


class OtherName(LoginFailed):
    """The site that answers there goes by another origin."""


class Link(NamedTuple):
    """Opens in a browser within a minute, once, and asks there whether to sign in to `site` as `address`."""

    site: str
    address: str
    link: str


def site_of(text: str) -> str:
    """The origin of a site. ValueError for text that is no origin, and for plain http to another machine."""
    origin = origin_of(text if "://" in text else f"https://{text}")
    if origin.startswith("http://") and not is_open_loopback(origin):
        raise ValueError("plain http is for this machine only; use https://")
    return origin


def log_in(site: str, private_key: bytes, clock: Clock, transport: httpx.BaseTransport | None = None) -> Link:
    """A link that signs a browser in to `site` (an origin, see `site_of`). Raises `LoginFailed`.

    A site on this machine may go by another of the machine's names than the one that was given: then each is tried, as
    if it had been given.
    """
    try:
        return _log_in(site, private_key, clock, transport)
    except OtherName:
        for other in spellings(site)[1:]:
            with suppress(LoginFailed):
                return _log_in(other, private_key, clock, transport)
        raise


def _log_in(site: str, private_key: bytes, clock: Clock, transport: httpx.BaseTransport | None) -> Link:
    """Only the public key and the response leave this program, and only to that origin: redirects are not followed,
    and the challenge must name the site itself."""
    public_key = bytes(PrivateKey(private_key).public_key)
    address = address_of(public_key)
    with httpx.Client(
        base_url=site,
        headers={"Origin": site},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not is_open_loopback(site),
        verify=not is_open_loopback(site),
        transport=transport,
    ) as http:
        started = _ask(
            http, "/auth/challenge", {"public_key": public_key.hex(), "method": "sealed", "initiated_by": "program"}
        )
        response = _respond(_text(started, "sealed"), private_key, [site], clock)
        finished = _ask(http, "/auth/verify", {"challenge_id": _text(started, "challenge_id"), "response": response})
    link = _text(finished, "link")
    if not link.startswith(f"{site}{protocol.LINK_PATH}?") or not link.isprintable() or " " in link:
        raise LoginFailed(f"{site} answered with a link to somewhere else")
    return Link(site, address, link)


def respond(sealed: str, private_key: bytes, site: str, clock: Clock) -> str:
    """The response to a sealed challenge (base64url) of `site`, by whichever of its names. Raises `LoginFailed`."""
    return _respond(sealed, private_key, spellings(site), clock)


def _respond(sealed: str, private_key: bytes, origins: Sequence[str], clock: Clock) -> str:
    for origin in origins:
        with suppress(protocol.ChallengeRefused, ValueError):
            return protocol.answer(protocol.decode(sealed), private_key, origin, int(clock.now().timestamp()))
    raise LoginFailed(
        f"this challenge is not for this key and this site ({origins[0]}), or it is too old;"
        " if it is new, compare the clock of this machine with the site's"
    )


def _ask(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        with http.stream("POST", path, json=body) as answer:
            content = b""
            for part in answer.iter_bytes(MAX_ANSWER):
                content += part
                if len(content) > MAX_ANSWER:
                    raise LoginFailed(f"{http.base_url.host} does not speak this login")
    except httpx.HTTPError as error:
        reason = re.sub(r"^\[Errno -?[0-9]+\] ", "", str(error)) or type(error).__name__
        raise LoginFailed(f"{http.base_url.netloc.decode()} cannot be reached: {reason}") from None
    try:
        found = httpx.Response(answer.status_code, content=content).json()
    except ValueError:
        found = None
    if answer.is_redirect:
        raise LoginFailed(f"{http.base_url.host} sends us elsewhere; give the site's own address")
    if answer.status_code != 200:
        code, reason = _reason(found, answer)
        raise (OtherName if code == BadOrigin.slug else LoginFailed)(reason)
    if not isinstance(found, dict):
        raise LoginFailed(f"{http.base_url.host} does not speak this login")
    return found


def _reason(found: Any, answer: httpx.Response) -> tuple[object, str]:
    """Why the site refused: its code, and its words as far as they can be printed."""
    error = found.get("error") if isinstance(found, dict) else None
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
    said = "".join(filter(str.isprintable, message))[:200] if isinstance(message, str) else "no login is offered there"
    wait = answer.headers.get("Retry-After", "")
    again = f"; try again in {wait} seconds" if wait.isdecimal() else ""
    return code, f"the site refused ({answer.status_code}): {said}{again}"


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise LoginFailed("the site does not speak this login")
    return value
