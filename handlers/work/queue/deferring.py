"""Put tasks into procrastinate's queue, over a connection of their own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from procrastinate import SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import DEFAULT_QUEUE, Job
from procrastinate.manager import JobManager

from handlers.work.queue.tables import connected

SOON = 10
"""The priority of tasks that somebody asked for; a task of lower priority with the same lock waits for them."""
_MANAGER = JobManager(SyncPsycopgConnector())
"""Its connector is never opened: each call brings a connection."""


def defer(url: str, name: str, locks: Mapping[str, str]) -> None:
    """Queue a task for each subject, with its lock: all or none."""
    tasks = [_task(name, subject, lock) for subject, lock in locks.items()]
    with connected(url) as connection:
        _MANAGER.batch_defer_jobs(tasks, connection)


def defer_soon(url: str, name: str, subject: str, lock: str) -> None:
    """Queue a task before others; once, as long as it waits."""
    task = _task(name, subject, lock).evolve(priority=SOON, queueing_lock=f"{lock} soon")
    with connected(url) as connection, suppress(AlreadyEnqueued):
        _MANAGER.defer_job(task, connection)


def _task(name: str, subject: str, lock: str) -> Job:
    return Job(
        id=None,
        queue=DEFAULT_QUEUE,
        lock=lock,
        queueing_lock=None,
        task_name=name,
        task_kwargs={"subject": subject},
        priority=0,
    )
