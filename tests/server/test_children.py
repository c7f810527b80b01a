"""Children end with their parent, however it ends, and what processes write is their user's alone: real processes."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from handlers.private_files import make_private
from tests.server.site import COMMAND, Site
from tests.server.test_demo import demo_site, printed
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def descendants(pid: int) -> set[int]:
    """The processes below one."""
    parents = {}
    for found in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(found.parent.name)] = int(found.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    below: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *below}} - below:
        below |= more
    return below


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def killed() -> Iterator[list[int]]:
    """Processes that are ended in the end, should the test fail."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_killed_server_leaves_no_worker(tmp_path: Path, killed: list[int]) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    with site.log.open("w") as log:
        server = subprocess.Popen([*COMMAND, "serve"], env=site.environment, stdout=log, stderr=log)
    killed.append(server.pid)
    wait_for(lambda: "serving on" in site.log.read_text())
    workers = descendants(server.pid)
    assert workers and listens(site.port)
    killed.extend(workers)
    server.kill()
    server.wait()
    wait_for(lambda: not any(map(alive, workers)))
    wait_for(lambda: not listens(site.port), "the end of the last thread, which keeps the socket")


def test_a_killed_demo_leaves_neither_site_nor_sandbox(tmp_path: Path, killed: list[int]) -> None:
    site = demo_site(tmp_path)
    with site.log.open("w") as log:
        demo = subprocess.Popen([*COMMAND, "demo"], env=site.environment, stdout=log, stderr=log)
    killed.append(demo.pid)
    printed(site)
    below = descendants(demo.pid)
    assert len(below) >= 4, "two programs, each with a worker"
    killed.extend(below)
    demo.kill()
    demo.wait()
    wait_for(lambda: not any(map(alive, below)))
    wait_for(lambda: not listens(site.port) and not listens(site.port + 10), "the end of the last threads")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_a_benchmark_that_is_ended_leaves_no_server(how: signal.Signals, tmp_path: Path, killed: list[int]) -> None:
    port = Site(tmp_path).port
    script = (
        "import signal, sys, time; sys.path.insert(0, sys.argv[1]); from benchmarks.rpc import Server, start\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "server = Server('stub', ('http.server', '-b', '127.0.0.1', '{port}'))\n"
        "print(start(server, {}, int(sys.argv[2]), sys.stderr.buffer).pid, flush=True); time.sleep(60)\n"
    )
    benchmark = subprocess.Popen(
        [sys.executable, "-c", script, str(ROOT), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    killed.append(benchmark.pid)
    assert benchmark.stdout is not None
    server = int(benchmark.stdout.readline())
    killed.append(server)
    assert listens(port)
    benchmark.send_signal(how)
    benchmark.wait()
    benchmark.stdout.close()
    wait_for(lambda: not alive(server))


def others_may(directory: Path) -> list[str]:
    """What in a directory others than its owner have any right to."""
    found = []
    for path in (directory, *directory.rglob("*")):
        with suppress(FileNotFoundError):  # a running site removes files, too
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                found.append(str(path.relative_to(directory)))
    return found


def test_what_is_written_is_ours_alone(tmp_path: Path) -> None:
    site = demo_site(tmp_path)
    with site.running("demo"):
        printed(site)
        var = tmp_path / "var"
        assert {"hero-onboarding.db", "demo.json", "sandbox.db"} <= {path.name for path in var.iterdir()}
        assert others_may(var) == []


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        site = Site(tmp_path)
        (tmp_path / "var/logs").mkdir(parents=True)
        (tmp_path / "var/logs/old.log").write_text("x")
        (tmp_path / "outside").write_text("x")
        (tmp_path / "var/link").symlink_to(tmp_path / "outside")
        site.command("migrate")
        assert others_may(tmp_path / "var") == ["link"], "what a link leads to is not ours"
        assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o644
        assert os.umask(0o022) == 0o022, "the mask is that of the command alone"
    finally:
        os.umask(before)


def test_a_directory_of_everybody_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    make_private(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
