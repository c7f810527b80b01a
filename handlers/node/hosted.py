"""The nodes whose logs this host keeps: a folder each, below one."""

from __future__ import annotations

from pathlib import Path

from codegen.runtime.clock import Clock
from handlers.node.errors import NodeError
from handlers.node.push import Pushed, push


def node_folders(root: Path) -> list[Path]:
    """The folders of nodes in a folder, by name."""
    return sorted(path.parent for path in root.glob("*/node.json"))


def push_all(root: Path, clock: Clock | None = None) -> tuple[list[Pushed], list[str]]:
    """Push each; what was pushed, and what went wrong: one that fails does not hold the others up."""
    pushed, failed = [], []
    for folder in node_folders(root):
        try:
            pushed.append(push(folder, clock))
        except (NodeError, OSError) as error:
            failed.append(f"{folder.name}: {error}")
    return pushed, failed
