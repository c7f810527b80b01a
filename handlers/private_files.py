"""What a process writes is for its own user only: secrets, the database, logs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_privately() -> int:
    """From now on this process makes folders 0700 and files 0600; the mask that held before."""
    return os.umask(OTHERS)


def make_private(directory: Path) -> None:
    """Make the directory, or take it and all in it away from others, where they can look into it.

    A directory that everybody writes to (`/tmp`) stays as it is.
    """
    directory.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    found = directory.stat()
    if not found.st_mode & OTHERS or found.st_mode & stat.S_ISVTX or found.st_uid != os.geteuid():
        return
    for folder, _, files in os.walk(directory):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)
