"""The node's repository at a forge: what it holds, fetching it, and pushing to it, never by force."""

from __future__ import annotations

from urllib.parse import urlsplit

import pygit2
from pygit2.enums import CredentialType

from handlers.node.credentials import Credentials
from handlers.node.errors import NodeError

BRANCH = "refs/heads/main"
TRACKED = "refs/remotes/origin/main"
SILENCE_MS = 20_000
"""Milliseconds without anything from the forge, after which a push is given up."""


class PushRefused(NodeError):
    """The forge cannot be reached, or does not take the push; what was committed waits for the next one."""


class Moved(NodeError):
    """The branch got other commits meanwhile: fetch them first."""


class Remote:
    """The repository at `url`, as seen from the node's own."""

    def __init__(self, repository: pygit2.Repository, url: str, credentials: Credentials | None) -> None:
        pygit2.settings.server_connect_timeout = pygit2.settings.server_timeout = SILENCE_MS
        self._repository, self._url, self._credentials = repository, url, credentials

    def head(self) -> pygit2.Oid | None:
        """The commit that the branch points to over there; None before the first push. Raises `PushRefused`."""
        try:
            heads = self._at_forge().list_heads(callbacks=self._callbacks())
        except pygit2.GitError as error:
            raise PushRefused(_told(str(error))) from None
        return next((head.oid for head in heads if head.name == BRANCH), None)

    def fetch(self) -> None:
        """Bring its commits here, to `TRACKED`. Raises `PushRefused`."""
        try:
            self._at_forge().fetch([f"+{BRANCH}:{TRACKED}"], callbacks=self._callbacks())
        except pygit2.GitError as error:
            raise PushRefused(_told(str(error))) from None

    def push(self, before: pygit2.Oid | None) -> None:
        """Push the branch, which pointed to `before` over there. Raises `Moved`, `PushRefused`."""
        callbacks = self._callbacks()
        try:
            self._at_forge().push([f"{BRANCH}:{BRANCH}"], callbacks=callbacks)
        except pygit2.GitError as error:
            if self.head() != before:
                raise Moved("the branch was pushed to by somebody else") from None
            raise PushRefused(_told(str(error))) from None
        if callbacks.refused is not None:
            raise PushRefused(f"the forge refused the push: {callbacks.refused[:300]}")
        self._repository.references.create(TRACKED, self._repository.references[BRANCH].target, force=True)

    def _at_forge(self) -> pygit2.Remote:
        """A connection of its own for each call: libgit2 would take what it heard in an earlier one for what is."""
        return self._repository.remotes.create_anonymous(self._url)

    def _callbacks(self) -> _Callbacks:
        return _Callbacks(self._url, self._credentials)


class _Callbacks(pygit2.RemoteCallbacks):
    """Gives the credentials once, to the host that they are for; keeps what a forge says of a refused push."""

    def __init__(self, url: str, credentials: Credentials | None) -> None:
        super().__init__()
        self._url, self._credentials, self._given = url, credentials, False
        self.refused: str | None = None

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> pygit2.UserPass:
        if _origin(url) != _origin(self._url):
            raise PushRefused("the forge leads to another place, and the credentials are not for that")
        if self._credentials is None:
            raise PushRefused("the forge asks for credentials; FORGE_TOKEN or GIT_ASKPASS tell them")
        if self._given:
            raise PushRefused("the forge does not accept the credentials")
        self._given = True
        return pygit2.UserPass(*self._credentials)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        self.refused = message or self.refused


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


_SIGNS = (
    ("status code: 401", "the forge does not accept the credentials"),
    ("status code: 403", "the credentials do not allow to push there"),
    ("status code: 404", "there is no such repository, or the credentials do not reach it"),
    ("failed to resolve path", "there is no such repository"),
    ("certificate", "the forge's certificate is not trusted; SSL_CERT_FILE names a file of those that are"),
    ("redirect", "the forge leads to another place, or does not accept the credentials"),
    ("timed out", "the forge does not answer"),
    ("timeout", "the forge does not answer"),
)


def _told(message: str) -> str:
    """What libgit2 means."""
    return next((told for sign, told in _SIGNS if sign in message.lower()), f"the push failed: {message[:300]}")
