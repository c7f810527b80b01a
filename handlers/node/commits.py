"""Signed commits: one after the other on the branch of a bare repository."""

from __future__ import annotations

from datetime import datetime

import pygit2

from handlers.node.remote import BRANCH
from handlers.node.signing_key import SigningKey


def commit_signed(
    git: pygit2.Repository,
    head: pygit2.Oid | None,
    tree: pygit2.Oid,
    message: str,
    who: tuple[str, str],
    key: SigningKey,
    now: datetime,
) -> pygit2.Oid:
    """Make `tree` the commit that follows `head` on the branch, by `who` (name and address), signed by `key`."""
    parents: list[str | pygit2.Oid] = []
    seconds = int(now.timestamp())
    if head is not None:
        parents.append(head)
        # A clock that was set back does not make a commit older than the one before it.
        seconds = max(seconds, git[head].peel(pygit2.Commit).commit_time)
    signature = pygit2.Signature(*who, seconds, 0)
    text = str(git.create_commit_string(signature, signature, f"{message}\n", tree, parents))
    commit = git.create_commit_with_signature(text, key.sign(text.encode()), "gpgsig")
    git.references.create(BRANCH, commit, force=True)
    return commit
