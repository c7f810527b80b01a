"""Write files so that nobody ever sees half of one."""

import os
import re
from contextlib import suppress
from pathlib import Path

_SUFFIX = ".oschema-tmp"
_TEMPORARY = re.compile(rf"\.(\d+){re.escape(_SUFFIX)}")


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put a whole file in the place of an old one, in one step. Raises OSError, and leaves the old one then."""
    temporary = path.with_name(f".{os.getpid()}{_SUFFIX}")
    try:
        temporary.write_bytes(data)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sweep(directory: Path) -> None:
    """Remove what killed processes left of files that they were writing at or below `directory`."""
    for path in directory.rglob(f".*{_SUFFIX}"):
        match = _TEMPORARY.fullmatch(path.name)
        if match is not None and not _runs(int(match[1])):
            with suppress(OSError):
                path.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another user's
    return True
