"""Processes that end with the one that started them, however that ends: killed, or crashed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

PARENT = "END_WITH_PROCESS"
"""Environment variable: the number of the process that this one was started by, and ends with."""
_PR_SET_PDEATHSIG = 1
_LOOK = 0.5
"""Seconds between two looks for the parent, where the system does not tell of its end."""


def end_with(parent: int, by: signal.Signals = signal.SIGTERM) -> None:
    """End this process, by a signal, when its parent (the process of this number) is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(by))
        if os.getppid() != parent:  # it ended before it could be watched
            os.kill(os.getpid(), by)
    else:
        threading.Thread(target=_watch, args=(parent, by), daemon=True).start()


def _watch(parent: int, by: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os.kill(os.getpid(), by)


def told_to_end_with_us(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a program that calls `end_with_starter`."""
    return {**environment, PARENT: str(os.getpid())}


def end_with_starter() -> None:
    """End with the process that started this one, where that asked for it. What is started from here is not told."""
    if (parent := os.environ.pop(PARENT, None)) is not None:
        end_with(int(parent))
