"""Consume what is new in one repository, a commit after the other, until one must not be consumed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress

import pygit2

from codegen.runtime.storage.database import Database
from generated.models.onboarding import HaltReason, Node
from handlers.usage.commit_checks import check_commit
from handlers.usage.consumption import Commit, Consumed, Consumption
from handlers.usage.halt import Halt
from handlers.usage.history import Known, new_commits
from handlers.usage.mirrors import Mirrors
from handlers.usage.signed_commit import told_time
from handlers.usage.skips import Skips

KEPT = "consumed"
"""The name by which a mirror keeps the last commit that was consumed, whatever happens to its branch."""

_OURS = "our copy of the repository cannot be read"
_THEIRS = "it cannot be read, not even fetched anew"


def _ours(commit: str) -> str:
    return f"{_OURS} at commit {commit}"


class Repositories:
    """Repositories as they stand in `mirrors`."""

    def __init__(self, database: Database, mirrors: Mirrors, consumption: Consumption) -> None:
        self._database, self._mirrors, self._consumption = database, mirrors, consumption

    def consume(self, node: Node, head: str | None, go_on: Callable[[], bool]) -> Generator[Consumed, None, None]:
        """Consume the commits up to `head`, as long as `go_on()`; what became of each, when it is done. Raises `Halt`,
        `Overtaken`."""
        skips = Skips.of(self._database, node.node_id)
        known, commit = Known(node.root_commit, node.last_commit, skips.commits), None
        mirror: pygit2.Repository | None = None
        try:
            mirror = self._mirrors.open(node.node_id) if head is not None else None
            for commit in new_commits(mirror, head, known):
                assert mirror is not None, "it holds the commit"
                if not go_on():
                    return
                yield self._one(mirror, node, commit, skips)
                node = node.model_copy(update={"last_commit": commit})
        except (pygit2.GitError, KeyError) as error:
            if (theirs := self._what_the_node_pushed(node, commit, error)) is not None:
                raise theirs from error
            self._mirrors.discard(node.node_id)
            mirror = None
            at = _OURS if commit is None else _ours(commit)
            raise Halt(HaltReason.UNREACHABLE, f"{at}: {error}") from error
        finally:
            if mirror is not None and node.last_commit is not None and node.last_commit != known.last:
                with suppress(pygit2.GitError, OSError):
                    self._mirrors.keep(mirror, KEPT, node.last_commit)

    def _what_the_node_pushed(self, node: Node, commit: str | None, error: Exception) -> Halt | None:
        """Objects are missing, or no git could read them. It may be our copy, of which the next fetch brings all anew;
        where that did not help, it is what the node pushed, and an operator may go on behind the commit."""
        said = node.halted_detail or ""
        if commit is None or not (said.startswith(_ours(commit)) or (node.halted_commit == commit and _THEIRS in said)):
            return None
        return Halt(HaltReason.FORBIDDEN_CHANGE, f"{_THEIRS}: {error}", commit=commit)

    def _one(self, mirror: pygit2.Repository, node: Node, commit: str, skips: Skips) -> Consumed:
        decision = skips.commits.get(commit)
        if decision is None:
            checked = check_commit(mirror, commit, node.node_id, node.keys, node.layout)
            return self._consumption.consume(node, checked, skips)
        found = mirror[commit].peel(pygit2.Commit)
        parent = str(found.parent_ids[0]) if found.parent_ids else None
        self._consumption.skip(node, Commit(commit, parent, told_time(found.commit_time)), decision)
        return Consumed()


def unapplied(mirrors: Mirrors, node: Node) -> int:
    """How many commits were fetched and not consumed: those behind the last consumed one by first parents, or all where
    history was rewritten."""
    head = mirrors.fetched(node.node_id, node.branch)
    if head is None or head == node.last_commit:
        return 0
    try:
        mirror = mirrors.open(node.node_id)
        try:
            return len(new_commits(mirror, head, Known(None, node.last_commit)))
        except Halt:
            return sum(1 for _ in mirror.walk(head))
    except (pygit2.GitError, KeyError):  # our copy is broken: the next fetch makes it anew
        return 0
