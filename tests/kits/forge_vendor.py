"""A forge in memory, reached over a socket, its repositories on disk: what a provider that is tried here talks to."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

SIGNATURE = "sound-signature"
OWNER = "hero_ops"
PAGE = 2
SOMEBODY = pygit2.Signature("node", "node@example", 1_795_000_000, 0)
_LISTENER = socket.create_server(("127.0.0.1", 0), backlog=128)


@dataclass
class Kept:
    """A repository. `heads` are its branches."""

    name: str
    private: bool
    heads: dict[str, str] = field(default_factory=dict)
    hidden: bool = False


@dataclass
class Hook:
    """A webhook; one without a repository is of all of them."""

    number: int
    url: str
    key: str
    name: str | None
    active: bool = True


class ForgeVendor:
    """An organization's repositories. What is not there is a `KeyError`, a cut line an `OSError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, Kept] = {}
        self.hooks: list[Hook] = []
        self._numbers = itertools.count(1)

    def reach(self) -> None:
        with socket.create_connection(_LISTENER.getsockname()):
            _LISTENER.accept()[0].close()

    def get(self, owner: str, name: str) -> Kept:
        self.reach()
        if owner != OWNER or self.kept[name].hidden:
            raise KeyError(name)
        return self.kept[name]

    def make(self, owner: str, name: str, private: bool) -> Kept:
        """The one that is there, or a new one."""
        self.reach()
        if owner != OWNER or not name or "/" in name:
            raise KeyError(owner)
        return self.kept.setdefault(name, Kept(name, private))

    def page(self, owner: str, number: int) -> tuple[list[Kept], int | None]:
        """Those of a page that may be seen, and the next page."""
        self.reach()
        if owner != OWNER:
            raise KeyError(owner)
        every = list(self.kept.values())
        found = every[number * PAGE : (number + 1) * PAGE]
        return [each for each in found if not each.hidden], number + 1 if (number + 1) * PAGE < len(every) else None

    def hook(self, owner: str, name: str | None, url: str, key: str) -> Hook:
        """A new webhook, beside whatever is there."""
        self.reach()
        if owner != OWNER or (name is not None and self.kept[name].hidden):
            raise KeyError(owner)
        made = Hook(next(self._numbers), url, key, name)
        self.hooks.append(made)
        return made

    def send(self, name: str, branch: str) -> list[tuple[str, str, bytes]]:
        """Somebody pushes: the address, the key and the body of each webhook that tells of it."""
        body = self.push(name, branch)
        return [(each.url, each.key, body) for each in self.hooks if each.active and each.name in (None, name)]

    def address(self, name: str) -> str:
        return f"file://{self.folder}/{name}.git"

    def commit(self, name: str, branch: str) -> str:
        """Somebody pushes."""
        disk = pygit2.init_repository(str(self.folder / f"{name}.git"), bare=True)
        ref, kept = f"refs/heads/{branch}", self.kept[name]
        parents: list[pygit2.Oid | str] = [kept.heads[branch]] if branch in kept.heads else []
        tree = disk.TreeBuilder().write()
        kept.heads[branch] = str(
            disk.create_commit(ref, SOMEBODY, SOMEBODY, f"usage {next(self._numbers)}", tree, parents)
        )
        return kept.heads[branch]

    def push(self, name: str, branch: str) -> bytes:
        """Somebody pushes; the webhook's body."""
        before = self.kept[name].heads.get(branch, "0" * 40)
        after = self.commit(name, branch)
        told = {"kind": "push", "owner": OWNER, "name": name, "branch": branch, "before": before, "after": after}
        return json.dumps({**told, "id": f"{name}-{branch}-{after}"}).encode()


def signature(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
