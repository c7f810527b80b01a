"""Run several programs as one: each is started when those before it answer, all are stopped together, and none goes on
without the others."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from codegen.runtime.processes import told_to_end_with_us

STARTING = 60.0
"""Seconds until a program has to answer."""
STOPPING = 20.0
"""Seconds that it has to end; then it is ended."""

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class ChildFailed(Exception):
    """A program ended by itself, or never answered. The message says which, and the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """A child process. `ready` is a URL that answers once it serves, None where it serves nothing; its output goes to
    the file `log`."""

    name: str
    command: Sequence[str]
    ready: str | None
    log: Path


class _Stop(Exception):
    """A signal asked for the end."""


def supervise(programs: Sequence[Program], environment: Mapping[str, str], when_ready: Callable[[], None]) -> None:
    """Run all until SIGINT, SIGTERM or the end of the terminal; `when_ready` is called once all answer.

    Raises `ChildFailed`.
    """
    children: list[tuple[Program, subprocess.Popen[bytes]]] = []
    files: list[IO[bytes]] = []
    previous = {number: signal.signal(number, _stop) for number in ENDING}
    try:
        for program in programs:
            program.log.parent.mkdir(parents=True, exist_ok=True)
            files.append(program.log.open("ab"))
            children.append(
                (
                    program,
                    subprocess.Popen(
                        program.command,
                        env=told_to_end_with_us(environment),
                        stdin=subprocess.DEVNULL,
                        stdout=files[-1],
                        stderr=files[-1],
                        start_new_session=True,
                    ),
                )
            )  # Ctrl-C comes to us alone, and they are told once
            if program.ready is not None:  # what comes after it may ask it at once
                _await(program, program.ready, children[-1][1])
        when_ready()
        while True:
            for program, child in children:
                _require_running(program, child)
            time.sleep(0.2)
    except _Stop:
        return
    finally:
        for number in previous:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C does not leave children behind
        _end([child for _, child in children])
        for file in files:
            file.close()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _await(program: Program, url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        _require_running(program, child)
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise ChildFailed(_told(program, f"does not answer on {url}"))


def _require_running(program: Program, child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        raise ChildFailed(_told(program, f"ended with status {child.returncode}"))


def _told(program: Program, what: str) -> str:
    lines = program.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    return "\n".join([f"the {program.name} {what}; the end of {program.log}:", *(f"  {line}" for line in lines)])


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + STOPPING
    for child in children:
        try:
            child.wait(timeout=max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
