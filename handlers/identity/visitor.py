"""What a request brings to a login: its peer and its cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.identity.cookies import Cookies
from handlers.identity.origin import Peer


@dataclass(frozen=True, slots=True)
class Visitor:
    """`pre` is the cookie of the browser that began to sign in, `session` the one it is signed in with."""

    peer: Peer
    pre: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, Any], cookies: Cookies) -> Visitor:
        """The visitor of a request."""
        return cls(Peer.of(environ), cookies.pre_of(environ), cookies.session_of(environ))
