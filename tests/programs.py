"""Programs that tests run as processes: their ports, their start, their end."""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.waiting import PATIENCE, wait_for

_RESERVED: deque[socket.socket] = deque(maxlen=200)
"""The sockets that keep the latest ports; more than the tests of one file use."""


def free_port(port: int = 0) -> int:
    """A port of 127.0.0.1, or this one, for a program that is about to listen there, now and after each restart.

    A socket that is bound to the port, and does not listen, keeps it: the system then gives it to nobody who lets it
    choose, but does give it to the program that asks for it by number, as servers do with `SO_REUSEADDR`. Systems
    other than Linux would refuse it to that program, too: there the port is free now, and not kept.

    Raises `OSError` where another has this port.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port == 0))
    reserved.bind(("127.0.0.1", port))
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found = int(reserved.getsockname()[1])
    if sys.platform == "linux":
        _RESERVED.append(reserved)
    else:
        reserved.close()
    return found


def answers(url: str) -> bool:
    """Whether a server answers there with 200; a try that gets no answer soon is followed by another."""
    try:
        return httpx.get(url, timeout=2, verify=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def program(
    command: Sequence[str | Path],
    *,
    ready: str,
    log: Path,
    environment: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that serves the URL `ready`, until the block ends or a test ends it; its output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)

    def started() -> bool:
        assert process.poll() is None, f"{command} ended with status {process.returncode}:\n{log.read_text()}"
        return answers(ready)

    try:
        wait_for(started, f"an answer of {ready}")
        yield process
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process as a supervisor does, and wait for it; one that does not end is killed, and that is a failure."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
