"""Do one piece of a job now, without waiting for its turn: by a worker where one lives, else in this process."""

from __future__ import annotations

import threading

from codegen.runtime.http.log import Log, described
from handlers.domain import SpreadJob, TryLater
from handlers.work.queue import Queue


class Soon:
    """Asks for pieces of one job. Whoever asks does not wait; asked again before it was begun, a piece is done once.

    What is asked for may get lost with the process: the job comes to it anyway when its turn is.
    """

    def __init__(self, job: SpreadJob, log: Log, queue: Queue | None) -> None:
        self._job, self._log, self._queue = job, log, queue
        self._wanted: dict[str, None] = {}
        self._lock = threading.Lock()
        self._running = False

    def __call__(self, subject: str) -> None:
        """Have this piece done. Raises `Unavailable` where the database is away."""
        if self._queue is not None and self._queue.has_workers():
            self._queue.soon(self._job, subject)
            return
        with self._lock:
            self._wanted[subject] = None
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name=self._job.name, daemon=True).start()

    def _run(self) -> None:
        while (subject := self._next()) is not None:
            try:
                self._job.run_one(subject)
            except TryLater:
                continue
            except Exception as error:
                told = {"job": self._job.name, "subject": subject, **described(error)}
                self._log.line("task failed", told, "error")

    def _next(self) -> str | None:
        with self._lock:
            subject = next(iter(self._wanted), None)
            if subject is None:
                self._running = False
            else:
                del self._wanted[subject]
            return subject
