"""Hand pieces of jobs to the queue: from time to time all that are due, and one at once when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from time import monotonic

from codegen.runtime.storage.database import Database
from handlers.domain import Job, Site, SpreadJob
from handlers.work.queue import statements
from handlers.work.settings import WorkSettings

LOOKED_AT = 2.0
"""Seconds that it is believed whether workers live."""
BATCH = 1000


class Queue:
    """The queue in a database on PostgreSQL. `silence` are seconds after which a worker counts as dead."""

    def __init__(self, database: Database, silence: float) -> None:
        self._database, self._silence = database, silence
        self._living_sql = database.prepare(statements.LIVING_WORKERS)
        self._queued_sql = database.prepare(statements.QUEUED_LOCKS)
        self._looked, self._living = -LOOKED_AT, False

    @classmethod
    def of(cls, site: Site) -> Queue | None:
        """The queue of a site; None on SQLite, which serves one machine."""
        if site.database.dialect == "sqlite":
            return None
        return cls(site.database, site.settings_of(WorkSettings).worker_silence_seconds)

    def has_workers(self) -> bool:
        """Whether a worker lives, as of two seconds ago at most."""
        if monotonic() - self._looked >= LOOKED_AT:
            self._living = bool(self._database.execute(self._living_sql, (self._silence,)))
            self._looked = monotonic()
        return self._living

    def jobs(self, jobs: Iterable[Job]) -> tuple[Job, ...]:
        """The jobs as a process runs them that has this queue: those that can be spread are handed out."""
        return tuple(
            Job(job.name, job.seconds, partial(self.hand_out, job), apart=job.apart)
            if isinstance(job, SpreadJob)
            else job
            for job in jobs
        )

    def hand_out(self, job: SpreadJob) -> int:
        """Queue the pieces that are due and neither wait nor are worked on; where no worker lives, run the job here.

        How much was done here, so 0 for pieces that were queued. One process at a time calls it; were it two, a piece
        would wait twice, and be done twice, one after the other.
        """
        if not self.has_workers():
            return job.run()
        from handlers.work.queue.deferring import defer  # procrastinate takes half a second to load

        queued = {lock for (lock,) in self._database.execute(self._queued_sql, (job.name,))}
        due = [subject for subject in job.subjects() if lock_of(job, subject) not in queued]
        for first in range(0, len(due), BATCH):
            defer(self._database.url, job.name, {each: lock_of(job, each) for each in due[first : first + BATCH]})
        return 0

    def soon(self, job: SpreadJob, subject: str) -> None:
        """Queue one piece before those whose turn it is anyway, unless it waits there so already."""
        from handlers.work.queue.deferring import defer_soon

        defer_soon(self._database.url, job.name, subject, lock_of(job, subject))


def lock_of(job: SpreadJob, subject: str) -> str:
    """Of two pieces with the same lock one is worked on at a time, among all workers."""
    return f"{job.name} {subject}"
