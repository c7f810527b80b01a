"""What several stages ask of one program, and is made once for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import ref

from codegen.model.model import Program

T = TypeVar("T")


def made_once(make: Callable[[Program], T]) -> Callable[[Program], T]:
    """PERF: the answer for the program that was asked about last is kept. A program never changes."""
    last: tuple[ref[Program], T] | None = None

    @wraps(make)
    def kept(program: Program) -> T:
        nonlocal last
        if last is None or last[0]() is not program:
            last = ref(program), make(program)
        return last[1]

    return kept
