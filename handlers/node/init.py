"""Make what a node needs: its folder, its log, its key and its repository."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from codegen.runtime.clock import Clock, SystemClock
from handlers.node.credentials import credentials_for, require_plain
from handlers.node.folder import NodeFolder
from handlers.node.remote import Remote
from handlers.node.repository import UsageRepository, require_sound
from handlers.node.signing_key import SigningKey


class Made(NamedTuple):
    """What an operator registers, and the stream of the log."""

    node_id: str
    public_key: str
    root_commit: str
    stream_id: str


def init(directory: Path, node_id: str, repo_url: str | None = None, clock: Clock | None = None) -> Made:
    """Make a node's folder; what is there already stays. A repository that holds usage of the node is gone on with: its
    files become those of the log, which begins a stream of its own.

    Raises `NodeError`, `PushRefused` where the repository cannot be reached.
    """
    now = (clock or SystemClock()).now()
    if repo_url is not None:
        require_plain(repo_url)
    folder = NodeFolder.make(directory, node_id, now)
    key = SigningKey.make(folder.key, node_id)
    with require_sound(directory):
        repository = UsageRepository(folder, key)
        if repo_url is not None:
            folder.set_repo_url(repo_url)
            if repository.head is None:
                remote = Remote(repository.git, repo_url, credentials_for(repo_url))
                if remote.head() is not None:
                    remote.fetch()
                    assert repository.pushed is not None
                    repository.take_over(repository.pushed)
        repository.begin(now)
        return Made(node_id, key.public, repository.root, folder.stream_id)
