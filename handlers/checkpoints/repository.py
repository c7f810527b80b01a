"""Checkpoints outside of the site: a signed commit for each in a repository of their own, pushed, never by force.

A checkpoint is the file `<year>/<day>-<last position>.json`; `latest.json` is the same as the last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from generated.models.onboarding import CheckpointRoot
from handlers.checkpoints.checkpoints import SIGNER
from handlers.node.commits import commit_signed
from handlers.node.credentials import credentials_for, require_plain
from handlers.node.errors import NodeError
from handlers.node.remote import BRANCH, Remote
from handlers.node.repository import tidy
from handlers.node.signing_key import SigningKey

LATEST = "latest.json"


class CheckpointRepository:
    """Our copy in `folder` of the repository at `url`. Raises `NodeError` where the address may not be used."""

    def __init__(self, folder: Path, url: str) -> None:
        require_plain(url)
        path = folder / "repository.git"
        if path.exists():
            tidy(path)
            self._git = pygit2.Repository(str(path))
        else:
            self._git = pygit2.init_repository(str(path), bare=True, initial_head="main")
            self._git.config["http.followRedirects"] = "false"  # to another host, libgit2 means
        self._remote = Remote(self._git, url, credentials_for(url))

    @property
    def head(self) -> pygit2.Oid | None:
        return self._target(BRANCH)

    def latest(self) -> tuple[str, int]:
        """Day and last position of the last checkpoint that was committed; before all where none was."""
        if self.head is None:
            return "0001-01-01", 0
        blob = self._git[self.head].peel(pygit2.Tree)[LATEST].peel(pygit2.Blob)
        shown = json.loads(blob.data)
        return shown["day"], int(shown["last_position"])

    def take_over(self) -> pygit2.Oid | None:
        """Bring what is over there, and go on from it; the commit it is at.

        Raises `NodeError` where others pushed to it, `PushRefused` where it cannot be reached.
        """
        theirs = self._remote.head()
        if theirs is None:
            return None
        if theirs not in self._git:
            self._remote.fetch()
        if self.head is None or self._git.descendant_of(theirs, self.head):
            self._git.references.create(BRANCH, theirs, force=True)
        elif theirs != self.head and not self._git.descendant_of(self.head, theirs):
            raise NodeError("the repository of checkpoints has commits that are not ours; nothing is pushed over them")
        return theirs

    def add(self, checkpoints: Iterable[CheckpointRoot], key: SigningKey, now: datetime) -> int:
        """Commit each, signed; how many."""
        count = 0
        for count, checkpoint in enumerate(checkpoints, 1):  # noqa: B007 - is the answer
            data = json.dumps(checkpoint.model_dump(mode="json"), sort_keys=True, indent=2).encode() + b"\n"
            tree = None if self.head is None else self._git[self.head].peel(pygit2.Tree)
            year = f"{checkpoint.day:%Y}"
            below = tree[year] if tree is not None and year in tree else None
            folder = self._git.TreeBuilder(below) if isinstance(below, pygit2.Tree) else self._git.TreeBuilder()
            blob = self._git.create_blob(data)
            folder.insert(f"{checkpoint.day}-{int(checkpoint.last_position)}.json", blob, FileMode.BLOB)
            root = self._git.TreeBuilder(tree) if tree is not None else self._git.TreeBuilder()
            root.insert(year, folder.write(), FileMode.TREE)
            root.insert(LATEST, blob, FileMode.BLOB)
            message = f"{checkpoint.day}: {checkpoint.last_position} entries"
            commit_signed(self._git, self.head, root.write(), message, (SIGNER, f"{SIGNER}@site.invalid"), key, now)
        return count

    def push(self, before: pygit2.Oid | None) -> None:
        """Push what waits; `before` is the commit over there. Raises `PushRefused`, `Moved`."""
        if self.head is not None and self.head != before:
            self._remote.push(before)

    def _target(self, name: str) -> pygit2.Oid | None:
        found = self._git.references.get(name)
        return None if found is None or isinstance(found.target, str) else found.target
