"""The aggregator as a job: its repositories may be slow, and no other job waits for them."""

from __future__ import annotations

import threading

from codegen.runtime.http.log import Log, described
from handlers.domain import SpreadJob
from handlers.usage.aggregator import Aggregator

PATIENCE = 5.0
"""Seconds that a job waits for a run to end."""


class AggregatorJob:
    """Runs the aggregator in a thread of its own, one run at a time."""

    def __init__(self, aggregator: Aggregator, log: Log) -> None:
        self._aggregator, self._log = aggregator, log
        self._running: threading.Thread | None = None
        self._done = 0
        self._failure: Exception | None = None

    def run_once(self) -> int:
        """Begin a run if none is on, and wait a little for its end; how many commits were consumed by those that ended.
        Raises what ended one of them."""
        if self._running is None or not self._running.is_alive():
            self._running = threading.Thread(target=self._run, name="aggregator", daemon=True)
            self._running.start()
        self._running.join(PATIENCE)
        done, self._done = self._done, 0
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return done

    def _run(self) -> None:
        try:
            self._done += self._aggregator.run_once()
        except Exception as error:  # told by the job that runs next
            self._log.line("aggregation failed", described(error), "error")
            self._failure = error


def aggregate_job(aggregator: Aggregator, log: Log, seconds: float) -> SpreadJob:
    """All repositories every so many seconds; with several workers each repository is a piece."""
    run = AggregatorJob(aggregator, log).run_once
    return SpreadJob("usage.aggregate", seconds, run, aggregator.subjects, aggregator.consume_one)
