"""What docs/scale.md is computed from: a commit's way into the ledger, bytes of rows and mirrors, polls, tasks.

`nox -s bench -- scale [--commits N] [--users N] [--lines N] [--polls N] [--tasks N]`

A node logs, signs and pushes with its own library, into a repository on this disk; the aggregator consumes that into
PostgreSQL, a commit an hour. Times are of the wall and of the processor: the second holds on a busy machine, too.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from time import perf_counter, process_time

from benchmarks.postings import chain, of_process, postgresql
from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeKey
from generated.tables.onboarding import NODE, USER
from handlers.domain import SpreadJob
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.push import push
from handlers.node.usage import NewUsage
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.aggregation import Aggregation
from handlers.usage.mirrors import Mirrors
from handlers.work.queue import Queue
from handlers.work.queue.working import Worker
from handlers.work.settings import WorkSettings

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
KINDS = ("hero_os_hour", "llm_token")
TABLES = ("usage_record", "ledger_entry", "ledger_transaction")
"""What grows with each commit."""

_random = Random(1)


class Hours:
    """A clock that goes on by hours."""

    def __init__(self) -> None:
        self.time = BEGIN

    def now(self) -> datetime:
        return self.time


def show(name: str, value: float, unit: str) -> None:
    print(f"{name:<58}{value:>12,.2f} {unit}", flush=True)


def timed(database: Database, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the wall, and of the processor: ours and of our connection's process."""
    server = Path(f"/proc/{database.execute('SELECT pg_backend_pid()')[0][0]}/stat")
    wall, used = perf_counter(), process_time() + of_process(server)
    work()
    return perf_counter() - wall, process_time() + of_process(server) - used


def call(user: str) -> NewUsage:
    """A call of a language model: no two are alike, so a repository packs them no better than real ones."""
    tokens = _random.randrange(100, 20_000)
    return NewUsage(user, "llm_token", Decimal(tokens), model="a-model", cost=Decimal(tokens) * Decimal("0.0000002"))


def log_and_push(node: Path, clock: Hours, users: list[str], lines: int) -> None:
    """An hour of a node: each user has a machine for it, and calls a language model so many times less one."""
    with UsageLog(node, clock) as log:
        for user in users:
            hour = NewUsage(user, "hero_os_hour", Decimal(1), interval_seconds=3600)
            log.append_all([hour, *(call(user) for _ in range(lines - 1))])
    push(node, clock)


def consuming(server: str, folder: Path, commits: int, users: int, lines: int, polled: int) -> None:
    database, clock = Database.open(chain(server, 100)), Hours()
    PriceBooks(database, clock).load_configured(None)
    clock.time += timedelta(days=5)
    repository = folder / "billing-n1.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repository], check=True)
    made = init(folder / "n1", "n1", f"file://{repository}", clock)
    key = NodeKey(public_key=made.public_key, valid_from=BEGIN)
    Store.of(NODE, database).new(
        {"node_id": "n1", "repo_url": f"file://{repository}", "keys": [key], "kinds": list(KINDS)}, clock.now()
    )
    sids = Store.of(USER, database).list(1000)["items"][:users]
    mirrors = Mirrors.below(folder / "mirrors")
    aggregator = Aggregation.over(database, clock, Log(lambda _: None), mirrors, PriceSettings()).aggregator
    before, took = {}, []
    for number in range(commits + 1):
        clock.time += timedelta(hours=1)
        log_and_push(folder / "n1", clock, sids, lines)
        took.append(timed(database, lambda: aggregator.consume_one("n1")))
        if number == 0:  # the first makes accounts, mirrors, caches
            before = {table: rows_and_bytes(database, table) for table in TABLES}
    took.pop(0)
    found = database.execute("SELECT count(*) FROM usage_record")[0][0]
    assert found == (commits + 1) * users * lines, f"{found} records"
    wall, used = sum(each[0] for each in took), sum(each[1] for each in took)
    count = commits * users * lines
    show(f"a commit of {users} users with {lines} lines each", 1000 * wall / commits, "ms")
    show("    of the processor", 1000 * used / commits, "ms")
    show("    of the processor, for a line", 1_000_000 * used / count, "µs")
    for table in TABLES:
        rows, size = rows_and_bytes(database, table)
        rows, size = rows - before[table][0], size - before[table][1]
        show(f"{table}: rows of such a commit", rows / commits, "")
        show("    bytes of a row, indexes included", size / rows, "bytes")
    rows, size = rows_and_bytes(database, "daily_usage")
    show("daily_usage: bytes of a row, indexes included", size / rows, "bytes")
    mirror = sum(path.stat().st_size for path in mirrors.path("n1").rglob("*") if path.is_file())
    show("mirror, for a line", mirror / (found or 1), "bytes")
    polls(mirrors, f"file://{repository}", polled)
    mirrors.close()
    database.close()


def rows_and_bytes(database: Database, table: str) -> tuple[int, int]:
    count = int(database.execute(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608
    return count, int(database.execute(f"SELECT pg_total_relation_size('{table}')")[0][0])


def polls(mirrors: Mirrors, url: str, number: int) -> None:
    """Asking a repository that has nothing new, on this disk."""
    for threads in (1, 8):
        with ThreadPoolExecutor(threads) as pool:
            began = perf_counter()
            list(pool.map(lambda _: mirrors.fetch("n1", url), range(number)))
            show(f"polls of an unchanged repository, {threads} at once", number / (perf_counter() - began), "/s")


def empty_mirror(folder: Path) -> None:
    """What a repository without usage takes: one commit in a mirror of its own."""
    clock, repository = Hours(), folder / "billing-n2.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repository], check=True)
    init(folder / "n2", "n2", f"file://{repository}", clock)
    mirrors, sizes = Mirrors.below(folder / "mirrors"), []
    for _ in range(48):
        push(folder / "n2", clock)
        clock.time += timedelta(hours=1)
        mirrors.fetch("n2", f"file://{repository}")
        files = [path for path in mirrors.path("n2").rglob("*") if path.is_file()]
        sizes.append(sum(path.stat().st_size for path in files))
    show("mirror with one commit", sizes[0], "bytes")
    show("    for each heartbeat", (sizes[-1] - sizes[0]) / (len(sizes) - 1), "bytes")
    mirrors.close()


def tasks(server: str, number: int) -> None:
    """Pieces that do nothing, handed out and taken by one worker."""
    database = Database.open(chain(server, 101, users=1))
    job = SpreadJob("bench", 60, lambda: 0, lambda: map(str, range(number)), lambda _: 0)
    database.execute("INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES")
    began = perf_counter()
    Queue(database, 30).hand_out(job)
    show("pieces handed out", number / (perf_counter() - began), "/s")
    began = perf_counter()
    Queue(database, 30).hand_out(job)
    show("    looked at again, all queued", number / (perf_counter() - began), "/s")
    worker = Worker(database, SystemClock(), Log(lambda _: None), [job], WorkSettings(worker_tasks=4))
    began = perf_counter()
    worker.run_once()
    show("pieces done by one worker, that do nothing", number / (perf_counter() - began), "/s")
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=12)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--lines", type=int, default=5)
    parser.add_argument("--polls", type=int, default=400)
    parser.add_argument("--tasks", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as folder, postgresql() as server:
        consuming(server, Path(folder), given.commits, given.users, given.lines, given.polls)
        empty_mirror(Path(folder))
        tasks(server, given.tasks)


if __name__ == "__main__":
    main()
