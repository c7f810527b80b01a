"""Who calls: from the headers of a request to a `Caller`, trusting nothing that a proxy or a client says of itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from codegen.runtime.context import ADMIN, PUBLIC, Caller, Context
from codegen.runtime.errors import Forbidden, Unauthorized
from codegen.runtime.storage.faults import Unavailable

Environ = Mapping[str, Any]
"""The WSGI environment of a request."""
Lookup = Callable[[str], Caller | None]
"""From a token or session id to its caller; None for one that is unknown, expired or revoked."""

_SAFE = frozenset({"GET", "HEAD"})


class Authenticator(Protocol):
    def authenticate(self, environ: Environ) -> Caller:
        """The caller, `PUBLIC` without credentials. Raises a declared error for credentials that do not hold."""
        ...


class Anonymous:
    """Everybody is nobody: for programs whose methods are all public."""

    def authenticate(self, environ: Environ) -> Caller:
        return PUBLIC


def same_secret(given: str, secret: str) -> bool:
    """Compare a header, whose characters are bytes in WSGI, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), secret.encode())


def environ_name(header: str) -> str:
    """`X-Admin-Secret` as WSGI spells it: `HTTP_X_ADMIN_SECRET`."""
    return "HTTP_" + header.upper().replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The usual ways to say who one is; what a program does not set, it does not take. Tokens and cookies are ASCII.

    `bearer` finds the caller of an `Authorization: Bearer` token, `session` that of the cookie `cookie`. A header that
    other sites cannot send (the admin secret, a bearer token) goes before the cookie. A call that rests on the cookie
    needs an `Origin` among `origins`, save for GET, which changes nothing. No
    other header says anything about the caller.
    """

    admin_header: str = ""
    admin_secret: str | None = field(default=None, repr=False)
    bearer: Lookup | None = None
    cookie: str = ""
    session: Lookup | None = None
    origins: Collection[str] = ()

    def authenticate(self, environ: Environ) -> Caller:
        """Raises `Unauthorized` for a wrong secret or token, `Forbidden` for a cookie call from another origin, `Busy`
        where the database could not be asked.

        An unknown or expired session is no error: its caller is `PUBLIC`.
        """
        try:
            return self._caller(environ)
        except Unavailable as error:
            raise error.answer from error

    def _caller(self, environ: Environ) -> Caller:
        if self.admin_header and (given := environ.get(environ_name(self.admin_header))) is not None:
            if not self.admin_secret or not same_secret(given, self.admin_secret):
                raise Unauthorized
            return ADMIN
        authorization = environ.get("HTTP_AUTHORIZATION")
        if authorization is not None and self.bearer is not None:
            scheme, _, token = authorization.partition(" ")
            caller = self.bearer(token.strip()) if scheme.lower() == "bearer" and token.isascii() else None
            if caller is None:
                raise Unauthorized
            return caller
        cookies = environ.get("HTTP_COOKIE")
        if cookies is not None and self.session is not None:
            value = cookie_value(cookies, self.cookie)
            caller = self.session(value) if value and value.isascii() else None
            if caller is not None:
                if environ.get("HTTP_ORIGIN") not in self.origins and environ["REQUEST_METHOD"] not in _SAFE:
                    raise Forbidden
                return caller
        return PUBLIC


def cookie_value(header: str, name: str) -> str | None:
    """The value of a cookie in a `Cookie` header, the first where it stands twice; None where it does not stand."""
    for part in header.split(";"):
        key, found, value = part.strip().partition("=")
        if found and key == name:
            return value.strip('"')
    return None


def user_of(context: Context) -> str:
    """The sid of the user who calls. Raises `Unauthorized` where nobody, a node or an operator does."""
    if context.caller.scope != "user" or context.caller.sid is None:
        raise Unauthorized
    return context.caller.sid
