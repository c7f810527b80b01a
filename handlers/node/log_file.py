"""One file of a log, open for appending, and how much of it the disk has for sure."""

from __future__ import annotations

import os
from pathlib import Path


class LogFile:
    """Shared by the threads that wait for the disk; closed when the last of them has let it go. `size` are the bytes
    that are known to be written."""

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.size, self._synced = os.fstat(self._fd).st_size, 0
        if new:
            sync_folder(path.parent)

    def __del__(self) -> None:
        if hasattr(self, "_fd"):
            os.close(self._fd)

    @property
    def grown(self) -> bool:
        """Whether somebody else wrote to it, or cut it."""
        return os.fstat(self._fd).st_size != self.size

    def append(self, data: bytes) -> None:
        """Write at the end; where that fails nothing of it stays. Raises `OSError`."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]
        self.size += len(data)

    def read_end(self, most: int) -> bytes:
        """The last bytes, at most so many, of what is there now."""
        self.size = os.fstat(self._fd).st_size
        start = max(0, self.size - most)
        return os.pread(self._fd, self.size - start, start)

    def cut(self, size: int) -> None:
        """Let it end there, durably."""
        os.ftruncate(self._fd, size)
        os.fsync(self._fd)
        self.size = size

    def sync(self, end: int) -> None:
        """Wait until the disk has the first `end` bytes. Threads may wait at once: what one has waited for is there for
        all."""
        if self._synced < end:
            reached = self.size
            os.fsync(self._fd)
            self._synced = max(self._synced, reached)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
