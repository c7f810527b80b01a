"""A node's recorder and pusher are killed anywhere: what stays is what an undisturbed run writes, byte by byte."""

import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pygit2
import pytest

from codegen.runtime.processes import end_with
from generated.models.onboarding import NodeKey
from handlers.node import repository, tail
from handlers.node.commits import commit_signed
from handlers.node.folder import NodeFolder
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.push import push
from handlers.node.repository import tidy
from handlers.node.usage import NewUsage
from handlers.usage import changes
from handlers.usage.commit_checks import check_commit
from handlers.usage.history import Known, new_commits
from tests.git_repository import GitRepository

KILLS = int(os.environ.get("HERO_FUZZ_SECONDS", "5")) * 2
START = datetime(2026, 11, 20, 19, tzinfo=UTC)
STREAM = "a-stream-of-a-test"

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.usefixtures("quick_disk"),
]


class Numbered:
    """A clock that goes on by the number of the record: some minutes for each."""

    number = 0

    def now(self) -> datetime:
        return START + timedelta(minutes=7 * self.number)


def make(place: Path) -> NodeFolder:
    """A folder whose log has the same stream as any other."""
    place.mkdir()
    (place / "stream").write_text(STREAM)
    return NodeFolder.make(place, "n1", START)


def record(place: Path, first: int, told: Callable[[int], object], last: int = 10**9) -> None:
    """Append the records of these numbers; each second one has a key, those without one are known by theirs."""
    clock = Numbered()
    with UsageLog(place, clock) as log:
        for number in range(first, last):
            clock.number = number
            usage = NewUsage("01JD4ZK7Q1M8", "llm_token", Decimal(number), clock.now(), f"call-{number}")
            log.append(usage)
            told(number)


def contents(place: Path) -> dict[str, bytes]:
    log = place / "log"
    return {file.name: (log / file.name).read_bytes() for file in sorted(tail.files(log))}


def child(work: Callable[[], object]) -> int:
    """The number of a process that does the work, until it is killed."""
    here = os.getpid()
    process = os.fork()
    if process == 0:
        try:
            end_with(here, signal.SIGKILL)
            work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return process


def push_on_and_on(place: Path) -> None:
    clock = Numbered()
    while True:
        push(place, clock)
        clock.number += 1


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL, "the process failed"


def test_killed_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FULL", 4000)
    place, forge = tmp_path / "n1", GitRepository.new(tmp_path / "billing-n1.git")
    make(place)
    made = init(place, "n1", forge.url, Numbered())
    begun = 0
    for _ in range(KILLS):
        read, write = os.pipe()
        first = begun
        recorder = child(lambda first=first, write=write: record(place, first, lambda _: os.write(write, b".")))  # type: ignore[misc]
        pusher = child(lambda: push_on_and_on(place))
        os.close(write)
        assert os.read(read, 1) == b".", "the recorder failed"
        time.sleep(random.random() * 0.03)
        processes = [recorder, pusher]
        random.shuffle(processes)
        for process in processes:
            kill(process)
            time.sleep(random.random() * 0.005)
        tidy(forge.path)  # libgit2 writes into a repository on disk by itself: here we are the forge, too
        told = 1
        while more := os.read(read, 65536):
            told += len(more)
        os.close(read)
        with UsageLog(place) as log:
            assert log.state().records >= begun + told, "what append returned for is there"
        begun += told  # the last one may be there without having been told: it is appended again, by its key
    record(place, begun, lambda _: None, begun + 3)

    undisturbed = tmp_path / "undisturbed"
    make(undisturbed)
    record(undisturbed, 0, lambda _: None, begun + 3)
    assert contents(place) == contents(undisturbed)

    push(place, Numbered())
    head = forge.git("rev-parse", "main")
    files = forge.git("ls-tree", "--name-only", "main:usage").split()
    mirror = pygit2.Repository(str(forge.path))
    pushed = {name: mirror.revparse_single(f"main:usage/{name}").read_raw() for name in files}
    assert pushed == contents(undisturbed), "the repository holds the log"
    forge.git("fsck", "--strict", "main")
    key = NodeKey(public_key=made.public_key, valid_from=START - timedelta(days=1))
    commits = new_commits(mirror, head, Known(made.root_commit, None))
    lines = [line for commit in commits for line in check_commit(mirror, commit, "n1", [key]).lines()]
    assert len(lines) == begun + 3, "the aggregator reads each once, and halts at none"


