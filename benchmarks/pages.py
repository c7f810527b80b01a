"""Pages of somebody with 0, 1 000 and 1 000 000 entries of the ledger: time and queries per page stay flat.

Who has entries has a plan with five machines, too, and usage of ten things a day: with 1 000 entries of a month, with
1 000 000 of a year.

`nox -s bench -- pages [--views N] [--entries N,N,…] [--before REF]`

The site runs in this process, on SQLite; the history is written straight into the tables. Medians over the views,
which go round the users in turn, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from falcon import testing

from benchmarks.before import compare
from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.models.onboarding import AllocationStatus, LoginMethod, ResourceCategory, TransactionKind, User
from generated.tables.onboarding import (
    BILLING,
    DAILY_USAGE,
    LEDGER_ENTRY,
    LEDGER_TRANSACTION,
    PLAN_PURCHASE,
    VM_ALLOCATION,
    DailyUsageNew,
)
from handlers.app import build
from handlers.composition import load_settings
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.identity.users import Users
from handlers.plans.plan_catalogue import DEFAULT_SKU
from handlers.version import migrate

ORIGIN = "http://127.0.0.1:9920"
ENTRIES = (0, 1_000, 1_000_000)
AIM = 1.5
"""A page of the longest history takes at most so many times as long as one of the shortest that fills a page."""
BATCH = 20_000
CHARGE = 1_234_567
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Counting(Database):
    """A database that counts what it is asked."""

    asked = 0

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        self.asked += 1
        return super().execute(sql, params)


def history(database: Database, user: User, entries: int, position: int) -> int:
    """Write a top-up and charges, an entry each; the position of the last."""
    transactions, store = Store.of(LEDGER_TRANSACTION, database), Store.of(LEDGER_ENTRY, database)
    account = f"user:{user.sid}:purchased"

    def rows() -> Iterator[tuple[Row, Row]]:
        balance = 0
        for number in range(entries):
            amount = CHARGE if number else -entries * CHARGE
            balance += amount
            sid, kind = new_sid(), TransactionKind.USAGE if number else TransactionKind.TOP_UP
            same = {
                "reason": "benchmark",
                "source": f"payment:bench:{sid}",
                "effective_at": NOW,
                "posted_at": NOW,
                "user_sid": user.sid,
                "hash": "0" * 64,
            }
            yield (
                transactions.row({**same, "sid": sid, "kind": kind, "posting_key": sid}),
                store.row(
                    {
                        **same,
                        "sid": new_sid(),
                        "position": position + number + 1,
                        "transaction_sid": sid,
                        "account": account,
                        "amount": Money(amount),
                        "balance_after": Money(balance),
                        "previous_hash": "0" * 64,
                    }
                ),
            )

    batch: list[tuple[Row, Row]] = []
    for pair in rows():
        batch.append(pair)
        if len(batch) == BATCH:
            write(database, batch, transactions.sql.insert, store.sql.insert)
            batch.clear()
    write(database, batch, transactions.sql.insert, store.sql.insert)
    if entries:
        billings = Store.of(BILLING, database)
        billing = billings.one({"user_sid": user.sid})
        assert billing is not None
        billings.patch(billing.sid, {"credit_balance": Money(CHARGE), "first_paid_at": NOW})
    return position + entries


def write(database: Database, pairs: list[tuple[Row, Row]], transaction: str, entry: str) -> None:
    with database.transaction():
        database.execute_many(transaction, [pair[0] for pair in pairs])
        database.execute_many(entry, [pair[1] for pair in pairs])


def days_of(entries: int) -> int:
    """Days of usage of somebody with so many entries."""
    return min(30 * entries // 1000, 365)


def machines(database: Database, user: User) -> None:
    """A plan that runs, and its machines."""
    now = SystemClock().now().replace(microsecond=0)
    end = now + timedelta(days=30)
    plan = Store.of(PLAN_PURCHASE, database).new(
        {
            "user_sid": user.sid,
            "plan_id": "vm5",
            "cost": Money.from_cents(1000),
            "vm_count": 5,
            "days": 30,
            "sku": DEFAULT_SKU,
            "period_start": now,
            "period_end": end,
        },
        now,
    )
    allocations = Store.of(VM_ALLOCATION, database)
    for place in range(5):
        allocations.new(
            {
                "user_sid": user.sid,
                "plan_id": "vm5",
                "purchase_sid": plan.sid,
                "sku": DEFAULT_SKU,
                "status": AllocationStatus.ACTIVE,
                "cost_cents": 200,
                "address": f"5a0::{place + 1}",
                "provider": "pool",
                "allocated_at": now,
                "expires_at": end,
            },
            now,
        )


def usage(database: Database, user: User, days: int) -> None:
    """Hero OS on five machines and five language models, every day."""
    today = SystemClock().now().date()
    rows: list[DailyUsageNew] = []
    for back in range(days):
        for place in range(5):
            same: DailyUsageNew = {
                "user_sid": user.sid,
                "day": today - timedelta(days=back),
                "node_id": "n1",
                "resource_kind": "hero_os_hour",
                "category": ResourceCategory.HERO_OS_HOURLY,
                "records": 24,
                "quantity": Decimal(24),
                "list_charge": Money(24 * 110_000_000),
                "discount": Money(12 * 110_000_000),
                "charge": Money(12 * 110_000_000),
            }
            rows.append({**same, "instance_id": f"vm-{place}"})
            rows.append(
                {**same, "resource_kind": "llm_token", "category": ResourceCategory.LLM, "model": f"model-{place}"}
            )
    database.run(lambda: Store.of(DAILY_USAGE, database).insert_many(rows, SystemClock().now()))


class Reader:
    """Somebody who looks at pages."""

    def __init__(self, client: testing.TestClient, database: Counting, sessions: Sessions, number: int) -> None:
        self.user = database.run(lambda: Users(database, SystemClock()).admit(f"400::{number + 1:x}", f"{number:064x}"))
        cookie = database.run(lambda: sessions.create(self.user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))
        self.client, self.database = client, database
        self.headers = {"Accept": "text/html", "Host": "127.0.0.1:9920", "Cookie": f"hl_session={cookie}"}

    def view(self, path: str) -> tuple[float, int, int]:
        """Milliseconds, queries and bytes of a page."""
        before, began = self.database.asked, perf_counter()
        answer = self.client.simulate_get(path, headers=self.headers)
        seconds = perf_counter() - began
        assert answer.status_code == 200, answer.text
        return seconds * 1000, self.database.asked - before, len(answer.content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=200)
    parser.add_argument("--entries", default=",".join(map(str, ENTRIES)))
    parser.add_argument("--before", metavar="REF", help="print ratios to the same benchmark at this git ref")
    asked = parser.parse_args()
    if asked.before:
        compare("pages", asked.before, named_by=1, more_is_better=False)
        return
    sizes = [int(size) for size in asked.entries.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(var_dir=Path(folder), public_url=ORIGIN, sandbox_url="http://127.0.0.1:9930")
        database = Counting.open(settings.database_url)
        assert isinstance(database, Counting)
        migrate(database)
        database.execute("PRAGMA synchronous = off")
        client = testing.TestClient(build(settings, database, log=Log(lambda _: None)))
        sessions = Sessions(database, SystemClock(), settings)
        readers, position = [], 0
        for number, size in enumerate(sizes):
            readers.append(Reader(client, database, sessions, number))
            position = history(database, readers[-1].user, size, position)
            if size:
                machines(database, readers[-1].user)
                usage(database, readers[-1].user, days_of(size))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        middle = [f"/ledger?before={position - size // 2}" for size in sizes]
        slow = [
            report(name, sizes, readers, paths, asked.views)
            for name, paths in (
                ("dashboard", ["/dashboard"] * len(sizes)),
                ("usage, a month", ["/usage"] * len(sizes)),
                ("ledger, newest", ["/ledger"] * len(sizes)),
                ("ledger, in the middle", middle),
            )
        ]
        database.close()
    if any(slow):
        raise SystemExit(f"a page takes more than {AIM} times as long with the longest history, or asks more")


def report(name: str, sizes: list[int], readers: list[Reader], paths: list[str], views: int) -> bool:
    """Print a page's rows; whether it misses the aim."""
    found: list[list[tuple[float, int, int]]] = [[] for _ in readers]
    for turn in range(views + 5):
        for views_of, reader, path in zip(found, readers, paths, strict=True):
            view = reader.view(path)
            if turn >= 5:
                views_of.append(view)
    print(f"\n{name:24}{'entries':>12}{'ms':>9}{'p95':>9}{'queries':>9}{'bytes':>9}")
    for size, seen in zip(sizes, found, strict=True):
        times = sorted(time for time, _, _ in seen)
        print(
            f"{'':24}{size:>12,}{statistics.median(times):>9.2f}{times[int(len(times) * 0.95)]:>9.2f}"
            f"{max(each[1] for each in seen):>9}{seen[-1][2]:>9}"
        )
    full = [place for place, size in enumerate(sizes) if size >= 100]
    if len(full) < 2:
        return False
    first, last = (statistics.median(time for time, _, _ in found[place]) for place in (full[0], full[-1]))
    asked = {max(each[1] for each in found[place]) for place in full}
    print(f"{'':24}longest / shortest full page: {last / first:.2f}")
    return last / first > AIM or len(asked) > 1


if __name__ == "__main__":
    main()
