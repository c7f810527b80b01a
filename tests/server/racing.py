"""Acts that begin at the same moment, in threads of this process or in processes of their own, and how each ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

DONE = "done"
ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))
"""How often each race is run, on each database and both in threads and in processes."""

Act = Callable[[], object]


class Race(Protocol):
    def __call__(self, close: Act, acts: Sequence[Act]) -> list[str]:
        """Of each act, in their order: `done`, or the name of the error that it met. `close` closes the connections of
        a thread."""
        ...


def _outcome(act: Act) -> str:
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return DONE


def in_threads(close: Act, acts: Sequence[Act]) -> list[str]:
    outcomes = [""] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int) -> None:
        gate.wait()
        outcomes[place] = _outcome(acts[place])
        close()

    running = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return outcomes


def in_processes(close: Act, acts: Sequence[Act]) -> list[str]:
    close()  # each process opens a connection of its own
    waiting, start = os.pipe()
    children = [_forked(act, waiting, start) for act in acts]
    os.close(waiting)
    os.close(start)  # all of them read the end, at once
    outcomes = []
    for pid, pipe in children:
        with os.fdopen(pipe) as answer:
            outcomes.append(answer.read())
        os.waitpid(pid, 0)
    return outcomes


def _forked(act: Act, waiting: int, start: int) -> tuple[int, int]:
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(start)
            os.read(waiting, 1)
            os.write(tell, _outcome(act).encode())
        finally:
            os._exit(0)
    os.close(tell)
    return pid, told
