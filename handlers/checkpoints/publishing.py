"""Pushing checkpoints: what the repository does not have yet is committed and pushed."""

from __future__ import annotations

from pathlib import Path

from codegen.runtime.context import Clock
from handlers.checkpoints.checkpoints import Checkpoints
from handlers.checkpoints.repository import CheckpointRepository


def publish(checkpoints: Checkpoints, folder: Path, url: str, clock: Clock) -> int:
    """Push the checkpoints that the repository at `url` lacks; how many were committed. Broken off, it goes on.

    Raises `NodeError` where the repository is not ours or cannot be reached.
    """
    if checkpoints.last() is None:
        return 0
    key = checkpoints.key  # makes the folder, too
    repository = CheckpointRepository(folder, url)
    before = repository.take_over()
    made = repository.add(checkpoints.behind(*repository.latest()), key, clock.now())
    repository.push(before)
    return made
