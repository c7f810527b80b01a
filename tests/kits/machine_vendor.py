"""A source of machines in memory, reached over a socket: what a provisioner that is tried here talks to."""

from __future__ import annotations

import itertools
import socket
import threading
from dataclasses import dataclass, field

_LISTENER = socket.create_server(("127.0.0.1", 0), backlog=128)
_CALLS = threading.Lock()


@dataclass
class Host:
    """`state`: up, down, gone. It comes up at the second look. `disk` is what its users left there."""

    ref: str
    mark: str
    user: str
    state: str = "coming"
    disk: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"5a0::{self.ref[1:]}"


class Full(Exception):
    """There is no free machine."""


class MachineVendor:
    """An account. Unknown names are a `KeyError`, a cut line is an `OSError`."""

    def __init__(self) -> None:
        self.free = 100
        self.hosts: dict[str, Host] = {}
        """By the mark that whoever made them gave: of each mark there is one."""
        self._numbers = itertools.count(1)

    def reach(self) -> None:
        with _CALLS, socket.create_connection(_LISTENER.getsockname()):
            _LISTENER.accept()[0].close()

    def rooms(self) -> int:
        self.reach()
        return self.free

    def make(self, mark: str, user: str) -> Host:
        """The machine of this mark, made now where there is none."""
        self.reach()
        with _CALLS:
            if mark in self.hosts:
                self.ready(self.hosts[mark])
            else:
                if self.free < 1:
                    raise Full
                self.free -= 1
                self.hosts[mark] = Host(f"h{next(self._numbers)}", mark, user)
            return self.hosts[mark]

    def host(self, mark: str) -> Host:
        self.reach()
        self.ready(self.hosts[mark])
        return self.hosts[mark]

    def ready(self, host: Host) -> None:
        """Whoever is looked at a second time is up."""
        if host.state == "coming":
            host.state = "up"

    def turn(self, mark: str, state: str) -> None:
        """What is gone stays gone; its disk is wiped, and it is free again."""
        self.reach()
        found = self.hosts[mark]
        if found.state == "gone":
            return
        found.state = state
        if state == "gone":
            found.disk.clear()
            self.free += 1
