"""A node's appends per second beside the floor: the very same lines, written and fsynced without anything else.

`nox -s bench -- node [--seconds S] [--rounds N] [--dir D]`

One and eight writers (threads) append a record at a time, then a hundred at a time, with keys of the log's own and with
keys of callers. The floor takes turns with the log: one file, opened for appending, a `write` and an `fsync` of each
call's lines by as many threads; medians of the rounds are compared. Then what a program pays for having the library:
time and memory of its imports, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import perf_counter

from handlers.node.folder import NodeFolder
from handlers.node.log import UsageLog
from handlers.node.usage import NewUsage

USAGE = NewUsage("01JD4ZK7Q1M8N5", "llm_token", Decimal(1560), model="a-model", cost=Decimal("0.000312"))
LINE = (
    b'{"cost":"0.000312","idempotency_key":"n1/0123456789abcdef0123456789/1000","local_seq":1000,"model":"a-model",'
    b'"node_id":"n1","occurred_at":"2026-11-20T19:03:14Z","quantity":"1560","resource_kind":"llm_token","schema":1,'
    b'"stream_id":"0123456789abcdef0123456789","user_sid":"01JD4ZK7Q1M8N5"}\n'
)
IMPORTS = ("json", "handlers.usage_format.line", "handlers.node.log", "handlers.node.push", "handlers.node.site")
MEASURE = """
import sys, time
def kib(): return int(open('/proc/self/statm').read().split()[1]) * 4
before, began = kib(), time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - began, kib() - before)
"""


@dataclass(frozen=True)
class Case:
    """How many threads append how many records at a time, and whether callers name them."""

    writers: int
    batch: int
    keyed: bool = False

    @property
    def name(self) -> str:
        return f"{self.writers} × {self.batch}{' with keys' if self.keyed else ''}"


CASES = (Case(1, 1), Case(8, 1), Case(1, 100), Case(8, 100), Case(1, 1, True), Case(8, 1, True))


def per_second(writers: int, batch: int, seconds: float, append: Callable[[], object]) -> float:
    """Records per second of threads that call `append` for so long."""
    done = [0] * writers
    began = perf_counter()

    def work(mine: int) -> None:
        while perf_counter() - began < seconds:
            append()
            done[mine] += batch

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (perf_counter() - began)


def of_log(case: Case, folder: Path, seconds: float) -> float:
    names = count()
    with UsageLog(folder) as log:

        def append() -> None:
            usages = [USAGE._replace(key=f"call-{os.getpid()}-{next(names)}") for _ in range(case.batch)]
            log.append_all(usages if case.keyed else [USAGE] * case.batch)

        return per_second(case.writers, case.batch, seconds, append)


def of_floor(case: Case, folder: Path, seconds: float) -> float:
    opened = os.open(folder / "floor", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    data = LINE * case.batch

    def append() -> None:
        os.write(opened, data)
        os.fsync(opened)

    try:
        return per_second(case.writers, case.batch, seconds, append)
    finally:
        os.close(opened)


def measure(case: Case, place: Path, seconds: float, rounds: int) -> None:
    log, floor = [], []
    for number in range(rounds):
        folder = place / f"{case.name} {number}"
        NodeFolder.make(folder, "n1", datetime(2026, 11, 20, tzinfo=UTC))
        log.append(of_log(case, folder, seconds))
        floor.append(of_floor(case, folder, seconds))
    ours, bare = statistics.median(log), statistics.median(floor)
    print(f"{case.name:<18} {ours:>10,.0f} {bare:>10,.0f} {bare / ours:>8.2f}")


def imports() -> None:
    print("\nimport                          ms       KiB")
    for name in IMPORTS:
        told = [
            subprocess.run([sys.executable, "-c", MEASURE, name], capture_output=True, text=True, check=True).stdout
            for _ in range(5)
        ]
        seconds, kib = min(tuple(map(float, each.split())) for each in told)
        print(f"{name:<28} {seconds * 1000:>6.0f} {kib:>9,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", help="a folder on the disk that is meant")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as place:
        print("writers × batch         log/s    floor/s  floor/log")
        for case in CASES:
            measure(case, Path(place), given.seconds, given.rounds)
    imports()


if __name__ == "__main__":
    main()
