"""The product on a disk that is full, and on one that takes no more: clear errors, nothing torn, then it goes on."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import pytest

from codegen.runtime.storage.database import Database
from tests.programs import free_port
from tests.server.audited import audit
from tests.server.site import Site
from tests.server.test_workers import children
from tests.server.visitor import Visitor
from tests.waiting import wait_for

AT_ONCE = 8


class Disk(Protocol):
    def fill(self) -> None: ...

    def make_room(self) -> None: ...


class SmallDisk:
    """A file system of a few MB. Another file takes all that is left."""

    def __init__(self, root: Path) -> None:
        self._ballast = root / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for size in (4096, 1):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError as error:
                        assert error.errno == errno.ENOSPC
                        break

    def make_room(self) -> None:
        self._ballast.unlink()


class Limit:
    """The server's processes may write to no file any more: needs no right to mount."""

    def __init__(self, processes: Callable[[], set[int]]) -> None:
        self._processes = processes

    def _limit(self, size: int) -> None:
        for process in self._processes():
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def fill(self) -> None:
        self._limit(0)

    def make_room(self) -> None:
        self._limit(resource.RLIM_INFINITY)


@contextmanager
def mounted(path: Path) -> Iterator[None]:
    """A small file system there; the test is skipped where nobody may mount one."""
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", path], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@contextmanager
def served(kind: str, directory: Path) -> Iterator[tuple[Site, Disk]]:
    site = Site(directory, SANDBOX_URL=f"http://127.0.0.1:{free_port()}", RATE_LIMITS="off")
    with mounted(directory / "var") if kind == "small" else nullcontext():
        site.command("migrate")
        site.log = directory / "var" / "server.log"  # the log finds no room either
        with site.running():
            processes: set[int] = set()
            for _ in range(2):  # the server and its worker
                processes |= {
                    child
                    for parent in (processes or {os.getpid()})
                    for child in children(parent)
                    if child not in processes
                }
            yield site, SmallDisk(directory / "var") if kind == "small" else Limit(lambda: processes)


@pytest.mark.parametrize("kind", ["small", "limited"])
def test_a_full_disk(kind: str, tmp_path: Path) -> None:
    with served(kind, tmp_path) as (site, disk):
        visitor = Visitor(site)
        assert visitor.adjust(100).status_code == 200
        for name, come in visitor.ways().items():
            assert come().status_code < 500 or name == "form", name  # no provider is there
        disk.fill()
        wait_for(lambda: visitor.adjust(visitor.cents + 100).status_code == 503, "the end of the room")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name, come in visitor.ways().items():
                for answer in [each.result() for each in [pool.submit(come) for _ in range(2 * AT_ONCE)]]:
                    assert answer.status_code == 503, (name, answer.text)
                    assert int(answer.headers["Retry-After"]) > 0
        for number in range(5):
            answer = visitor.adjust(visitor.cents + 1 + number)
            assert answer.status_code == 503
            code, retry_after = visitor.renames()
            assert (code, retry_after > 0) == (1453, True)
            visitor.reads()
        disk.make_room()
        visitor.reads()
        assert visitor.renames() == (0, 0)
        assert visitor.adjust(visitor.cents + 7).status_code == 200
        for name, come in visitor.ways().items():
            assert come().status_code < 500 or name == "form", name
        site.call("billing.plans")
        wait_for(lambda: '"method":"billing.plans"' in site.log.read_text(), "a line in the log again")
        text = site.log.read_text()
        assert '"event":"log lines lost"' in text
        assert "worker ended" not in text and "serving on" in text, "no process ended"
        database = Database.open(visitor.database_url)
        assert database.execute("PRAGMA integrity_check") == [("ok",)]
        assert database.execute('SELECT "credit_balance" FROM "billing" WHERE "user_sid" = ?', (visitor.sid,)) == [
            (visitor.cents * 10**7,)
        ]
        assert audit(database) == []
        database.close()
