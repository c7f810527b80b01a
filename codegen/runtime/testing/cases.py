"""One test of a kit: left out where the plugin's author says why, and ended when it takes too long."""

from __future__ import annotations

import functools
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest

T = TypeVar("T")
P = ParamSpec("P")
SHOWN = 4
"""Frames of a call that hangs."""


def case(test: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
    """Mark a test of a kit. It is skipped for the reason that `skip` gives, and fails after `patience` seconds."""
    name = test.__name__.removeprefix("test_")

    @functools.wraps(test)
    def run(kit: Any, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if reason := kit.skip.get(name, "").strip():
            pytest.skip(reason)
        within(kit.patience, test.__name__, lambda: test(kit, *args, **kwargs))

    run.__dict__["case"] = name
    return run


def cases(kit: type[Any]) -> list[str]:
    """The names of all tests of a kit, without `test_`."""
    return sorted(name for each in dir(kit) if (name := getattr(getattr(kit, each), "case", None)) is not None)


def within(seconds: float, name: str, act: Callable[[], T]) -> T:
    """Do it; fail where it is not done after so many seconds, and say where it is.

    It runs in a thread of its own, which is left alone when it hangs: nothing can end a thread.
    """
    answered: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            answered.append(act())
        except BaseException as error:  # pytest's own outcomes, too, are raised where the test stands
            raised.append(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        pytest.fail(f"{name} did not come back within {seconds:g} s; it is in\n{_place(thread)}", pytrace=False)
    if raised:
        raise raised[0]
    return answered[0]


def _place(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return "".join(traceback.format_list(traceback.extract_stack(frame)[-SHOWN:])) if frame is not None else ""
