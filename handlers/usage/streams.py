"""How far the streams of a node were read: each goes on without gaps from 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import STREAM_CURSOR
from handlers.usage import statements

_NEVER = datetime.fromtimestamp(0, UTC)
"""Before every line: all of a stream that were read were set aside, and no other is judged by them."""


@dataclass(slots=True)
class Stream:
    """`skipped`: lines may be missing behind `last`, for an operator skipped some. `sid` is None for a new one."""

    sid: str | None
    last: int
    latest: datetime | None
    skipped: bool

    def accept(self, seq: int, at: datetime, *, counts: bool) -> None:
        """Move on to this number. A time that does not count was set aside: others are not judged by it."""
        self.last, self.skipped = seq, False
        if counts:
            self.latest = at if self.latest is None else max(self.latest, at)


class Streams:
    """The streams of a node, read when they are met, and written at once; inside one transaction.

    `skipped`: an operator ever skipped something of the node, so a stream that is met first may begin with any number.
    """

    def __init__(self, database: Database, node_id: str, skipped: bool) -> None:
        self._database, self._node_id, self._skipped = database, node_id, skipped
        self._store = Store.of(STREAM_CURSOR, database)
        self._met: dict[str, Stream] = {}

    def __len__(self) -> int:
        return len(self._met)

    def spill(self, now: datetime) -> None:
        """Keep what was met, and forget it; no `Stream` that was given out may be used any more."""
        self.write(now)
        self._met.clear()

    def get(self, stream_id: str) -> Stream:
        """The stream with this id."""
        found = self._met.get(stream_id)
        if found is None:
            known = self._store.one({"node_id": self._node_id, "stream_id": stream_id})
            if known is None:
                found = Stream(None, 0, None, self._skipped)
            else:
                found = Stream(known.sid, known.last_seq, known.last_occurred_at, known.skipped)
            self._met[stream_id] = found
        return found

    def lines_were_skipped(self) -> None:
        """Nobody knows which numbers the skipped lines had: every stream may go on with any later one."""
        self._database.change(self._database.prepare(statements.STREAMS_WERE_SKIPPED), (self._node_id,))
        self._skipped = True
        for stream in self._met.values():
            stream.skipped = True

    def write(self, now: datetime) -> None:
        """Keep what was met."""
        for stream_id, stream in self._met.items():
            latest = stream.latest if stream.latest is not None else _NEVER
            if stream.sid is not None:
                self._store.patch(
                    stream.sid, {"last_seq": stream.last, "last_occurred_at": latest, "skipped": stream.skipped}
                )
            elif stream.last:
                self._store.new(
                    {
                        "node_id": self._node_id,
                        "stream_id": stream_id,
                        "last_seq": stream.last,
                        "last_occurred_at": latest,
                        "skipped": stream.skipped,
                    },
                    now,
                )
