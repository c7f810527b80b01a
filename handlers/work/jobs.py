"""Work that nobody waits for: a loop that runs each job at its interval, in one process at a time."""

from __future__ import annotations

import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from multiprocessing.util import Finalize
from time import monotonic

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import JOB_RUN
from handlers.domain import Job
from handlers.work.alerts import alert, clear
from handlers.work.apart import Apart
from handlers.work.leases import Leases

LEASE = "jobs"
LENGTH = timedelta(seconds=20)
"""After this long another process takes over from one that was killed."""
PAUSE = 0.5
"""Seconds between two looks at the clock."""
HANGS = timedelta(minutes=10)
"""After this long a job that runs apart is said to hang."""
AGAIN = 60.0
"""Seconds after which a job that failed is run again, if it is not due sooner; twice as many after each failure."""
ASIDE = 2.0
"""Seconds between two looks whether the others still do it."""


class Runner:
    """Runs jobs; those that did something, or failed, are written down. While `aside` it leaves them to others."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        log: Log,
        jobs: Iterable[Job],
        aside: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._clock, self._log = database, clock, log
        self._jobs, self._aside = tuple(jobs), aside
        self._runs = Store.of(JOB_RUN, database)
        self._due = dict.fromkeys((job.name for job in self._jobs), 0.0)
        self._failures = Counter[str]()
        """How often a job has failed since it succeeded."""
        self._apart = {
            job.name: Apart(job.name, partial(self._run_apart, job), database.close) for job in self._jobs if job.apart
        }
        self._hanging: set[str] = set()
        self._leasing = threading.Lock()
        """Held while the lease is taken or released: once it was released for the end, it is not taken again."""

    def run_once(self) -> list[str]:
        """Run every job, wait for none; the names of those that failed."""
        return [job.name for job in self._jobs if not self._run(job)]

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        leases = Leases(self._database, self._clock, f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}")
        released = Finalize(None, self._release, args=(leases, stop), exitpriority=1)
        while not stop.is_set():
            try:
                if self._aside():
                    leases.release(LEASE)
                    stop.wait(ASIDE)
                elif self._take(leases, stop):
                    self._run_due(leases, stop)
            except Exception as error:  # the database may be away for a while
                self._log.line("jobs", described(error), "error")
                stop.wait(5)
            stop.wait(PAUSE)
        for apart in self._apart.values():
            apart.end()
        released()

    def _take(self, leases: Leases, stop: threading.Event) -> bool:
        """Take or prolong the lease, unless the end was asked for."""
        with self._leasing:
            return not stop.is_set() and leases.take(LEASE, LENGTH)

    def _release(self, leases: Leases, stop: threading.Event) -> None:
        """Let another process go on at once. The loop may still be in a job of this process, which is about to end."""
        stop.set()
        with self._leasing, suppress(Exception):  # the lease ends by itself
            leases.release(LEASE)

    def _run_due(self, leases: Leases, stop: threading.Event) -> None:
        for job in self._jobs:
            if self._due[job.name] <= monotonic() and self._take(leases, stop):
                self._due[job.name] = monotonic() + job.seconds
                if job.apart:
                    self._offer(job.name)
                else:
                    self._run(job)

    def _offer(self, name: str) -> None:
        """Have a job run in its own thread; an operator looks at one that does not come back."""
        apart = self._apart[name]
        hangs = apart.busy_for > HANGS.total_seconds()
        if hangs and name not in self._hanging:
            alert(self._database, self._clock, "job_failed", name, f"it has not come back for {HANGS}")
            self._hanging.add(name)
        elif not hangs and name in self._hanging:
            clear(self._database, self._clock, "job_failed", name)
            self._hanging.remove(name)
        apart.offer()

    def _run_apart(self, job: Job) -> None:
        try:
            self._run(job)
        except Exception as error:  # the database may be away for a while
            self._log.line("jobs", {"job": job.name, **described(error)}, "error")

    def _plan_again(self, name: str, *, failed: bool) -> None:
        """One that is seldom due, and failed as something was away for a moment, does not wait so long."""
        if not failed:
            self._failures.pop(name, None)
            return
        wait = AGAIN * 2 ** min(self._failures[name], 20)
        self._failures[name] += 1
        self._due[name] = min(self._due[name], monotonic() + wait)

    def _run(self, job: Job) -> bool:
        started = self._clock.now().replace(microsecond=0)
        failure = None
        done = 0
        try:
            done = job.run()
        except Exception as error:  # one job that fails does not stop the others
            self._log.line("job failed", {"job": job.name, **described(error)}, "error")
            failure = f"{type(error).__name__}: {error}".partition("\n")[0][:1000]
        self._plan_again(job.name, failed=failure is not None)
        if failure is None:
            clear(self._database, self._clock, "job_failed", job.name)
        if failure is None and not done:
            return True
        finished = self._clock.now().replace(microsecond=0)
        self._runs.new(
            {
                "job": job.name,
                "started_at": started,
                "finished_at": finished,
                "succeeded": failure is None,
                "report": {"done": done},
                "failure": failure,
            },
            finished,
        )
        if failure is not None:
            alert(self._database, self._clock, "job_failed", job.name, failure)
        return failure is None


def start(runner: Runner) -> None:
    """Run the jobs in a thread of this process, as long as it lives."""
    threading.Thread(target=runner.run, args=(threading.Event(),), name="jobs", daemon=True).start()
