"""A worker: takes tasks from procrastinate's queue, and those of workers that are not heard of any more.

A task that fails waits longer and longer until it is tried again. While the database is away the worker waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.worker import Worker as TaskWorker

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from handlers.domain import SpreadJob, TryLater
from handlers.work.alerts import alert, clear
from handlers.work.queue import statements
from handlers.work.queue.tables import parameters
from handlers.work.settings import WorkSettings

FIRST_WAIT, LONGEST_WAIT = 15, 900
"""Seconds until a task that failed is tried again: doubled each time, up to the longest."""
PAUSE = 2.0
"""Seconds between two tries to reach a database that is away."""
TIMEOUT = 5.0
"""Seconds that a statement waits for a connection."""
POLLING = 5.0
"""Seconds between two looks for tasks that a lock held back; others are announced."""
_LOOK = 0.2


class BackOff(BaseRetryStrategy):
    """A task that fails is tried again, without end; one that somebody asked for is not: its turn comes anyway."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.queueing_lock is not None:
            return None
        return RetryDecision(retry_in={"seconds": min(FIRST_WAIT << min(job.attempts, 10), LONGEST_WAIT)})


class Worker:
    """Does the pieces of these jobs, `worker_tasks` at once."""

    def __init__(
        self, database: Database, clock: Clock, log: Log, jobs: Iterable[SpreadJob], settings: WorkSettings
    ) -> None:
        self._database, self._clock, self._log = database, clock, log
        self._jobs, self._settings = tuple(jobs), settings
        _tell_warnings(log)

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set; what was begun is ended first."""
        while not stop.is_set():
            try:
                asyncio.run(self._work(stop, wait=True))
            except Exception as error:  # the database is away, or this worker was taken for dead
                self._log.line("worker", described(error), "error")
            if not stop.is_set():
                stop.wait(PAUSE)

    def run_once(self) -> None:
        """Do what waits, and end."""
        asyncio.run(self._work(threading.Event(), wait=False))

    # --- the queue --------------------------------------------------------------------------------------------

    async def _work(self, stop: threading.Event, wait: bool) -> None:
        tasks, silence = self._settings.worker_tasks, self._settings.worker_silence_seconds
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(tasks, "task"))
        app = self._app()
        async with app.open_async():
            worker = TaskWorker(
                app,
                concurrency=tasks,
                wait=wait,
                fetch_job_polling_interval=POLLING,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
                update_heartbeat_interval=silence / 3,
                stalled_worker_timeout=silence,
            )
            working = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
            rescuing = asyncio.create_task(self._rescue(app, worker))
            while not (await asyncio.wait({working}, timeout=_LOOK))[0]:
                if stop.is_set():
                    worker.stop()  # type: ignore[no-untyped-call]
            rescuing.cancel()
            with suppress(asyncio.CancelledError):
                await rescuing
            await working

    async def _rescue(self, app: App, worker: TaskWorker) -> None:
        """Queue the tasks of dead workers again, and stop `worker` when others took it for dead: it begins anew."""
        silence, manager = self._settings.worker_silence_seconds, app.job_manager
        while True:
            with suppress(ConnectorException):
                own = worker.worker_id
                if own is not None and not await app.connector.execute_query_all_async(statements.KNOWN_WORKER, id=own):
                    self._log.line("worker", {"message": "others took this worker for dead"}, "warning")
                    worker.stop()  # type: ignore[no-untyped-call]
                    return
                for job in await manager.get_stalled_jobs(seconds_since_heartbeat=silence):
                    try:
                        await manager.retry_job(job)
                    except UniqueViolation:  # somebody asked for it again meanwhile
                        await manager.finish_job(job, Status.FAILED, delete_job=True)
                    self._log.line("task of a dead worker", {"task": job.task_name, **job.task_kwargs}, "warning")
                await manager.prune_stalled_workers(silence)
            await asyncio.sleep(silence / 3)

    def _app(self) -> App:
        app = App(
            connector=PsycopgConnector(
                kwargs=dict(parameters(self._database.url)), min_size=1, max_size=4, timeout=TIMEOUT
            )
        )
        for job in self._jobs:
            self._offer(app, job)
        return app

    # --- a task -----------------------------------------------------------------------------------------------

    def _offer(self, app: App, job: SpreadJob) -> None:
        def work(context: JobContext, subject: str) -> None:
            self._do(job, subject, context.job)

        app.task(name=job.name, pass_context=True, retry=BackOff())(work)

    def _do(self, job: SpreadJob, subject: str, task: Job) -> None:
        name = f"{job.name} {subject}"
        try:
            job.run_one(subject)
        except TryLater:
            raise
        except Exception as error:
            told = {"job": job.name, "subject": subject, "attempt": task.attempts + 1}
            self._log.line("task failed", {**told, **described(error)}, "error")
            if task.queueing_lock is None:  # it is tried again, and clears the alert when it succeeds
                failure = f"{type(error).__name__}: {error}".partition("\n")[0][:1000]
                with suppress(Unavailable):
                    alert(self._database, self._clock, "job_failed", name, failure)
            raise
        if task.attempts:
            clear(self._database, self._clock, "job_failed", name)


class _Warnings(logging.Handler):
    """Writes what the queue's library warns of into our log; failures of tasks are told by us."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.line("queue", {"from": record.name, "message": record.getMessage()[:500]}, record.levelname.lower())


def _tell_warnings(log: Log) -> None:
    for name in ("procrastinate", "psycopg.pool"):
        logger = logging.getLogger(name)
        logger.handlers = [_Warnings(log)]
        logger.propagate = False
