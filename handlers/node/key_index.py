"""Which idempotency keys a log has had from its callers, and how far its times have come: found again in the log, kept
in SQLite to be quick.

Keys that the log makes itself are not kept here: they tell their place. What is kept can be made again from the log at
any time; it only ever lags behind the log, and is brought up to it before it is asked.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from handlers.node.errors import LogDamaged
from handlers.node.tail import files
from handlers.usage_format.files import read_name
from handlers.usage_format.line import decode, encode
from handlers.usage_format.record import Finding, LoggedUsage

_SOME_TIME = datetime.fromtimestamp(0, UTC)
_TABLES = """
CREATE TABLE IF NOT EXISTS used (
    key TEXT PRIMARY KEY, stream_id TEXT NOT NULL, local_seq INTEGER NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (
    one INTEGER PRIMARY KEY CHECK (one = 1), file TEXT NOT NULL, bytes INTEGER NOT NULL,
    latest_seq INTEGER NOT NULL, latest_at TEXT NOT NULL
);
INSERT INTO place VALUES (1, '', 0, 0, '') ON CONFLICT DO NOTHING;
"""
_FORM = 1
"""Kept as `user_version`; what is kept in another form is made again from the log."""
_OTHER_FORM = f"DROP TABLE IF EXISTS used; DROP TABLE IF EXISTS place; PRAGMA user_version = {_FORM};"
_AT, _SEQ = re.compile(rb'"occurred_at":"([^"]+)"'), re.compile(rb'"local_seq":([0-9]+)')


MOST_RECENT = 1000
"""Keys that are remembered before they are kept in the file, together."""
Place = tuple[str, int]
"""The end of a log: the name of its last file and the bytes of that."""


class Used(NamedTuple):
    """Where a key was used, and the digest of what for."""

    stream_id: str
    local_seq: int
    content: bytes


class Latest(NamedTuple):
    """The latest time of a stream as its lines write it, which sorts as it reads, and the first record that has it; 0
    and nothing where there is none."""

    local_seq: int
    at: str

    def or_later(self, local_seq: int, at: str) -> Latest:
        return Latest(local_seq, at) if at > self.at else self


_NONE = Latest(0, "")


class KeyIndex:
    """The keys of the log in `folder` that do not begin with `own`, which is `<node>/<stream>/`; `latest` is the latest
    time of that stream. To be used under the log's lock. Raises `OSError` where the disk takes nothing more."""

    def __init__(self, folder: Path, path: Path, own: str) -> None:
        self._folder, self._path = folder, path
        self._own = b'"idempotency_key":"' + own.encode()
        self._stream = b'"stream_id":"' + own.split("/")[1].encode() + b'"'
        self._keys = _opened(path)
        self._recent: dict[str, Used] = {}
        self._known: Place | None = None
        self.latest = _NONE

    def find(self, key: str) -> Used | None:
        """Where a key was used, as far as the index was brought (`catch_up`, `add`)."""
        if (recent := self._recent.get(key)) is not None:
            return recent
        with _disk_faults():
            row = self._keys.execute("SELECT stream_id, local_seq, content FROM used WHERE key = ?", (key,)).fetchone()
        return None if row is None else Used(*row)

    def catch_up(self, end: Place) -> None:
        """Read what the log has gained up to its end."""
        if end == self._known and len(self._recent) < MOST_RECENT:
            return
        with _disk_faults():
            try:
                self._catch_up(*end)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._renew()
                self._catch_up(*end)
        self._recent.clear()
        self._known = end

    def add(self, used: dict[str, Used], written: Iterable[LoggedUsage], before: Place, end: Place) -> None:
        """What was appended just now, from a place that the index was brought to: it needs not be read again."""
        if self._known == before:
            self._recent |= used
            self._known = end
            for record in written:
                self.latest = self.latest.or_later(record.local_seq, f"{record.occurred_at:%Y-%m-%dT%H:%M:%SZ}")

    def _catch_up(self, last: str, size: int) -> None:
        name, done, *latest = self._keys.execute("SELECT file, bytes, latest_seq, latest_at FROM place").fetchone()
        self.latest = Latest(*latest)
        if (name, done) == (last, size):
            return
        if name and _size(self._folder.joinpath(name)) < done:  # an older log was brought back from a copy
            self._renew()
            name, done, self.latest = "", 0, _NONE
        at = read_name(name)
        self._keys.execute("BEGIN IMMEDIATE")
        with self._keys:
            for file in sorted(each for each in files(self._folder) if at is None or each >= at):
                start = done if file == at else 0
                with self._folder.joinpath(file.name).open("rb") as opened:
                    opened.seek(start)
                    data = opened.read()
                self._keys.executemany(
                    "INSERT INTO used VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", self._foreign(data, file.name)
                )
                text = "UPDATE place SET file = ?, bytes = ?, latest_seq = ?, latest_at = ?"
                self._keys.execute(text, (file.name, start + len(data), *self.latest))

    def _renew(self) -> None:
        self._keys.close()
        _remove(self._path)
        self._keys = _opened(self._path)

    def forget(self) -> None:
        """What was appended just now may be gone again."""
        self._recent.clear()
        self._known = None

    def close(self) -> None:
        self._keys.close()

    def _foreign(self, data: bytes, name: str) -> Iterator[tuple[str, str, int, bytes]]:
        """Where keys were used that the log did not make itself; all lines of its stream count for `latest`."""
        for line in data.splitlines():
            own = self._own in line
            if own or self._stream in line:  # PERF: a line with a key of its own is not decoded
                at, seq = _AT.search(line), _SEQ.search(line)
                if at is not None and seq is not None:
                    self.latest = self.latest.or_later(int(seq[1]), at[1].decode())
            if not own:
                record = decode(line)
                if isinstance(record, Finding):
                    raise LogDamaged(f"a line of {self._folder.joinpath(name)} cannot be read: {record.detail}")
                yield record.idempotency_key, record.stream_id, record.local_seq, content(record)


def content(record: LoggedUsage) -> bytes:
    """A digest of what a record tells, save for its place and time: sent again later, it is still the same."""
    return sha256(encode(record._replace(stream_id="-", local_seq=1, occurred_at=_SOME_TIME))).digest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _opened(path: Path) -> sqlite3.Connection:
    with _disk_faults():
        try:
            return _tables(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _remove(path)  # all that is in it is in the log
            return _tables(path)


@contextmanager
def _disk_faults() -> Iterator[None]:
    """What SQLite says of a full or broken disk is told as `OSError`; a file that is no database is another fault."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, f"the index of keys cannot be kept: {error}") from error


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _tables(path: Path) -> sqlite3.Connection:
    opened = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA synchronous = NORMAL")
        if opened.execute("PRAGMA user_version").fetchone() != (_FORM,):
            opened.executescript(_OTHER_FORM)
        opened.executescript(_TABLES)
    except sqlite3.DatabaseError:
        opened.close()
        raise
    return opened
