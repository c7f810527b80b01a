"""Counts, errors by code and latencies of every method and webhook, for Prometheus: cheap, summed over all workers.

PERF: prometheus_client's own counters cost several microseconds a call with more than one process. Here a call adds to
three numbers in memory; only a scrape reads them all. The memory belongs to no file: a disk that is full takes nothing
from it, and cannot end a process that adds to it.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import TypeAlias
from zlib import crc32

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from codegen.runtime import errors
from codegen.runtime.rpc import answers
from codegen.runtime.rpc.method import DISCOVER, Method

Area: TypeAlias = "memoryview[float]"
"""Numbers (`d`) of one worker: which layout they have, then a row for each method."""

MOST_BYTES = 16 << 20
"""Of an area; what nobody writes to takes no memory."""

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the latency histogram, in seconds."""

UNKNOWN = ""
"""The `method` label of calls that named none of ours."""

_ALWAYS = (*answers.MESSAGES, *(kind.code for kind in errors.RUNTIME_ERRORS))
_OTHER = 0
"""The code under which a method's undeclared errors are counted."""


def shared_areas(workers: int) -> list[Area]:
    """An area for each worker that is forked from here; the numbers of one that ends stay."""
    return [memoryview(mmap.mmap(-1, MOST_BYTES)).cast("d") for _ in range(workers)]


class Metrics(Collector):
    """Counts for this process alone, until it is told which areas the workers of its server have."""

    def __init__(self, methods: Sequence[Method]) -> None:
        declared = {
            error.code for method in methods for error in method.errors if issubclass(error, errors.DeclaredError)
        }
        self._codes = sorted({_OTHER, *_ALWAYS, *declared})
        self._columns = {code: column for column, code in enumerate(self._codes, len(BUCKETS) + 2)}
        self._width = len(BUCKETS) + 2 + len(self._codes)  # buckets and +Inf, sum, codes
        self._lock = Lock()
        self._names: list[str] = []
        self.include([UNKNOWN, DISCOVER, *(method.name for method in methods)])

    def include(self, names: Iterable[str]) -> None:
        """Count calls of these too; to be said before anything is counted or shared."""
        self._names += names
        self._rows = {name: 1 + row * self._width for row, name in enumerate(self._names)}
        self._size = 1 + self._width * len(self._names)
        self._layout = 1.0 + crc32(repr((BUCKETS, self._names, self._codes)).encode())
        self.share([memoryview(bytearray(8 * self._size)).cast("d")], 0)

    def share(self, areas: Sequence[Area], number: int) -> None:
        """Count in the area of this number from here on, and tell the sum of all.

        Who had the number before has ended; its counts go on, unless the program was changed meanwhile.
        """
        cells = areas[number]
        if len(cells) < self._size:
            raise ValueError(f"the metrics of {len(self._names)} methods have no room in {cells.nbytes} bytes")
        if cells[0] != self._layout:
            cells[: self._size] = memoryview(bytearray(8 * self._size)).cast("d")
            cells[0] = self._layout
        self._areas, self._cells = areas, cells

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
        alike = [area[: self._size].tolist() for area in self._areas if area[0] == self._layout]
        return [sum(numbers) for numbers in zip(*alike, strict=True)]

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
