"""The end of a log: the file that is appended to, shared by all processes that write to the log.

All of this runs under the log's lock. The lock file tells which file is appended to; its name is written there before
the file is made, so that no process goes on in an older one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handlers.node.errors import LogDamaged
from handlers.node.log_file import LogFile
from handlers.usage_format.files import FULL, UsageFile, read_name
from handlers.usage_format.line import LONGEST_LINE, decode
from handlers.usage_format.record import Finding, LoggedUsage

_BLOCK = 2 * (LONGEST_LINE + 1)
"""Bytes that have the last whole line in them, and what may be torn behind it."""
_NAME_BYTES = 64


class Tail:
    """`last` is the last record that stands in the log, None in an empty one; `open` the file that is appended to, None
    as long as it is not known."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder, self._lock = folder, lock
        self.last: LoggedUsage | None = None
        self.open: LogFile | None = None
        self._name: UsageFile | None = None

    def refresh(self) -> None:
        """See what other processes wrote. A line that was cut off when its process or the machine ended is cut away:
        nobody was told that it is written. Raises `LogDamaged`."""
        name = self._told()
        if self.open is None or name is None:  # at the start, or after a fault: what the folder says is what holds
            name = max(files(self._folder), default=None)
            if name is None:
                self.last = None
                return
            self._tell(name)
        if self.open is None or name != self._name:
            opened = self._go_to(name)
            opened.sync(max(opened.size, 1))  # a process that was killed may not have waited for the disk
        elif not self.open.grown:
            return
        self.last = self._cut() or self._last_before(name)

    def append(self, data: bytes, last: LoggedUsage, file: UsageFile) -> int:
        """Write whole lines, the last of which is that of `last`, into `file` or a later one, `open` from then on; the
        bytes before them. They are durable when it is synced. Raises `OSError`; then none of them is there."""
        opened = self._turn(file)
        before = opened.size
        try:
            opened.append(data)
        except OSError:
            self.take_back(opened, before)
            raise
        self.last = last
        return before

    def take_back(self, file: LogFile, size: int) -> None:
        """After a fault: let a file end there, if the disk lets it; all is looked at anew before the next line."""
        with suppress(OSError):
            file.cut(size)
        self.forget()

    def forget(self) -> None:
        """`refresh` looks at all anew."""
        self.open = None

    @property
    def place(self) -> tuple[str, int]:
        """The name of the file that is appended to, and its bytes; of an empty log, no name."""
        return (self._name.name, self.open.size) if self.open is not None and self._name is not None else ("", 0)

    def _told(self) -> UsageFile | None:
        return read_name(os.pread(self._lock, _NAME_BYTES, 0).decode("ascii", "replace").strip())

    def _tell(self, file: UsageFile) -> None:
        os.pwrite(self._lock, file.name.encode().ljust(_NAME_BYTES), 0)

    def _go_to(self, file: UsageFile) -> LogFile:
        self.open, self._name = LogFile(self._folder.joinpath(file.name)), file
        return self.open

    def _turn(self, file: UsageFile) -> LogFile:
        """The file to append to: that of a new hour, or the next one where this one is full; never an older one."""
        if self.open is not None and self._name is not None:
            if file <= UsageFile(self._name.hour, 10**9):
                file = self._name.next if self.open.size >= FULL else self._name
            if file == self._name:
                return self.open
            self.open.sync(self.open.size)
        self._tell(file)
        return self._go_to(file)

    def _cut(self) -> LoggedUsage | None:
        """Cut away what is no whole line at the end of the file; the last record in it."""
        assert self.open is not None
        while block := self.open.read_end(_BLOCK):
            whole = block.rfind(b"\n") + 1
            if whole == len(block):
                line = block[block.rfind(b"\n", 0, whole - 1) + 1 : -1]
                if b"\0" not in line:
                    return _record(line, self._folder.joinpath(self.place[0]))
                whole -= len(line) + 1  # room that the file got before the machine stopped, and no content
            self.open.cut(self.open.size - len(block) + whole)
        return None

    def _last_before(self, file: UsageFile) -> LoggedUsage | None:
        """The last record of the files before this one, which has none yet."""
        for each in sorted(files(self._folder), reverse=True):
            path = self._folder.joinpath(each.name)
            if each < file and (size := path.stat().st_size):
                with path.open("rb") as opened:
                    opened.seek(max(0, size - _BLOCK))
                    return _record(opened.read().splitlines()[-1], path)
        return None


def files(folder: Path) -> Iterator[UsageFile]:
    """The files of a log, in no order."""
    for path in folder.iterdir():
        file = read_name(path.name)
        if file is not None:
            yield file


def _record(line: bytes, path: Path) -> LoggedUsage:
    read = decode(line)
    if isinstance(read, Finding):
        raise LogDamaged(f"the last line of {path} cannot be read ({read.detail}); nothing is written behind it")
    return read
