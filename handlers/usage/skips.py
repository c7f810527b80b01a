"""Operators' decisions to go on behind bad commits and lines of a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from codegen.runtime.storage.database import Database
from handlers.usage import statements


class SkippedLine(NamedTuple):
    """A line that is left out; without a path the line of this number in any file of its commit."""

    path: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Skips:
    """`commits` are those that are left out whole, with the sid of the decision; `lines` are lines by their commit."""

    commits: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, frozenset[SkippedLine]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.commits or self.lines)

    @classmethod
    def of(cls, database: Database, node_id: str) -> Skips:
        """Those of a node."""
        commits: dict[str, str] = {}
        lines: dict[str, frozenset[SkippedLine]] = {}
        for sid, commit, line, path in database.execute(database.prepare(statements.SKIPS_OF_NODE), (node_id,)):
            if line is None:
                commits.setdefault(commit, sid)
            else:
                lines[commit] = lines.get(commit, frozenset()) | {SkippedLine(path, line)}
        return cls(commits, lines)