def test_killed_while_it_catches_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weeks are pushed in several commits: killed before or behind any of them, the next push makes the others."""
    monkeypatch.setattr(tail, "FULL", 2000)
    monkeypatch.setattr(repository, "TOGETHER", 6000)
    monkeypatch.setattr(changes, "MOST_CHANGED", 6000)
    waiting, count = tmp_path / "waiting", 100
    make(waiting)
    record(waiting, 0, lambda _: None, count)
    real = commit_signed
    undisturbed: list[str] = []
    for at in range(100):
        for behind in (False, True):
            place, forge = tmp_path / f"{at}-{behind}/n1", GitRepository.new(tmp_path / f"{at}-{behind}.git")
            shutil.copytree(waiting, place)
            made = init(place, "n1", forge.url, Numbered())

            def fatal(*args: Any, left: list[int] = [at], behind: bool = behind) -> pygit2.Oid:  # noqa: B006
                left[0] -= 1
                if left[0] < 0 and not behind:
                    os.kill(os.getpid(), signal.SIGKILL)
                commit = real(*args)
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return commit

            monkeypatch.setattr(repository, "commit_signed", fatal)
            process = child(lambda place=place: (push(place, Numbered()), os._exit(0)))  # type: ignore[misc]
            killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
            monkeypatch.setattr(repository, "commit_signed", real)
            push(place, Numbered())
            mirror = pygit2.Repository(str(forge.path))
            key = NodeKey(public_key=made.public_key, valid_from=START - timedelta(days=1))
            head = forge.git("rev-parse", "main")
            commits = new_commits(mirror, head, Known(made.root_commit, None))
            lines = [line for commit in commits for line in check_commit(mirror, commit, "n1", [key]).lines()]
            assert len(lines) == count
            trees = [forge.git("rev-parse", f"{commit}^{{tree}}") for commit in commits]
            undisturbed = undisturbed or trees
            assert trees[: len(undisturbed)] == undisturbed, "the same commits, whenever it was killed"
        if not killed:
            break
    assert at > 3


def test_threads_killed_in_the_middle(tmp_path: Path) -> None:
    """What several threads wrote together: what was told is there, each key once, and no number is left out."""
    place = tmp_path / "n1"
    make(place)
    seen: set[str] = set()
    for round_ in range(max(KILLS // 3, 2)):
        read, write = os.pipe()
        process = child(lambda write=write, round_=round_: _several(place, round_, write))  # type: ignore[misc]
        os.close(write)
        told = os.read(read, 20)
        time.sleep(random.random() * 0.03)
        kill(process)
        while more := os.read(read, 65536):
            told += more
        os.close(read)
        seen |= {told[start : start + 20].decode().strip() for start in range(0, len(told) - 19, 20)}
    with UsageLog(place) as log:
        records = log.state().records
        assert all(log.find(key) for key in seen) and len(seen) > KILLS
    lines = b"".join(contents(place).values()).splitlines()
    assert len(lines) == records == len({line.partition(b'"local_seq":')[2].partition(b",")[0] for line in lines})
    assert len({line.partition(b'"idempotency_key":')[2].partition(b",")[0] for line in lines}) == records


def _several(place: Path, round_: int, write: int) -> None:
    from threading import Thread

    with UsageLog(place) as log:

        def append(name: int) -> None:
            for number in range(10**9):
                key = f"{round_}/{name}/{number}"
                log.append(NewUsage("01JD4ZK7Q1M8", "llm_token", Decimal(1), None, key))
                os.write(write, key.ljust(20).encode())

        threads = [Thread(target=append, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
