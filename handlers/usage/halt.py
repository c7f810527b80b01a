"""What stops a repository until it is mended or an operator decides."""

from __future__ import annotations

from generated.models.onboarding import HaltReason

MOST_DETAIL = 500
WOULD_BE_ASIDE, CAME_AT_ONCE = "would be set aside", "commits came at once"
"""What the detail says where a node has too much of one kind: a node's row keeps nothing else by which to tell it."""


class Halt(Exception):
    """A commit, or one line of it, that must not be consumed. `detail` is for the operator; it quotes no line."""

    def __init__(
        self, reason: HaltReason, detail: str, *, commit: str | None = None, path: str | None = None, line: int = 0
    ) -> None:
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        self.reason, self.detail = reason, f"{place}{detail}"[:MOST_DETAIL]
        self.commit, self.line = commit, line
        super().__init__(self.detail)
