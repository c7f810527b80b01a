"""Which files a node's repository has: one per hour of writing, more where an hour has much."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

FOLDER = "usage"
FULL = 8 * 1024 * 1024
"""Bytes from which on a node goes on in a file of its own: `.1`, `.2`, …"""
LARGEST = 64 * 1024 * 1024
"""Bytes that a file may have at most."""
TOGETHER = 64 * 1024 * 1024
"""Bytes of files that a node changes in one commit, if it is not one file alone: one that was away for weeks makes
several. Nobody else's usage is posted while a commit is read."""
MOST_CHANGED = 512 * 1024 * 1024
"""Bytes of all files that a commit may change."""
_name = re.compile(r"usage_([0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2})(?:\.([1-9][0-9]{0,8}))?\.jsonl").fullmatch


class UsageFile(NamedTuple):
    """A file by its hour (UTC, when its lines were written, which may be later than what they tell) and its number
    within the hour. The order of these values is the order of writing."""

    hour: str
    part: int = 0

    @property
    def name(self) -> str:
        return f"usage_{self.hour}.{self.part}.jsonl" if self.part else f"usage_{self.hour}.jsonl"

    @property
    def next(self) -> UsageFile:
        """The one that follows within the hour."""
        return UsageFile(self.hour, self.part + 1)


def file_at(moment: datetime) -> UsageFile:
    """The first file of an hour."""
    return UsageFile(f"{moment.astimezone(UTC):%Y-%m-%d-%H}")


def read_name(name: str) -> UsageFile | None:
    """The file of this name; None for a name that no file of usage has."""
    found = _name(name)
    return UsageFile(found[1], int(found[2] or 0)) if found else None
