"""What a request brings to a login: its peer and its cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.identity.cookies import Cookies
from handlers.identity.peer import Peer, Peers


@dataclass(frozen=True, slots=True)
class Visitor:
    """`pre` is the cookie of the browser that began to sign in, `session` the one it is signed in with."""

    peer: Peer
    pre: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visitors:
    """Tells the visitor of a request."""

    peers: Peers
    cookies: Cookies

    def of(self, environ: Mapping[str, Any]) -> Visitor:
        """The visitor of a WSGI request."""
        return Visitor(self.peers.of(environ), self.cookies.pre_of(environ), self.cookies.session_of(environ))
