"""A database that gives out: a process is killed, or a fault comes, before a statement of one's choice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from codegen.runtime.storage.database import Database

STEP = int(os.environ.get("CRASH_STEP", "5"))
"""Every so many statements one is tried, on each database and both with a kill and a fault; 1 tries each. It is odd
where what follows differs by turns."""


class HasDatabase(Protocol):
    """A house of a test."""

    @property
    def database(self) -> Database: ...


class Stopped(Exception):
    """A fault that nobody expects."""


class Fuse:
    """Blows before the `at`-th statement or commit of these databases."""

    def __init__(self, databases: Sequence[Database], at: int, blow: Callable[[], None]) -> None:
        self.left, self._blow = at, blow
        self._guards = [
            (owner, name)
            for database in databases
            for owner, name in (
                (database, "execute"),
                (database, "change"),
                (database, "execute_many"),
                (database.peewee, "commit"),
            )
        ]
        for owner, name in self._guards:
            setattr(owner, name, self._guarded(getattr(owner, name)))

    def remove(self) -> None:
        for owner, name in self._guards:
            delattr(owner, name)

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **given: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self._blow()
            return function(*args, **given)

        return guarded


def killed(house: HasDatabase, at: int, work: Callable[[], object], also: Sequence[Database] = ()) -> bool:
    """Do `work` in a process that is killed before its `at`-th statement, those of databases that are `also` used
    counted; False where it ended before."""
    child = os.fork()
    if child == 0:
        try:
            Fuse([house.database, *also], at, lambda: os.kill(os.getpid(), signal.SIGKILL))
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def stopped(house: HasDatabase, at: int, work: Callable[[], object], also: Sequence[Database] = ()) -> bool:
    """Do `work` with a fault instead of its `at`-th statement."""

    def blow() -> None:
        raise Stopped

    fuse = Fuse([house.database, *also], at, blow)
    try:
        with suppress(Stopped):
            work()
    finally:
        fuse.remove()
    return fuse.left <= 0
