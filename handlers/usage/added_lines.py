"""The complete lines that a commit added, one at a time: memory does not grow with a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from handlers.usage.changes import Grown
from handlers.usage_format.line import LONGEST_LINE

_CHUNK = 1 << 18


class Line(NamedTuple):
    """Where a line stands (`number` from 1), and its bytes without the line feed."""

    path: str
    number: int
    data: bytes


def added_lines(grown: Grown) -> Iterator[Line]:
    """Lines from where the file goes on. A last line without its end waits for the commit that completes it. Of one
    that is longer than a line may be, only so much is read that this can be told."""
    content = memoryview(grown.blob)
    number, rest = grown.line, b""
    for at in range(grown.start, len(content), _CHUNK):
        lines = (rest + bytes(content[at : at + _CHUNK])).split(b"\n")
        rest = lines.pop()[: LONGEST_LINE + 1]
        for line in lines:
            yield Line(grown.path, number, line)
            number += 1
    if len(rest) > LONGEST_LINE:
        yield Line(grown.path, number, rest)
