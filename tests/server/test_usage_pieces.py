"""The aggregator piece by piece, as workers run it: one repository each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeState
from generated.tables.onboarding import JOB_RUN, NODE
from handlers.domain import TryLater
from handlers.usage.mirrors import Mirrors
from handlers.work.jobs import Runner
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.usage_world import UsageWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[UsageWorld]:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    mirrors = Mirrors.below(tmp_path / "mirrors", at_once=1)
    yield UsageWorld(database, mirrors)
    mirrors.close()
    database.close()


def test_as_a_job_it_has_a_thread_of_its_own_and_says_what_it_did(world: UsageWorld, tmp_path: Path) -> None:
    """What `worker --once` is told is the whole run, however long that takes, and every fault of it."""
    repository = NodeRepository(tmp_path / "n1", make_key(tmp_path))
    repository.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"n1","schema":1}')
    repository.push(line(1, world.user(dollars=10)))
    world.register(repository)
    job = world.aggregation.job(300)
    assert job.apart and job.run == world.aggregator.run_once
    runner = Runner(world.database, world.clock, world.log, [job])
    assert runner.run_once() == [] and len(world.records()) == 1
    (ran,) = Store.of(JOB_RUN, world.database).list_full()["items"]
    assert (ran.job, ran.succeeded, ran.report) == ("usage.aggregate", True, {"done": 1})
    world.audit()


def test_a_piece_is_one_repository(world: UsageWorld, tmp_path: Path) -> None:
    user = world.user(dollars=10)
    repository = NodeRepository(tmp_path / "n1", make_key(tmp_path))
    repository.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"n1","schema":1}')
    repository.push(line(1, user))
    world.register(repository)
    aggregator = world.aggregator
    assert list(aggregator.subjects()) == ["n1"]
    assert aggregator.consume_one("n1") == 1 and len(world.records()) == 1
    assert aggregator.consume_one("n1") == aggregator.consume_one("gone") == 0

    repository.folder.rename(tmp_path / "away")
    with pytest.raises(TryLater):
        aggregator.consume_one("n1")
    assert world.node().state == NodeState.HALTED
    (tmp_path / "away").rename(repository.folder)
    assert aggregator.consume_one("n1") == 0 and world.node().state == NodeState.ACTIVE

    repository.push(line(2, user))
    Store.of(NODE, world.database).patch(world.node().sid, {"state": NodeState.RETIRED})
    assert list(aggregator.subjects()) == [] and aggregator.consume_one("n1") == 0
    world.audit()
