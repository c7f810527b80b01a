"""An aggregator that is killed before any statement: when the next ones are done, everything is as without a kill."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import GitCredentials
from generated.tables import STORED
from handlers.usage.fetchers import Fetchers
from handlers.usage.mirrors import Mirrors
from tests.crash.fuse import Fuse
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.usage_world import UsageWorld

ROUNDS = int(os.environ.get("AGGREGATOR_CRASH_ROUNDS", "3"))
"""Each kills some ten times, on each database; how often, pytest -s tells."""
FARTHEST = 70
"""A process is killed before one of so many statements."""
USERS = ("01JD4ZK7Q1M80000000000000A", "01JD4ZK7Q1M80000000000000B")
TABLES = (
    "ledger_transaction",
    "ledger_entry",
    "credit_lot",
    "billing",
    "usage_record",
    "daily_usage",
    "quarantined_line",
    "stream_cursor",
    "consumed_commit",
    "node",
)
RANDOM = {"sid", "transaction_sid", "price_sid", "hash", "previous_hash", "repo_url"}
"""What is another one each time, and what follows from it."""


class Fetched(Mirrors):
    """Mirrors into which everything was fetched before."""

    def fetch(
        self, node_id: str, url: str, branch: str = "main", credentials: GitCredentials | None = None
    ) -> str | None:
        return self.fetched(node_id, branch)


def world(database: Database, repository: NodeRepository, mirrors: Path, fetchers: Fetchers) -> UsageWorld:
    made = UsageWorld(database, Fetched(mirrors, fetchers))
    made.user(2, sid=USERS[0])
    made.user(sid=USERS[1])
    made.register(repository)
    return made


def dump(database: Database) -> list[str]:
    """Everything that is to be the same, as lines."""
    found = []
    for kind in STORED:
        if kind.table._meta.table_name in TABLES:
            rows: list[Any] = Store.of(kind, database).list_full(1000)["items"]
            shown = (row.model_dump(mode="json", exclude=RANDOM) for row in rows)
            found += sorted(f"{kind.name} {json.dumps(each, sort_keys=True)}" for each in shown)
    return found


def build(folder: Path) -> NodeRepository:
    """Commits with everything that there is: two users, lines again, set aside and taken back, a heartbeat."""
    repository = NodeRepository(folder / "n1", make_key(folder))
    first, second = USERS
    seq = 0
    for number in range(6):
        seq += 4
        repository.push(
            line(seq - 3, first, cost="0.30"),
            line(seq - 2, second),
            line(seq - 1, "01JD4ZK7Q1M80000000000000X"),
            line(seq, first, void=f"n1/5f0c/{seq - 3}") if number % 2 else line(seq, first),
            *([line(seq - 2, second)] if number == 3 else []),
        )
    repository.commit()
    return repository


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_killed_aggregator_leaves_what_an_undisturbed_one_does(
    database: Database, tmp_path: Path, round_: int
) -> None:
    repository = build(tmp_path)
    mirrors = Mirrors.below(tmp_path / "mirrors", at_once=1)
    mirrors.fetch("n1", repository.url)
    mirrors.close()
    undisturbed = Database.open(f"sqlite:///{tmp_path}/undisturbed.db")
    expected = world(undisturbed, repository, mirrors.folder, mirrors.fetchers)
    expected.run()
    due = dump(undisturbed)
    assert len(expected.records()) == 18 and len(expected.quarantine()) == 6

    made, kills, chance = world(database, repository, mirrors.folder, mirrors.fetchers), 0, random.Random(round_)
    while killed(made, chance.randint(1, FARTHEST)):
        kills += 1
        database.execute("UPDATE lease SET expires_at = 0")  # it would end by itself
        made.audit()
    assert dump(database) == due
    made.audit()
    print(f"{kills} kills")
    assert kills >= 3


def killed(made: UsageWorld, at: int) -> bool:
    """Run the aggregator in a process of its own that is killed before its `at`-th statement, if it has so many."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Fuse([made.database], at, lambda: os.kill(os.getpid(), signal.SIGKILL))
            made.run()
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), "the aggregator failed"
    return status == signal.SIGKILL
