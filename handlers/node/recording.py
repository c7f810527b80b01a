"""Record usage from a stream of lines: whatever has come by now is written together, so that few waits are needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from handlers.node.errors import NodeError
from handlers.node.given import Void, read_given
from handlers.node.log import UsageLog
from handlers.node.usage import Logged, NewUsage
from handlers.usage_format.record import InvalidUsage

_CHUNK = 256 * 1024


def record(log: UsageLog, source: int) -> Iterator[Mapping[str, object]]:
    """Append each line that comes from the file descriptor, until its end, and tell where it stands, or what is wrong
    with it (`error`). Raises `NotWritten`, `LogDamaged`; what was told is written."""
    for lines in _lines(source):
        yield from _together(log, lines)


def _together(log: UsageLog, lines: list[bytes]) -> Iterator[Mapping[str, object]]:
    waiting: list[NewUsage] = []
    for line in lines:
        try:
            given = read_given(line)
        except InvalidUsage as error:
            yield from _append(log, waiting)
            yield {"error": str(error)}
            continue
        if isinstance(given, Void):
            yield from _append(log, waiting)
            yield _void(log, given)
        else:
            waiting.append(given)
    yield from _append(log, waiting)


def _append(log: UsageLog, waiting: list[NewUsage]) -> Iterator[Mapping[str, object]]:
    """Write what waits, in the order in which it came, so that the answers are in that order, too."""
    if waiting:
        results = log.append_all(waiting)
        waiting.clear()
        yield from map(_told, results)


def _void(log: UsageLog, key: str) -> Mapping[str, object]:
    try:
        return _told(log.void(key))
    except (InvalidUsage, NodeError) as error:
        return _told(error)


def _told(result: Logged | Exception) -> Mapping[str, object]:
    if isinstance(result, Exception):
        return {"error": str(result)}
    stream_id, local_seq, key, duplicate = result
    return {"stream_id": stream_id, "local_seq": local_seq, "idempotency_key": key, "duplicate": duplicate}


def _lines(source: int) -> Iterator[list[bytes]]:
    """The whole lines of each read; the last one may lack its line feed."""
    rest = b""
    while chunk := os.read(source, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield [line for line in lines if line.strip()]
    if rest.strip():
        yield [rest]
