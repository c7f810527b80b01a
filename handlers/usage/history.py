"""The commits of a mirror that were not consumed yet, and whether history only grew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pygit2

from generated.models.onboarding import HaltReason
from handlers.usage.halt import CAME_AT_ONCE, Halt

LARGEST = 1 << 20
"""Bytes of a commit, its message included."""
MOST = 100_000
"""Commits that may come at once: eleven years of one every hour."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a repository: the root that it is pinned to, the last commit that was consumed, and commits
    behind which an operator decided to go on."""

    root: str | None
    last: str | None
    skipped: Collection[str] = ()


def new_commits(mirror: pygit2.Repository | None, head: str | None, known: Known) -> list[str]:
    """The commits behind the last consumed one up to `head`, oldest first; those that are skipped are among them.

    The last consumed commit must be an ancestor of the head, by first parents: a listing of what is new would not
    notice that what was consumed is gone. The root is the pinned one. Where an operator skipped a commit of another
    history, that is gone on with from there. Reads only what is new, where history only grew. Raises `Halt`.
    """
    if head is None:
        if known.last is None:  # nothing was pushed yet
            return []
        raise Halt(HaltReason.REWRITTEN_HISTORY, "the branch is gone")
    if head == known.last:
        return []
    assert mirror is not None, "a head was fetched into a mirror"
    found = [head]
    while len(found) <= MOST and (parents := _commit(mirror, found[-1], known.skipped).parent_ids):
        if str(parents[0]) == known.last:
            return found[::-1]
        found.append(str(parents[0]))
    decided = next((place for place, commit in enumerate(found) if commit in known.skipped), None)
    if decided is not None:
        return found[decided::-1]
    if len(found) > MOST:
        raise Halt(HaltReason.FORBIDDEN_CHANGE, f"more than {MOST} {CAME_AT_ONCE}", commit=head)
    if known.last is not None:
        detail = f"{known.last}, which was consumed, is not in the history"
        raise Halt(HaltReason.REWRITTEN_HISTORY, detail, commit=head)
    if known.root not in (None, found[-1]):
        raise Halt(HaltReason.REWRITTEN_HISTORY, f"the history begins with another root than {known.root}", commit=head)
    return found[::-1]


def _commit(mirror: pygit2.Repository, name: str, skipped: Collection[str]) -> pygit2.Commit:
    """Raises `Halt` for what is no commit, or too large; `KeyError` or `GitError` where our copy is broken."""
    if mirror.odb.read_header(name)[1] > LARGEST and name not in skipped:
        raise Halt(HaltReason.FORBIDDEN_CHANGE, f"the commit is larger than {LARGEST} bytes", commit=name)
    try:
        return mirror[name].peel(pygit2.Commit)
    except (pygit2.GitError, ValueError):
        mirror.odb.read(name)  # that fails, too, where it is our copy that is broken
        raise Halt(HaltReason.FORBIDDEN_CHANGE, "it is no commit that can be read", commit=name) from None
