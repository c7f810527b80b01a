"""The two cookies of the site: who is signed in, and which browser began to sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import falcon

from codegen.runtime.rpc.auth import cookie_value
from handlers.origin import is_open_loopback

PRE_LIFE = 600
"""Seconds that a browser may take to sign in."""

_is_secret = re.compile("[A-Za-z0-9_-]{43}").fullmatch
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Cookies:
    """Names and attributes, by the site's origin.

    `__Host-` binds a cookie to this host and to https, so that no neighbour under the same domain can plant one. Plain
    http on this machine (development, tests) has neither the prefix nor `Secure`, for browsers would drop them.
    """

    def __init__(self, origin: str) -> None:
        self.secure = not is_open_loopback(origin)
        prefix = "__Host-" if self.secure else ""
        self.session = f"{prefix}hl_session"
        self.pre = f"{prefix}hl_pre"

    def session_of(self, environ: Mapping[str, Any]) -> str | None:
        """The session cookie of a request."""
        return cookie_value(environ.get("HTTP_COOKIE", ""), self.session) or None

    def pre_of(self, environ: Mapping[str, Any]) -> str | None:
        """The cookie of a browser that is signing in. What is no secret of ours counts as none."""
        found = cookie_value(environ.get("HTTP_COOKIE", ""), self.pre)
        return found if found and _is_secret(found) else None

    def sign_in(self, resp: falcon.Response, session: str, life: int) -> None:
        """Hand the session to the browser, for `life` seconds, and take the cookie of the login back."""
        self._set(resp, self.session, session, life)
        self._drop(resp, self.pre)

    def sign_out(self, resp: falcon.Response) -> None:
        """Take the session back."""
        self._drop(resp, self.session)

    def begin(self, resp: falcon.Response, pre: str) -> None:
        """Mark the browser that began to sign in."""
        self._set(resp, self.pre, pre, PRE_LIFE)

    def _set(self, resp: falcon.Response, name: str, value: str, life: int) -> None:
        resp.set_cookie(name, value, max_age=life, path="/", secure=self.secure, http_only=True, same_site="Lax")

    def _drop(self, resp: falcon.Response, name: str) -> None:
        """NOTE: not by `unset_cookie`, which leaves `Secure` out: browsers then ignore it for the `__Host-` names."""
        resp.set_cookie(name, "", expires=_LONG_AGO, path="/", secure=self.secure, http_only=True, same_site="Lax")
