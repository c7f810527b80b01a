"""What a fetching process does: one fetch after another, asked for and answered as lines of JSON.

`fetchers.py` starts it. It is a process of its own, because what strangers' servers send is unpacked here: it may be
killed when it takes too long, and has a limit for its memory. It imports little, for it is started often.

    {"mirror": "/var/mirrors/n1", "url": "https://…", "branch": "main", "username": …, "password": …, "most_bytes": …}
    {"head": "4f1c…"}      {"head": null}      {"failed": "refused", "detail": "…"}
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import resource
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import CredentialType

from handlers.usage.packs import MERGING, merge_packs

ELSEWHERE = "it leads to another place, and credentials are not for that"
LARGER = "HERO_ONBOARDING_FETCH_MIB lets a fetch be larger"
SETTINGS = Path(__file__).with_name("fetch_settings")
FETCHED = "refs/fetched/"
"""Where a mirror keeps the branches that it fetched, below the one name that they have over there."""


class Failed(Exception):
    """A fetch that failed: the reason as a word, and a sentence that holds no secret."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Callbacks(pygit2.RemoteCallbacks):
    """Gives the credentials once, and stops what becomes too much."""

    def __init__(self, asked: dict[str, Any]) -> None:
        super().__init__()
        self._asked, self._given = asked, False

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> pygit2.UserPass:
        if _place(url) != _place(self._asked["url"]):
            raise Failed("refused", ELSEWHERE)
        if self._asked["password"] is None:
            raise Failed("refused", "the repository asks for credentials, and there are none for it")
        if self._given:  # libgit2 would try the same ones for ever
            raise Failed("refused", "the credentials are not accepted")
        self._given = True
        return pygit2.UserPass(self._asked["username"], self._asked["password"])

    def transfer_progress(self, stats: Any) -> None:
        most = self._asked["most_bytes"]
        if stats.received_bytes > most:
            raise Failed("too_large", f"more than {most >> 20} MiB came at once; {LARGER}")


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    """Where an address leads; libgit2 may spell it otherwise than we do."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def fetch(asked: dict[str, Any]) -> str | None:
    """Bring the branch into the mirror; the commit it points to, None where there is no such branch over there."""
    path, url, name = Path(asked["mirror"]), asked["url"], f"refs/heads/{asked['branch']}"
    with _alone(path):
        mirror = _opened(path)
        remote, callbacks = mirror.remotes.create_anonymous(url), Callbacks(asked)
        heads = {head.name: head.oid for head in remote.list_heads(callbacks=callbacks)}
        if name not in heads:
            return None
        own = FETCHED + asked["branch"]
        known = mirror.references.get(own)
        if known is not None and known.target not in mirror:  # the disk lost what it had written
            shutil.rmtree(path)
            mirror, known = _opened(path), None
        if known is not None and known.target == heads[name]:
            return str(heads[name])
        _remove_leftovers(path)
        callbacks = Callbacks(asked)
        with _comparing_little():
            mirror.remotes.create_anonymous(url).fetch([f"+{name}:{own}"], callbacks=callbacks)
        merge_packs(path, asked["most_bytes"])
        return str(mirror.references[own].target)


@contextmanager
def _comparing_little() -> Iterator[None]:
    """A repository on this disk is packed by this process, as `SETTINGS` say; packs are put together as ever."""
    level = pygit2.enums.ConfigLevel.PROGRAMDATA  # the lowest, which has nothing on POSIX
    pygit2.settings.search_path[level] = str(SETTINGS)
    try:
        yield
    finally:
        pygit2.settings.search_path[level] = ""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else fetches into this mirror; the lock ends with this process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _opened(path: Path) -> pygit2.Repository:
    """The mirror, made where it is missing."""
    try:
        return pygit2.Repository(str(path))
    except pygit2.GitError:
        made = pygit2.init_repository(str(path), bare=True)
        made.config["http.followRedirects"] = "false"  # to another host, libgit2 means
        return made


def _remove_leftovers(path: Path) -> None:
    """What a fetch that was killed has left: half a pack, a reference's lock."""
    for each in (path / "objects" / "pack").glob("pack_git2_*"):
        each.unlink(missing_ok=True)
    shutil.rmtree(path.joinpath(MERGING), ignore_errors=True)
    for each in (path / "refs").rglob("*.lock"):
        each.unlink(missing_ok=True)


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a fetch as it is told."""
    try:
        return {"head": fetch(asked)}
    except Failed as failed:
        return {"failed": failed.reason, "detail": failed.detail}
    except MemoryError:
        return {"failed": "too_large", "detail": f"it does not fit into the memory that a fetch may use; {LARGER}"}
    except (pygit2.GitError, OSError, ValueError, KeyError) as error:
        reason, detail = _told(str(error))
        return {"failed": reason, "detail": detail}


_SIGNS = (
    ("out of memory", "too_large", f"it does not fit into the memory that a fetch may use; {LARGER}"),
    ("no space left", "no_room", "the disk with the mirrors is full"),
    ("file too large", "too_large", f"more came at once than is taken; {LARGER}"),
    ("status code: 401", "refused", "the credentials are not accepted"),
    ("status code: 403", "refused", "the credentials do not allow it"),
    ("authentication", "refused", "the credentials are not accepted"),
    ("status code: 404", "not_found", "there is no such repository"),
    ("failed to resolve path", "not_found", "there is no such repository"),
    ("certificate", "unreachable", "its certificate is not trusted; SSL_CERT_FILE names a file of those that are"),
    ("redirect", "refused", ELSEWHERE),
    ("timed out", "too_slow", "the other side is silent"),
    ("timeout", "too_slow", "the other side is silent"),
)
"""What libgit2 says in a sentence only."""


def _told(message: str) -> tuple[str, str]:
    for sign, reason, detail in _SIGNS:
        if sign in message.lower():
            return reason, detail
    return "unreachable", message[:300] or "it cannot be reached"


def _set_up(memory: int, file_size: int, silence: int) -> None:
    """Limits of the process in bytes, and of the other side's silence in milliseconds; and no settings but ours."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for level in (pygit2.enums.ConfigLevel.SYSTEM, pygit2.enums.ConfigLevel.GLOBAL, pygit2.enums.ConfigLevel.XDG):
        pygit2.settings.search_path[level] = ""
    pygit2.settings.owner_validation = False  # a repository on this disk may be another user's: nothing of it is run
    pygit2.settings.mwindow_mapped_limit = memory >> 2
    pygit2.settings.server_connect_timeout = pygit2.settings.server_timeout = silence


def main() -> None:
    """Read requests until the end of the input, which is the end of the process that asks."""
    _set_up(*(int(number) for number in sys.argv[1:]))
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            requests.put(line)
        os._exit(0)  # in the middle of a fetch, too

    threading.Thread(target=read, daemon=True).start()
    while True:
        sys.stdout.write(json.dumps(answer(json.loads(requests.get()))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
