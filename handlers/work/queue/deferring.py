"""Put tasks into procrastinate's queue, over a connection of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from procrastinate import SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DEFAULT_QUEUE, Job
from procrastinate.manager import JobManager

from handlers.work.queue.tables import connected

SOON = 10
"""The priority of tasks that somebody asked for; a task of lower priority with the same lock waits for them."""
_MANAGER = JobManager(SyncPsycopgConnector())
"""Its connector is never opened: each call brings a connection."""


def defer(url: str, name: str, locks: Mapping[str, str]) -> None:
    """Queue a task for each subject, with its lock: all or none. Raises `Unavailable`."""
    tasks = [_task(name, subject, lock) for subject, lock in locks.items()]
    with _queue(url) as connection:
        _MANAGER.batch_defer_jobs(tasks, connection)


def defer_soon(url: str, name: str, subject: str, lock: str) -> None:
    """Queue a task before others; once, as long as it waits. Raises `Unavailable`."""
    task = _task(name, subject, lock).evolve(priority=SOON, queueing_lock=f"{lock} soon")
    with _queue(url) as connection, suppress(AlreadyEnqueued):
        _MANAGER.defer_job(task, connection)


@contextmanager
def _queue(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the queue; what procrastinate makes of the database's errors is undone."""
    with connected(url) as connection:
        try:
            yield connection
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                raise error.__cause__ from None
            raise


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
