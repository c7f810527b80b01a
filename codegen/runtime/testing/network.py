"""A thread without a network: what tries to use one fails as if the cable were cut, and is noted."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENTS = frozenset(
    {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
)
_thread = threading.local()
_installing = threading.Lock()
_installed: list[bool] = []


@contextmanager
def no_network() -> Iterator[list[str]]:
    """The calls that tried to use a network. Connections that are open already are not seen."""
    with _installing:
        if not _installed:  # an audit hook stays for good
            sys.addaudithook(_watch)
            _installed.append(True)
    tried: list[str] = []
    _thread.tried = tried
    try:
        yield tried
    finally:
        _thread.tried = None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event not in _EVENTS:
        return
    tried = getattr(_thread, "tried", None)
    if tried is None:
        return
    address = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
    if isinstance(address, str | bytes) and event in ("socket.connect", "socket.sendto"):
        return  # a socket of this machine's files
    tried.append(f"{event} {address!r}")
    raise ConnectionRefusedError(111, "there is no network")
