"""Mirrors of nodes' repositories: what a fetch brings; no server holds one up, fills the disk or gets a secret."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pygit2
import pytest

from generated.models.onboarding import GitCredentials
from handlers.usage import packs
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import FetchFailed, Mirrors
from handlers.usage.settings import UsageSettings
from tests.git_repository import GitRepository
from tests.waiting import PATIENCE, wait_for

SECRET = GitCredentials(username="x", password="a-token-of-a-test")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrors]:
    """Processes cost their start: most tests use the same ones."""
    mirrors = Mirrors.below(tmp_path_factory.mktemp("mirrors"), Limits(silence=PATIENCE), at_once=2)
    yield mirrors
    mirrors.close()


@pytest.fixture
def mirrors(shared: Mirrors, tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", shared.fetchers)


@pytest.fixture
def node(tmp_path: Path) -> GitRepository:
    return GitRepository.new(tmp_path / "billing-n1.git")


@contextmanager
def limited(folder: Path, limits: Limits) -> Iterator[Mirrors]:
    mirrors = Mirrors.below(folder / "limited", limits, at_once=1)
    try:
        yield mirrors
    finally:
        mirrors.close()


def refused(mirrors: Mirrors, url: str, credentials: GitCredentials | None = None, branch: str = "main") -> str:
    """Why a fetch fails."""
    with pytest.raises(FetchFailed) as failed:
        mirrors.fetch("n1", url, branch, credentials)
    assert SECRET.password not in str(failed.value)
    return failed.value.reason


# --- what a fetch brings ----------------------------------------------------------------------------------------------


def test_a_fetch_brings_what_is_new(mirrors: Mirrors, node: GitRepository) -> None:
    assert mirrors.fetched("n1") is None
    assert mirrors.fetch("n1", node.url) is None, "no commit yet"
    first = node.commit({"usage/usage_2026-11-20-19.jsonl": b"{}\n"})
    node.git("tag", "seen")
    assert mirrors.fetch("n1", node.url) == first
    second = node.commit({"usage/usage_2026-11-20-19.jsonl": b"{}\n{}\n"})
    assert mirrors.fetched("n1") == first, "asks nobody"
    assert mirrors.fetch("n1", node.url) == mirrors.fetched("n1") == second
    found = mirrors.open("n1")
    assert found.is_bare and isinstance(commit := found[second], pygit2.Commit)
    assert (commit.tree / "usage" / "usage_2026-11-20-19.jsonl").read_raw().endswith(b"{}\n{}\n")
    assert list(found.references) == ["refs/fetched/main"], "nothing but the branch"
    node.git("update-ref", "-d", "refs/heads/main")
    assert mirrors.fetch("n1", node.url) is None, "the branch is gone over there"
    assert mirrors.fetched("n1") == second


def test_a_poll_of_an_unchanged_repository_reads_no_history(mirrors: Mirrors, node: GitRepository) -> None:
    """Of all its objects there is the newest commit only, and that is enough."""
    node.commit({"node.json": b"{}"})
    head = node.commit({"usage/a.jsonl": b"1\n"})
    assert mirrors.fetch("n1", node.url) == head
    for each in (node.path / "objects").rglob("*"):
        if each.is_file() and f"{each.parent.name}{each.name}" != head:
            each.unlink()
    assert mirrors.fetch("n1", node.url) == head


def test_rewritten_history_replaces_the_branch_and_what_is_kept_stays(mirrors: Mirrors, node: GitRepository) -> None:
    node.commit({"node.json": b"{}"})
    old = node.commit({"usage/a.jsonl": b"1\n"})
    assert mirrors.fetch("n1", node.url) == old
    mirrors.keep(mirrors.open("n1"), "consumed", old)
    new = node.commit({"usage/a.jsonl": b"2\n"}, onto=None)
    assert mirrors.fetch("n1", node.url) == new
    found = mirrors.open("n1")
    assert not found.descendant_of(new, old)
    assert found.references["refs/kept/consumed"].target == found[old].id


def test_a_damaged_mirror_is_made_anew(mirrors: Mirrors, node: GitRepository) -> None:
    head = node.commit({"node.json": b"{}"})
    mirrors.fetch("n1", node.url)
    for pack in (mirrors.path("n1") / "objects/pack").iterdir():
        pack.unlink()
    assert mirrors.fetch("n1", node.url) == head
    assert isinstance(mirrors.open("n1")[head], pygit2.Commit)
    mirrors.discard("n1")
    assert mirrors.fetched("n1") is None
    assert mirrors.fetch("n1", node.url) == head


def test_what_a_killed_fetch_left_is_cleared(mirrors: Mirrors, node: GitRepository) -> None:
    node.commit({"node.json": b"{}"})
    mirrors.fetch("n1", node.url)
    half = mirrors.path("n1") / "objects/pack/pack_git2_0123"
    half.write_bytes(b"PACK")
    (mirrors.path("n1") / "refs/fetched/main.lock").touch()
    head = node.commit()
    assert mirrors.fetch("n1", node.url) == head
    assert not half.exists()


def test_a_fetch_goes_on_when_the_process_for_it_had_ended(mirrors: Mirrors, node: GitRepository) -> None:
    """Somebody killed it while it waited for work."""
    head = node.commit()
    mirrors.fetch("n1", node.url)
    for fetcher in mirrors.fetchers._idle:
        os.kill(fetcher._process.pid, signal.SIGKILL)  # and at once, before its end can be seen
    assert mirrors.fetch("n1", node.url) == head


def test_many_fetch_at_once(mirrors: Mirrors, tmp_path: Path) -> None:
    nodes = [GitRepository.new(tmp_path / f"n{number}.git") for number in range(3)]
    heads = [node.commit({"node.json": b"{}"}) for node in nodes]
    with ThreadPoolExecutor(8) as pool:
        fetched = pool.map(lambda number: mirrors.fetch(f"n{number % 3}", nodes[number % 3].url), range(12))
    assert list(fetched) == heads * 4


def test_packs_are_put_together(mirrors: Mirrors, node: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "MOST", 4)
    for number in range(6):
        head = node.commit({"usage/a.jsonl": b"".join(b"%d\n" % line for line in range(number + 1))})
        mirrors.fetch("n1", node.url)
    folder = mirrors.path("n1") / "objects/pack"
    assert len(list(folder.glob("*.pack"))) == 6
    packs.merge_packs(mirrors.path("n1"), 1 << 20)
    assert len(list(folder.glob("*.pack"))) <= 4 and len(list(folder.iterdir())) % 2 == 0
    mirror = GitRepository(mirrors.path("n1"))
    mirror.git("fsck", "--strict", "--full")
    assert mirror.git("show", f"{head}:usage/a.jsonl").split() == [*"012345"]


# --- who is not to be trusted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://x:y@forge.example/a.git", "ssh://forge.example/a.git", "/a.git", "ext::sh -c true", "-c", ""]
)
def test_an_address_holds_no_secret_and_no_command(mirrors: Mirrors, url: str) -> None:
    assert refused(mirrors, url) == "refused"


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a.lock", "main:refs/heads/x", "a b", "/a", "a/", "@{u}"])
def test_a_branch_is_no_refspec(mirrors: Mirrors, node: GitRepository, branch: str) -> None:
    assert refused(mirrors, node.url, branch=branch) == "refused"


@pytest.mark.parametrize("node_id", ["", "..", "a/b", ".git", "-x", "a" * 64])
def test_a_name_is_no_path(mirrors: Mirrors, node: GitRepository, node_id: str) -> None:
    with pytest.raises(ValueError, match="no id of a node"):
        mirrors.fetch(node_id, node.url)


def test_what_is_not_there_is_not_found(mirrors: Mirrors, tmp_path: Path) -> None:
    assert refused(mirrors, f"file://{tmp_path}/none.git") == "not_found"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert refused(mirrors, f"http://127.0.0.1:{nobody.getsockname()[1]}/a.git") == "unreachable"


def test_too_much_is_stopped_and_leaves_nothing(node: GitRepository, tmp_path: Path) -> None:
    noise = b"".join(sha256(b"%d" % number).digest() for number in range(20_000))  # cannot be made shorter
    node.commit({"usage/a.jsonl": noise})
    with limited(tmp_path, Limits(transfer_bytes=100_000)) as mirrors:
        with pytest.raises(FetchFailed, match=r"came at once.*; HERO_ONBOARDING_FETCH_MIB lets a fetch be larger"):
            mirrors.fetch("n1", node.url)
        assert refused(mirrors, node.url) == "too_large"
        assert mirrors.fetched("n1") is None
        left = sum(each.stat().st_size for each in mirrors.path("n1").rglob("*") if each.is_file())
        assert left < 300_000
    with limited(tmp_path / "b", Limits()) as mirrors:
        assert mirrors.fetch("n1", node.url)


def test_an_operator_lets_fetches_be_larger() -> None:
    """With the time and the memory that they take."""
    assert UsageSettings().fetch_limits == Limits()
    small, large = UsageSettings(fetch_mib=16).fetch_limits, UsageSettings(fetch_mib=4096).fetch_limits
    assert small == Limits(transfer_bytes=16 << 20)
    assert large == Limits(seconds=2400, transfer_bytes=4 << 30, memory_bytes=4 << 30)


class Host:
    """A server that is no forge: it answers what it is told, and remembers what it was asked."""

    def __init__(self, status: int, **headers: str) -> None:
        self.asked: list[tuple[str, str | None]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Host:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_credentials_follow_no_redirect(mirrors: Mirrors) -> None:
    """Nothing follows one to another host."""
    with Host(401, WWW_Authenticate='Basic realm="Gitea"') as elsewhere:
        for status in (301, 302, 307, 308):
            for origin in (elsewhere.url, elsewhere.url.replace("127.0.0.1", "localhost")):
                with Host(status, Location=f"{origin}/a.git/info/refs?service=git-upload-pack") as host:
                    assert refused(mirrors, f"{host.url}/a.git", SECRET) == "refused"
        assert [each[1] for each in elsewhere.asked] == [None] * 4


def test_credentials_go_where_they_are_asked_for_and_only_once(mirrors: Mirrors) -> None:
    with Host(401, WWW_Authenticate='Basic realm="Gitea"') as host:
        assert refused(mirrors, f"{host.url}/a.git") == "refused"
        assert [each[1] for each in host.asked] == [None]
        assert refused(mirrors, f"{host.url}/a.git", SECRET) == "refused"
        assert [each[1] is None for each in host.asked] == [True, True, False]
    with Host(403) as host:
        assert refused(mirrors, f"{host.url}/a.git", SECRET) == "refused"
    with Host(404) as host:
        assert refused(mirrors, f"{host.url}/a.git", SECRET) == "not_found"
        assert [each[1] for each in host.asked] == [None]
    with Host(500) as host:
        assert refused(mirrors, f"{host.url}/a.git", SECRET) == "unreachable"


class Dripping(NamedTuple):
    url: str
    reached: threading.Event
    """Somebody waits for its answer."""


@contextmanager
def dripping(seconds: float) -> Iterator[Dripping]:
    """A server that sends a byte of its answer every `seconds`."""
    over, reached = threading.Event(), threading.Event()

    def drip() -> None:
        client, _ = listener.accept()
        with client:
            reached.set()
            client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(seconds):
                try:
                    client.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield Dripping(f"http://127.0.0.1:{listener.getsockname()[1]}/a.git", reached)
        finally:
            over.set()
            if not reached.is_set():  # or it would wait for ever
                socket.create_connection(listener.getsockname()).close()
            thread.join()


def test_a_silent_server_is_left(node: GitRepository, tmp_path: Path) -> None:
    head = node.commit()
    with limited(tmp_path, Limits(seconds=PATIENCE, silence=0.3)) as mirrors:
        begun = monotonic()
        with dripping(PATIENCE) as server:
            assert refused(mirrors, server.url) == "too_slow"
        assert monotonic() - begun < PATIENCE, "it was not the time for all of it that was over"
        assert mirrors.fetch("n1", node.url) == head


def test_a_server_that_drips_is_left_when_the_time_is_over(
    node: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = node.commit()
    with limited(tmp_path, Limits(seconds=1.5, silence=30)) as mirrors:
        with dripping(0.05) as server:
            assert refused(mirrors, server.url) == "too_slow"
        monkeypatch.setattr(mirrors.fetchers, "limits", Limits())  # a process may take long to start
        assert mirrors.fetch("n1", node.url) == head, "another process does what comes next"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_fetch_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    """Killed in the middle of it, whatever the other side does."""
    script = (
        "import sys; from pathlib import Path; from handlers.usage.mirrors import Mirrors\n"
        "Mirrors.below(Path(sys.argv[1])).fetch('n1', sys.argv[2])"
    )
    with dripping(0.05) as server:
        with subprocess.Popen([sys.executable, "-c", script, tmp_path / "mirrors", server.url]) as asking:
            assert server.reached.wait(PATIENCE)
            fetching = int(Path(f"/proc/{asking.pid}/task/{asking.pid}/children").read_text())
            asking.kill()
        wait_for(lambda: not is_running(fetching), "the end of the process that fetched")


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
