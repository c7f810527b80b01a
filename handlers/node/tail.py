"""The end of a log: the file that is appended to, shared by all processes that write to the log.

All of this runs under the log's lock. The lock file tells which file is appended to; its name is written there before
the file is made, so that no process goes on in an older one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handlers.node.errors import LogDamaged, NotWritten
from handlers.usage_format.files import FULL, UsageFile, read_name
from handlers.usage_format.line import LONGEST_LINE, decode
from handlers.usage_format.record import Finding, LoggedUsage

_BLOCK = 2 * (LONGEST_LINE + 1)
"""Bytes that have the last whole line in them, and what may be torn behind it."""
_NAME_BYTES = 64


class Tail:
    """`last` is the last record that stands in the log, None in an empty one."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder, self._lock = folder, lock
        self.file: UsageFile | None = None
        self.last: LoggedUsage | None = None
        self._fd = -1
        self._size = -1

    def refresh(self) -> None:
        """See what other processes wrote. A line that was cut off when its process or the machine ended is cut away:
        nobody was told that it is written. Raises `LogDamaged`."""
        name = self._told()
        if self._size < 0 or name is None:  # at the start, or after a fault: what the folder says is what holds
            name = max(files(self._folder), default=None)
            if name is not None:
                self._tell(name)
        if name is None:
            return
        if name != self.file or self._size < 0:
            self._open(name)
        elif os.fstat(self._fd).st_size == self._size:
            return
        self.last = self._cut() or self._last_before(name)

    def append(self, data: bytes, last: LoggedUsage, file: UsageFile) -> None:
        """Write whole lines, the last of which is that of `last`, durably into `file` or a later one.

        Raises `NotWritten`; then none of them is there, as far as the disk lets them be taken back.
        """
        try:
            self._turn(file)
            _write_all(self._fd, data)
            os.fsync(self._fd)
        except OSError as error:
            self._take_back()
            raise NotWritten(f"usage could not be written to {self._folder}: {error.strerror}") from error
        self._size += len(data)
        self.last = last

    @property
    def place(self) -> tuple[str, int]:
        """The name of the file that is appended to, and its bytes; of an empty log, no name."""
        return (self.file.name, self._size) if self.file is not None else ("", 0)

    def close(self) -> None:
        """Forget what is known of the log; `refresh` looks anew."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = self._size = -1

    def _told(self) -> UsageFile | None:
        return read_name(os.pread(self._lock, _NAME_BYTES, 0).decode("ascii", "replace").strip())

    def _tell(self, file: UsageFile) -> None:
        os.pwrite(self._lock, file.name.encode().ljust(_NAME_BYTES), 0)

    def _open(self, file: UsageFile) -> None:
        """Go to a file, which is made where it is missing."""
        self.close()
        path = self._folder.joinpath(file.name)
        new = not path.exists()
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.file, self._size = file, os.fstat(self._fd).st_size
        if new:
            sync_folder(self._folder)
        else:
            os.fsync(self._fd)  # a process that was killed may have written without waiting for the disk

    def _turn(self, file: UsageFile) -> None:
        """Go on to the file of a new hour, or to the next one where this one is full; never back."""
        if self.file is not None and file <= UsageFile(self.file.hour, 10**9):
            file = self.file.next if self._size >= FULL else self.file
        if file != self.file:
            if self._fd >= 0:
                os.fsync(self._fd)
            self._tell(file)
            self._open(file)

    def _take_back(self) -> None:
        """After a fault: what was written of it goes, and all is looked at anew before the next line."""
        if self._size >= 0:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            self.close()

    def _cut(self) -> LoggedUsage | None:
        """Cut away what is no whole line at the end of the file; the last record in it."""
        self._size = os.fstat(self._fd).st_size
        while self._size:
            start = max(0, self._size - _BLOCK)
            block = os.pread(self._fd, self._size - start, start)
            whole = block.rfind(b"\n") + 1
            if whole == len(block):
                line = block[block.rfind(b"\n", 0, whole - 1) + 1 : -1]
                if b"\0" not in line:
                    return _record(line, self._folder.joinpath(self.place[0]))
                whole -= len(line) + 1  # room that the file got before the machine stopped, and no content
            os.ftruncate(self._fd, start + whole)
            os.fsync(self._fd)
            self._size = start + whole
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


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _record(line: bytes, path: Path) -> LoggedUsage:
    read = decode(line)
    if isinstance(read, Finding):
        raise LogDamaged(f"the last line of {path} cannot be read ({read.detail}); nothing is written behind it")
    return read


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
