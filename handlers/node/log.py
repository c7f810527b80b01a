"""The log of a node: usage is appended, and stands there for good when `append` returns.

Any number of threads and processes may append to one log. They write one after the other and wait for the disk
together. Each record gets the next number of the log's stream, without a gap.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from json import dumps
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from codegen.runtime.clock import Clock, SystemClock
from handlers.node.errors import KeyConflict, LogDamaged, NodeError, NotWritten, Refused
from handlers.node.folder import NodeFolder
from handlers.node.key_index import KeyIndex, Latest, Used, content
from handlers.node.tail import Tail, files
from handlers.node.usage import Logged, NewUsage
from handlers.usage_format.files import file_at
from handlers.usage_format.line import decode, encode
from handlers.usage_format.record import Finding, InvalidUsage, LoggedUsage

TOGETHER = 1000
"""Records that are written at once: at most 16 MiB, in one file."""
Rule = Callable[[LoggedUsage, Latest], None]
"""Whether a record may be written behind the latest time of its stream; raises `Refused`."""


class UsageLog:
    """The log in a folder that `hero-onboarding node init` made. Raises `NotANode` where it is none."""

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self.folder = NodeFolder.open(directory)
        self._clock = clock or SystemClock()
        self._own = f"{self.folder.node_id}/{self.folder.stream_id}/"
        self._keys = self.folder.path / "keys.db"
        self._lock = os.open(self.folder.log / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._tail = Tail(self.folder.log, self._lock)
        self._index: KeyIndex | None = None
        self._turn = Lock()
        with self._turn, self._alone(), suppress(OSError):  # how far the log is can be asked on a full disk, too
            self._bring_up_known_index()

    def append(self, usage: NewUsage, rule: Rule | None = None) -> Logged:
        """Write one record; it is durable when this returns. A `rule` judges one that has a key and is not there yet.

        Raises `InvalidUsage` for what no line can hold, `KeyConflict` where the key was used for other usage,
        `Refused` by the rule, `NotWritten` where the disk refuses (append it again), `LogDamaged`.
        """
        [result] = self._append_together([usage], rule)
        if isinstance(result, Exception):
            raise result
        return result

    def append_all(self, usages: Sequence[NewUsage]) -> list[Logged | NodeError | InvalidUsage]:
        """Write several: for each its place, or what keeps it from being written (the others are). Many are written in
        parts, so that no file grows too large; where the disk refuses a later part, that is told of each in it.

        Raises `NotWritten`, `LogDamaged`; then none is written.
        """
        results = self._append_together(usages[:TOGETHER])
        for at in range(TOGETHER, len(usages), TOGETHER):
            try:
                results += self._append_together(usages[at : at + TOGETHER])
            except (NotWritten, LogDamaged) as error:
                results += [error] * (len(usages) - at)
                break
        return results

    def _append_together(
        self, usages: Sequence[NewUsage], rule: Rule | None = None
    ) -> list[Logged | NodeError | InvalidUsage]:
        try:
            with self._turn, self._alone():
                results, start = self._write(usages, rule)
                file, end = self._tail.open, self._tail.place[1]
        except OSError as error:
            raise self._not_written(error) from error
        if file is not None:
            try:
                file.sync(end)  # others may write meanwhile, and wait for the disk together
            except OSError as error:
                with self._turn, self._alone():
                    if start is not None and self._tail.open is file and file.size == end:
                        self._tail.take_back(file, start)
                    self._tail.forget()
                    if self._index is not None:
                        self._index.forget()
                raise self._not_written(error) from error
        return results

    def void(self, key: str, occurred_at: datetime | None = None) -> Logged:
        """Take the record of a key back, by a record of its own; twice is once.

        Raises `NodeError` where there is none.
        """
        taken_back = self.find(key)
        if taken_back is None:
            raise NodeError(f"the log has no record of the key {key!r}")
        name = f"void/{sha256(key.encode()).hexdigest()}"
        user, kind = taken_back.user_sid, taken_back.resource_kind
        return self.append(NewUsage(user, kind, Decimal(0), occurred_at, name, taken_back.applies_to, void=key))

    def find(self, key: str) -> LoggedUsage | None:
        """The record of a key, looked for from the end of the log."""
        written = f'"idempotency_key":{dumps(key, ensure_ascii=False)},'.encode("utf-8", "replace")
        for file in sorted(files(self.folder.log), reverse=True):
            data = self.folder.log.joinpath(file.name).read_bytes()
            at = data.find(written)
            if at >= 0 and (end := data.find(b"\n", at)) >= 0:
                read = decode(data[data.rfind(b"\n", 0, at) + 1 : end])
                return None if isinstance(read, Finding) else read
        return None

    def state(self) -> LogState:
        """How far the log has come, durably."""
        with self._turn, self._alone():
            last, file = self._last, self._tail.open
            log = self.folder.log
            sizes = {each.name: log.joinpath(each.name).stat().st_size for each in sorted(files(log))}
        if file is not None:
            file.sync(file.size)
        return LogState(last.local_seq if last else 0, last.occurred_at if last else None, sizes)

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
        self._tail.forget()
        os.close(self._lock)

    def __enter__(self) -> UsageLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process writes, and what others wrote was seen."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._tail.refresh()
            yield
        except BaseException:
            self._tail.forget()
            raise
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @property
    def _last(self) -> LoggedUsage | None:
        """The last record of our stream; files that were taken over from a repository hold an older one's."""
        last = self._tail.last
        return last if last is not None and last.stream_id == self.folder.stream_id else None

    def _write(
        self, usages: Sequence[NewUsage], rule: Rule | None
    ) -> tuple[list[Logged | NodeError | InvalidUsage], int | None]:
        """What became of each, and where in the file what was written begins, if anything was."""
        if any(usage.key is not None for usage in usages):
            self._bring_up_index()
        else:
            self._bring_up_known_index()
        now = self._clock.now().replace(microsecond=0)
        lines: list[bytes] = []
        written: list[LoggedUsage] = []
        used: dict[str, Used] = {}
        last = self._last
        results: list[Logged | NodeError | InvalidUsage] = []
        for usage in usages:
            try:
                found, record = self._place(usage, last.local_seq + 1 if last else 1, now, used)
                if record is not None:
                    if rule is not None and self._index is not None:
                        rule(record, self._index.latest)
                    lines.append(encode(record))
                    written.append(record)
                    last = record
                    if usage.key is not None:
                        used[usage.key] = Used(record.stream_id, record.local_seq, content(record))
                results.append(found)
            except (InvalidUsage, KeyConflict, Refused) as error:
                results.append(error)
        if not lines or last is None:
            return results, None
        before = self._tail.place
        start = self._tail.append(b"\n".join([*lines, b""]), last, file_at(now))
        if self._index is not None:
            self._index.add(used, written, before, self._tail.place)
        return results, start

    def _not_written(self, error: OSError) -> NotWritten:
        return NotWritten(f"usage could not be written to {self.folder.log}: {error.strerror}")

    def _place(
        self, usage: NewUsage, local_seq: int, now: datetime, used: dict[str, Used]
    ) -> tuple[Logged, LoggedUsage | None]:
        """The place of a usage, and its record where it is to be written."""
        if usage.key is not None and usage.key.startswith(self._own):
            raise InvalidUsage(f"keys that begin with {self._own} are the log's own")
        record = LoggedUsage(
            self.folder.node_id,
            self.folder.stream_id,
            local_seq,
            usage.user_sid,
            usage.resource_kind,
            usage.quantity,
            f"{self._own}{local_seq}" if usage.key is None else usage.key,
            now if usage.occurred_at is None else usage.occurred_at,
            *usage[5:],
        )
        if usage.key is not None and (before := used.get(usage.key) or self._used_before(usage.key)):
            if before.content != content(record):
                raise KeyConflict(f"the key {usage.key!r} was used for other usage, as number {before.local_seq}")
            return Logged(before.stream_id, before.local_seq, usage.key, True), None
        return Logged(self.folder.stream_id, local_seq, record.idempotency_key, False), record

    def _bring_up_known_index(self) -> None:
        """Before anything is appended: keys of lines that the disk has lost are not used."""
        if self._index is None and self._keys.exists():
            self._bring_up_index()

    def _bring_up_index(self) -> None:
        index = self._index or KeyIndex(self.folder.log, self._keys, self._own)
        self._index = None
        try:
            index.catch_up(self._tail.place)
        except OSError:
            index.close()
            raise
        self._index = index

    def _used_before(self, key: str) -> Used | None:
        return None if self._index is None else self._index.find(key)


class LogState(NamedTuple):
    """The number and the time of the last record, and the bytes of each file, in the order of writing."""

    records: int
    last_at: datetime | None
    sizes: dict[str, int]
