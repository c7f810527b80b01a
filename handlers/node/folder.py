"""The folder of a node: who it is, its log, its key, its repository.

node.json         node id and the time of its making, as its repository has it too
stream            the id of the log's stream
key, key.pub      the Ed25519 key that signs its commits, in OpenSSH's format
log/              the files of the log, `usage_<hour>.jsonl`
keys.db           idempotency keys of callers; made again from the log where it is missing
repository.url    where that is pushed to
repository.git    commits that wait for the next push, and those that were pushed
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import get_native_id

from handlers.node.errors import NodeError, NotANode
from handlers.node.log_file import sync_folder
from handlers.usage_format.node_file import InvalidNodeFile, NodeFile

_URL = "repository.url"


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """An existing folder of a node."""

    path: Path
    node: NodeFile
    stream_id: str

    @property
    def node_id(self) -> str:
        return self.node.node_id

    @property
    def log(self) -> Path:
        return self.path.joinpath("log")

    @property
    def key(self) -> Path:
        return self.path / "key"

    @property
    def repository(self) -> Path:
        return self.path / "repository.git"

    @property
    def repo_url(self) -> str | None:
        """Where the repository is pushed to; None where nobody said."""
        path = self.path.joinpath(_URL)
        return path.read_text().strip() if path.exists() else None

    def set_repo_url(self, url: str) -> None:
        _write(self.path.joinpath(_URL), f"{url}\n".encode())

    @classmethod
    def open(cls, path: Path) -> NodeFolder:
        """Raises `NotANode`."""
        try:
            node = NodeFile.read((path / "node.json").read_bytes())
            return cls(path, node, (path / "stream").read_text().strip())
        except (OSError, InvalidNodeFile) as error:
            reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            raise NotANode(f"{path} is no node's folder ({reason}); `hero-onboarding node init` makes one") from None

    @classmethod
    def make(cls, path: Path, node_id: str, now: datetime) -> NodeFolder:
        """Make the folder and the log of a node; one that is there already, of the same id, is opened.

        Raises `NodeError` where the folder is another node's, or the id is none.
        """
        try:
            node = NodeFile(node_id, now.replace(microsecond=0))
            data = node.written()
        except InvalidNodeFile as error:
            raise NodeError(str(error)) from None
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "log").mkdir(mode=0o700, exist_ok=True)
        write_new(path / "stream", token_hex(13).encode() + b"\n")
        write_new(path / "node.json", data)
        found = cls.open(path)
        if found.node_id != node_id:
            raise NodeError(f"{path} is the folder of the node {found.node_id}")
        return found


def write_new(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all, readable by its owner only; one that is there stays as it is."""
    if not path.exists():
        _write(path, data, new=True)


def _write(path: Path, data: bytes, *, new: bool = False) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{get_native_id()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if new:
        with suppress(FileExistsError):  # somebody else was quicker
            os.link(draft, path)
        draft.unlink()
    else:
        draft.replace(path)
    sync_folder(path.parent)
