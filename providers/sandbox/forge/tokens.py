"""Who may do what: tokens with scopes, given in any of the ways that Forgejo takes them."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import falcon

from providers.sandbox.forge.repositories import VENDOR, Refused
from providers.sandbox.store import Store

TOKEN = "token"
PUBLISHED = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"
"""May do all, until the switch `token_revoked` takes it back."""
ALL = "all"
CHALLENGE = 'Basic realm="Gitea"'


class Grant(NamedTuple):
    """What a token is good for. `owner`: its account owns the organizations; `admin`: it administers repositories."""

    scopes: list[str]
    owner: bool
    admin: bool


class Tokens:
    """The tokens that were given out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(self, scopes: Sequence[str], owner: bool = True, admin: bool = True) -> str:
        """A new token."""
        made = secrets.token_hex(20)
        self._store.put(VENDOR, TOKEN, {"id": made, "scopes": list(scopes), "owner": owner, "admin": admin})
        return made

    def revoke(self, token: str) -> None:
        self._store.remove(VENDOR, TOKEN, token)

    def grant(self, req: falcon.Request) -> Grant | None:
        """Of the token that came with a request; None where none came. 401 for one that is not good."""
        given = list(_given(req.auth or ""))
        if not given:
            return None
        for token in given:
            known = self._store.get(VENDOR, TOKEN, token)
            if known is not None:
                return Grant(list(known["scopes"]), bool(known["owner"]), bool(known["admin"]))
            revoked = self._store.switches(VENDOR).get("token_revoked")
            if hmac.compare_digest(token.encode(), PUBLISHED.encode()) and not revoked:
                return Grant([ALL], owner=True, admin=True)
        raise Refused(401, "invalid username, password or token")


def allows(scopes: Sequence[str], wanted: str) -> bool:
    """Whether scopes hold a wanted one (`read:repository`); whoever may write may read."""
    verb, _, of = wanted.partition(":")
    return bool({ALL, wanted, f"write:{of}" if verb == "read" else wanted} & set(scopes))


def _given(authorization: str) -> Iterator[str]:
    """The tokens that a header may hold: a password with any name, or a name without a password."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() in ("token", "bearer"):
        yield value.strip()
    elif kind.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            yield ""
            return
        yield name if password in ("", "x-oauth-basic") else password
    elif authorization:
        yield ""
