"""A forge that is down: its nodes' repositories are tried later and later, the others go on, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeState
from generated.tables.onboarding import NODE, OPERATOR_ALERT
from handlers.usage.aggregation import Aggregation
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import Mirrors
from handlers.work.queue import Queue
from handlers.work.queue import tables as queue_tables
from handlers.work.queue.working import LONGEST_WAIT, Worker
from handlers.work.settings import WorkSettings
from tests.server.forge_world import Hearth, hearth
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.test_sandbox_forge import run as run_git
from tests.server.usage_world import PRICES, UsageWorld
from tests.waiting import PATIENCE

SILENCE = 60
"""Seconds: nobody is taken for dead here."""
NAME = "billing-down"
TASKS = "SELECT args->>'subject', attempts, scheduled_at - now() FROM procrastinate.procrastinate_jobs ORDER BY id"
DUE = b"UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now() WHERE scheduled_at > now()"


@pytest.fixture
def database(queue_database: Database) -> Database:
    return queue_database


@pytest.fixture
def forge() -> Iterator[Hearth]:
    with hearth() as found:
        found.act("create", name=NAME, private=True)
        yield found


def test_what_is_at_a_forge_that_is_down_waits_longer_and_longer(
    database: Database, forge: Hearth, tmp_path: Path
) -> None:
    mirrors = Mirrors.below(tmp_path / "mirrors", Limits(silence=PATIENCE), at_once=2)
    world, plugin = UsageWorld(database, mirrors), forge.provider()
    made = Aggregation.over(database, world.clock, world.log, mirrors, PRICES, credentials=plugin.git_credentials)
    job, settings = made.job(300), WorkSettings(worker_tasks=1)
    queue, user = Queue(database, SILENCE), world.user(dollars=10)
    nodes = {name: NodeRepository(tmp_path / name, make_key(tmp_path, f"key-{name}"), name) for name in ("down", "up")}
    for name, node in nodes.items():
        node.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"%s","schema":1}' % name.encode())
        node.commit()
        world.register(node)
    address = f"{forge.url}/hero_ops/{NAME}.git"
    Store.of(NODE, database).patch(world.node("down").sid, {"repo_url": address})

    def push(number: int) -> None:
        for name, node in nodes.items():
            node.push(line(number, user, node_id=name))
        assert run_git("-C", str(nodes["down"].folder), "push", address, "main").returncode == 0

    def work() -> None:
        """The poll's turn comes, and a worker does what is due."""
        database.execute("INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES")
        queue.hand_out(job)
        Worker(database, SystemClock(), Log(lambda _: None), [job], settings).run_once()

    def due() -> None:
        with queue_tables.connected(database.url) as connection:
            connection.execute(DUE)

    waits = []
    for number in range(1, 9):
        push(number)
        forge.switch(git_fail={"status": 503, "count": 1000})
        work()
        assert world.node("up").last_commit == nodes["up"].head, "the others go on"
        assert [each.local_seq for each in world.records("down")] == []
        assert world.node("down").state == NodeState.HALTED
        ((subject, attempts, wait),) = database.execute(TASKS)
        assert (subject, attempts) == ("down", number), "one task waits, and none is queued beside it"
        waits.append(wait.total_seconds())
        work()
        assert database.execute(TASKS)[0][1] == number, "its time has not come"
        forge.switch(git_fail=None)
        due()
    assert sorted(set(waits[:-1])) == waits[:-1] and max(waits) <= LONGEST_WAIT, waits
    work()
    assert world.node("down").last_commit == nodes["down"].head and database.execute(TASKS) == []
    for name in nodes:
        assert [each.local_seq for each in world.records(name)] == list(range(1, 9))
    alerts = Store.of(OPERATOR_ALERT, database).list_full(10)["items"]
    assert [(each.kind, each.subject) for each in alerts] == [("aggregation_halted", "down")], "told once, in its words"
    assert alerts[0].cleared_at is not None
    world.audit()
    mirrors.close()
