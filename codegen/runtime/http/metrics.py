"""Counts, errors by code and latencies of every method, for Prometheus: cheap to add to, summed over all workers.

PERF: prometheus_client's own counters cost several microseconds a call with more than one process. Here a call adds to
three numbers in a memory-mapped file, one file per process; only a scrape reads them all.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from codegen.runtime import errors
from codegen.runtime.rpc import answers
from codegen.runtime.rpc.method import DISCOVER, Method

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the latency histogram, in seconds."""

UNKNOWN = ""
"""The `method` label of calls that named none of ours."""

_ALWAYS = (*answers.MESSAGES, *(kind.code for kind in errors.RUNTIME_ERRORS))
_OTHER = 0
"""The code under which a method's undeclared errors are counted."""


class Metrics(Collector):
    """`directory` is shared by all workers of a server, and emptied before they start (`Metrics.clear`).

    The numbers of a worker that has ended stay, so counters never fall.
    """

    def __init__(self, methods: Sequence[Method], directory: Path | None = None) -> None:
        names = [UNKNOWN, DISCOVER, *(method.name for method in methods)]
        declared = {
            error.code for method in methods for error in method.errors if issubclass(error, errors.DeclaredError)
        }
        self._names = names
        self._codes = sorted({_OTHER, *_ALWAYS, *declared})
        self._columns = {code: column for column, code in enumerate(self._codes, len(BUCKETS) + 2)}
        self._width = len(BUCKETS) + 2 + len(self._codes)  # buckets and +Inf, sum, codes
        self._rows = {name: row * self._width for row, name in enumerate(names)}
        self._directory = directory or Path(tempfile.mkdtemp(prefix="metrics-"))
        self._size = 8 * self._width * len(names)
        self._lock = Lock()
        self._open()
        os.register_at_fork(after_in_child=self._open)

    @staticmethod
    def clear(directory: Path) -> None:
        """Forget the workers of the last run; makes the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for path in directory.glob("*.counts"):
            path.unlink()

    def _open(self) -> None:
        """This process's own file."""
        self._directory.mkdir(parents=True, exist_ok=True)
        name = f"{os.getpid()}-{os.urandom(4).hex()}.counts"  # an id of a process may come again
        with (self._directory / name).open("w+b") as file:
            file.truncate(self._size)
            self._cells = memoryview(mmap.mmap(file.fileno(), self._size)).cast("d")

    def add(self, name: str, code: int, seconds: float) -> None:
        """Count a call."""
        row = self._rows[name]
        cells = self._cells
        with self._lock:
            cells[row + bisect_left(BUCKETS, seconds)] += 1.0
            cells[row + len(BUCKETS) + 1] += seconds
            if code:
                cells[row + self._columns.get(code, self._columns[_OTHER])] += 1.0

    def _sums(self) -> list[float]:
        sums = [0.0] * (self._size // 8)
        for path in sorted(self._directory.glob("*.counts")):
            data = path.read_bytes()
            if len(data) == self._size:
                sums = [a + b for a, b in zip(sums, memoryview(data).cast("d"), strict=True)]
        return sums

    def collect(self) -> Iterator[Metric]:
        """What all workers have counted; methods that were never called have no lines."""
        sums = self._sums()
        latency = HistogramMetricFamily("rpc_call_seconds", "Time of a call, by method.", labels=["method"])
        failed = CounterMetricFamily(
            "rpc_errors",
            "Calls answered with an error, by method and code; code 0 is any other.",
            labels=["method", "code"],
        )
        for name in self._names:
            row = sums[self._rows[name] : self._rows[name] + self._width]
            counts = row[: len(BUCKETS) + 1]
            if not any(counts):
                continue
            bounds = [*map(str, BUCKETS), "+Inf"]
            total = 0.0
            buckets: list[tuple[str, float]] = []
            for bound, number in zip(bounds, counts, strict=True):
                total += number
                buckets.append((bound, total))
            latency.add_metric([name], buckets, row[len(BUCKETS) + 1])
            for code, column in self._columns.items():
                if row[column]:
                    failed.add_metric([name, str(code)], row[column])
        yield latency
        yield failed

    def text(self, also: Iterable[Collector] = ()) -> bytes:
        """Everything in Prometheus' text format; `also` are collectors of the program's own."""
        registry = CollectorRegistry(auto_describe=False)
        for collector in (self, *also):
            registry.register(collector)
        return generate_latest(registry)
