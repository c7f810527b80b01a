"""The one source of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """The one source of time; tests give their own."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        ...


class SystemClock:
    """The time of this machine; in a process that was told to `follow` a file, the time that stands there."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now if _followed is None else _followed.shown(now)


class ClockFileWrong(ValueError):
    """A file holds no time; the message says which, and what it should hold."""


class ClockFile:
    """A time in a file, like `2027-01-31T00:00:00Z`: it was that when the file was written, and goes on from there.

    Without the file it is the time of this machine. Whoever jumps writes the file anew; several processes that follow
    it jump together. Only jumps ahead are of use: what was written with a later time stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written, self._ahead = -1, timedelta(0)

    def shown(self, now: datetime) -> datetime:
        """What time it is, where the machine says `now`. Raises `ClockFileWrong`."""
        try:
            written = self._path.stat().st_mtime_ns
            if written != self._written and (text := self._path.read_text().strip()):
                self._ahead = self._time(text) - datetime.fromtimestamp(written / 10**9, UTC)
                self._written = written
        except FileNotFoundError:
            return now
        return now + self._ahead

    def _time(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise ClockFileWrong(f"{self._path} holds {text[:40]!r}, not a time like 2027-01-31T00:00:00Z")
        return found


_followed: ClockFile | None = None


def follow(path: Path | None) -> None:
    """From now on `SystemClock` of this process shows the time in a file; for None that of the machine.

    For tests: plugins and all else that takes the time itself jump, too. Raises `ClockFileWrong`.
    """
    global _followed
    file = None if path is None else ClockFile(path)
    if file is not None:
        file.shown(datetime.now(UTC))
    _followed = file
