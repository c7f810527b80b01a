"""The life of a server's processes: one that dies is replaced, all end together."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from codegen.runtime.http.app import App
from tests.server import rpc_example
from tests.server.served import Served, call, everything, message
from tests.waiting import PATIENCE, wait_for


def children(parent: int) -> set[int]:
    """The processes that `parent` has started and that live."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, above = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has just ended
            continue
        if int(above) == parent and state != "Z":
            found.add(int(path.parent.name))
    return found


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def create_when_told() -> App:
    """The example program, which takes its time to load."""
    folder = Path(os.environ["EXAMPLE_DIR"])
    (folder / "loading").touch()
    wait_for((folder / "go").exists)
    return rpc_example.create()


def test_clients_are_refused_until_the_first_worker_serves(tmp_path: Path) -> None:
    """A connection that is taken would wait for an answer as long as the program takes to load."""
    server = Served(tmp_path, "test_workers:create_when_told", workers=2, ready=False)
    try:
        wait_for((tmp_path / "loading").exists)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        (tmp_path / "go").touch()
        wait_for((tmp_path / "ready").exists)
        assert httpx.get(f"{server.url}/readyz", timeout=PATIENCE).status_code == 200
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path, workers=2)
    yield served
    if served.process.poll() is None:
        served.stop()


def test_a_worker_that_dies_is_replaced(server: Served) -> None:
    first = children(server.process.pid)
    assert len(first) == 2
    for _ in range(20):
        assert server.post("foobar") == "bar"
    os.kill(min(first), signal.SIGKILL)
    assert server.post("foobar") == "bar", "the other one serves"
    wait_for(lambda: len(children(server.process.pid)) == 2)
    assert len(first & children(server.process.pid)) == 1
    assert '"event":"worker ended"' in server.log.read_text()
    assert server.post("foobar") == "bar"
    for _ in range(4):  # whichever tells them
        counts = httpx.get(f"{server.url}/metrics", timeout=PATIENCE).text
        assert 'rpc_call_seconds_count{method="foobar"} 22.0' in counts, "those of the killed one too"


def test_ctrl_c_ends_all(server: Served) -> None:
    workers = children(server.process.pid)
    for process in (server.process.pid, *workers):  # as a terminal does
        os.kill(process, signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0
    assert not any(map(alive, workers))
    assert "Traceback" not in server.log.read_text()


def test_stopping_waits_for_calls_and_not_for_clients(server: Served) -> None:
    with (
        server.held(20),
        server.held(20, b"GET / HT"),
        server.held(20, message(b"", "Content-Length: 9", length=False)),
        server.connect(message(call("slow"))) as called,
    ):
        wait_for(lambda: (server.folder / "slow").exists())
        server.process.send_signal(signal.SIGTERM)
        found = everything(called)
        assert b'"result":"done"' in found
        assert b"Connection: close" in found
        assert server.process.wait(PATIENCE) == 0


def test_a_worker_that_cannot_begin_is_said(tmp_path: Path) -> None:
    served = Served(tmp_path, target="rpc_example:missing", ready=False)
    assert served.process.wait(PATIENCE) == 1
    said = served.log.read_text()
    assert "has no attribute 'missing'" in said
    assert said.endswith("a worker could not begin to serve; the lines above say why\n")


def test_what_a_program_lacks_is_said_without_a_traceback(tmp_path: Path) -> None:
    served = Served(tmp_path, target="rpc_example:unfit", ready=False)
    assert served.process.wait(PATIENCE) == 1
    lacking, ending = served.log.read_text().splitlines()
    assert lacking == "error: shop.oschema:3: ShopService.buy has no handler"
    assert ending == "a worker could not begin to serve; the lines above say why"
