"""Our own copies of the nodes' repositories: bare, one folder each, fetched by processes of their own.

Nothing of a node's tree is ever written out as files. A fetch asks for the branch's commit first, so one that brings
nothing takes the same time whatever the history is.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pygit2

from generated.models.onboarding import GitCredentials
from handlers.usage.fetch_program import FETCHED, LARGER
from handlers.usage.fetchers import Ended, Fetchers, Limits, TooSlow

KEPT = "refs/kept/"
FETCHERS = 8
"""Repositories that are fetched at once; most of their time is waiting for the other side."""
SCHEMES = ("file", "http", "https")
Reason = Literal["unreachable", "refused", "not_found", "too_large", "too_slow", "no_room"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_BRANCH = re.compile(r"(?!.*(//|\.\.|@\{|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9._/+@{}-]{0,126}(?<![./])")


class FetchFailed(Exception):
    """A repository could not be fetched; its mirror is as it was. `detail` is a sentence without any secret."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The mirrors below a folder, by the nodes' ids. May be used by many threads and processes at once."""

    folder: Path
    fetchers: Fetchers

    @classmethod
    def below(cls, folder: Path, limits: Limits | None = None, at_once: int = FETCHERS) -> Mirrors:
        """Mirrors in a folder, with processes of their own; `close` ends them."""
        return cls(folder, Fetchers(limits or Limits(), at_once))

    def fetch(
        self, node_id: str, url: str, branch: str = "main", credentials: GitCredentials | None = None
    ) -> str | None:
        """Bring a branch into the node's mirror; the commit it points to, None where there is no such branch there.

        History that was rewritten replaces the branch in the mirror; what is to stay readable is kept by `keep`.
        Raises `FetchFailed`.
        """
        check_address(url, branch)
        limits = self.fetchers.limits
        request = {
            "mirror": str(self.path(node_id)),
            "url": url,
            "branch": branch,
            "username": credentials and credentials.username,
            "password": credentials and credentials.password,
            "most_bytes": limits.transfer_bytes,
        }
        try:
            answer = self.fetchers.ask(request)
        except TooSlow:
            raise FetchFailed("too_slow", f"it did not end within {limits.seconds:g} s; {LARGER}, and longer") from None
        except Ended:
            raise FetchFailed("too_large", "the process that fetched it ended before it was done") from None
        if "failed" in answer:
            raise FetchFailed(answer["failed"], answer["detail"])
        head: str | None = answer["head"]
        return head

    def path(self, node_id: str) -> Path:
        """The folder of a node's mirror. Raises `ValueError` for what is no node's id."""
        if _NAME.fullmatch(node_id) is None:
            raise ValueError(f"{node_id!r} is no id of a node")
        return self.folder / f"{node_id}.git"

    def open(self, node_id: str) -> pygit2.Repository:
        """The mirror, to read from. Raises `pygit2.GitError` where nothing was fetched yet."""
        return pygit2.Repository(str(self.path(node_id)))

    def fetched(self, node_id: str, branch: str = "main") -> str | None:
        """The commit that the branch had when it was fetched last; asks nobody."""
        try:
            found = self.open(node_id).references.get(FETCHED + branch)
        except pygit2.GitError:
            return None
        return None if found is None else str(found.target)

    def keep(self, mirror: pygit2.Repository, name: str, commit: str) -> None:
        """Keep a commit and its history readable under a name, also when the branch no longer leads to it."""
        mirror.references.create(KEPT + name, commit, force=True)

    def discard(self, node_id: str) -> None:
        """Forget the mirror; the next fetch brings everything anew."""
        shutil.rmtree(self.path(node_id), ignore_errors=True)

    def close(self) -> None:
        """End the processes that fetch."""
        self.fetchers.close()


def check_address(url: str, branch: str = "main") -> None:
    """Raises `FetchFailed` for an address from which nothing is fetched, or a name that no branch has."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise FetchFailed(
            "refused", f"a repository's address begins with {', '.join(f'{each}://' for each in SCHEMES)}"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise FetchFailed("refused", "an address holds no name, no password, `?` or `#`; credentials are given apart")
    if _BRANCH.fullmatch(branch) is None:
        raise FetchFailed("refused", f"{branch[:40]!r} is no name of a branch")
