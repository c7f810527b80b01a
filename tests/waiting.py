"""Waiting for what a test means, on a machine that may be busy with anything else."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds after which what is waited for counts as not happening. A last stop: no sound run comes near it."""


def wait_for(condition: Callable[[], T], what: str = "what is waited for") -> T:
    """The first true value of `condition`, asked again and again; `what` names it where it never comes."""
    until = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"{what} did not happen in {PATIENCE:.0f} seconds"
        time.sleep(0.02)
