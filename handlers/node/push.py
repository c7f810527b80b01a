"""Push what the log has gained: a signed commit, several after a long time, or an empty one that tells that the node is
there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from codegen.runtime.clock import Clock, SystemClock
from handlers.node.credentials import credentials_for
from handlers.node.errors import NodeError
from handlers.node.folder import NodeFolder
from handlers.node.log import UsageLog
from handlers.node.remote import Moved, PushRefused, Remote
from handlers.node.repository import UsageRepository, require_sound, tidy
from handlers.node.signing_key import SigningKey

ATTEMPTS = 3
"""How often is fetched and pushed again, where others push to the branch at the same time."""


class Pushed(NamedTuple):
    """`commit` is the last one that was pushed, `records` and `files` what the commits of this push added."""

    node_id: str
    commit: str
    records: int
    files: int
    heartbeat: bool

    @property
    def told(self) -> str:
        """In a sentence."""
        if self.heartbeat:
            return f"nothing new, a heartbeat was pushed: {self.commit}"
        if not self.files:
            return f"nothing new, commits that waited were pushed, up to {self.commit}"
        return f"records committed: {self.records}, in files: {self.files}; pushed up to {self.commit}"


def push(directory: Path, clock: Clock | None = None) -> Pushed:
    """Commit what is new and push it, with all that waits from the time when the forge was away.

    Nothing is pushed by force: what others pushed is fetched, and gone on from, if the log has the usage in it. Broken
    off anywhere, the next push goes on. Raises `PushRefused`, `NodeError`.
    """
    clock = clock or SystemClock()
    folder = NodeFolder.open(directory)
    url = folder.repo_url
    if url is None:
        raise NodeError(f"{directory} has no repository to push to; `hero-onboarding node init --repo-url` tells it")
    with _alone(folder.path / "push.lock"):
        with UsageLog(directory, clock) as log:
            sizes = log.state().sizes
        key = SigningKey.read(folder.key)
        tidy(folder.repository)
        with require_sound(directory):
            return _pushed(folder.node_id, UsageRepository(folder, key), url, sizes, clock)


def _pushed(node_id: str, repository: UsageRepository, url: str, sizes: Mapping[str, int], clock: Clock) -> Pushed:
    waits = repository.head != repository.pushed
    grown = repository.grow(sizes, clock.now())
    heartbeat = grown.commit is None and not waits
    if heartbeat:
        repository.beat(clock.now())
    remote = Remote(repository.git, url, credentials_for(url))
    for _ in range(ATTEMPTS):
        theirs = remote.head()
        if theirs is not None and not repository.contains(theirs):
            remote.fetch()
            assert repository.pushed is not None
            repository.adopt(repository.pushed, sizes)
            grown = repository.grow(sizes, clock.now())
            heartbeat = False
        try:
            remote.push(theirs)
        except Moved:
            continue
        return Pushed(node_id, str(repository.head), grown.records, grown.files, heartbeat)
    raise PushRefused("others push to the branch all the time; it is tried again with the next push")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One push at a time in a folder."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
