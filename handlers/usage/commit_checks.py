"""The checks of one commit, before anything of it is read: linear, signed by the node, and usage that only grew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import pygit2

from generated.models.onboarding import Node, NodeKey, UsageLayout
from handlers.usage.added_lines import Line, added_lines
from handlers.usage.batches import batch_lines
from handlers.usage.changes import BATCH, Grown, grown_files
from handlers.usage.halt import Halt
from handlers.usage.signed_commit import read_commit, require_signature, told_time


@dataclass(frozen=True, slots=True)
class CheckedCommit:
    """A commit; `files` are the node's that grew. `own` is False for another node's in a shared repository."""

    commit: str
    parent: str | None
    at: datetime
    files: tuple[Grown, ...]
    own: bool = True

    def lines(self) -> Iterator[Line]:
        """The complete lines that it added, as they are read from the mirror. Raises `Halt`."""
        try:
            for each in self.files:
                yield from _lines(each)
        except Halt as halt:
            halt.commit = self.commit  # an operator goes on behind it
            raise


def check_commit(
    mirror: pygit2.Repository,
    commit: str,
    node_id: str,
    keys: Sequence[NodeKey],
    layout: UsageLayout = UsageLayout.REPOSITORY,
) -> CheckedCommit:
    """Raises `Halt`."""
    read = read_commit(commit, mirror[commit].read_raw())
    parent, grown = read.parent, None
    if layout == UsageLayout.SHARED:
        grown = grown_files(mirror, commit, node_id, layout)
        if grown is None:  # another node's, by whose key it is signed
            return CheckedCommit(commit, parent, read.at, (), own=False)
    before = mirror[parent].peel(pygit2.Commit).commit_time if parent is not None else None
    require_signature(commit, read, keys, told_time(before) if before is not None else None)
    if grown is None:
        grown = grown_files(mirror, commit, node_id, layout)
    return CheckedCommit(commit, parent, read.at, tuple(grown or ()))


def paths_with_line(mirror: pygit2.Repository, commit: str, number: int, node: Node) -> list[str]:
    """The files of a commit that have a line of this number among what it added. Raises `Halt` where it changes what it
    may not."""
    found = []
    for each in grown_files(mirror, commit, node.node_id, node.layout) or ():
        with suppress(Halt):  # a batch that is none has no lines
            if any(line.number == number for line in _lines(each)):
                found.append(each.path)
    return found


def _lines(grown: Grown) -> Iterator[Line]:
    return batch_lines(grown) if grown.path.endswith(BATCH) else added_lines(grown)
