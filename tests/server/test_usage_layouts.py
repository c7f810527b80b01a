"""Older layouts: one repository with a folder for each node, and batches of records in OTOML."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import HaltReason, UsageLayout
from handlers.usage.mirrors import Mirrors
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.usage_world import UsageWorld

BATCH = "nodes/n1/usage_2026-05-20-20.otoml"
CENT = 10_000_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[UsageWorld]:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("PRAGMA synchronous = off")
    mirrors = Mirrors.below(tmp_path / "mirrors", at_once=1)
    yield UsageWorld(database, mirrors)
    mirrors.close()
    database.close()


@pytest.fixture
def repository(world: UsageWorld, tmp_path: Path) -> NodeRepository:
    """Shared by the nodes n1 and n2, whose commits are signed with one key each."""
    made = NodeRepository(tmp_path / "shared", make_key(tmp_path))
    world.register(made, layout=UsageLayout.SHARED)
    other = NodeRepository(tmp_path / "other", make_key(tmp_path, "key-2"), "n2")
    other.folder = made.folder
    world.register(other, layout=UsageLayout.SHARED)
    return made


def batch(*records: str) -> bytes:
    return "".join(f"[[records]]\n{each}\n" for each in records).encode()


def record(user: str, key: str, cents: int, more: str = "") -> str:
    """As the oldest nodes wrote it: without stream, number and category."""
    return (
        f'node_id = "n1"\nuser_sid = "{user}"\namount_cents = {cents}\nresource_kind = "hero_os_hour"\n'
        f'idempotency_key = "{key}"\noccurred_at = "2026-05-20T20:30:00Z"\n{more}'
    )


def test_batches_are_charged_by_their_keys_however_they_are_merged(
    world: UsageWorld, repository: NodeRepository
) -> None:
    user = world.user(1)
    first, second = record(user, "a", 3), record(user, "b", 4, "quantity = 0.5\ninterval_seconds = 1800\n")
    repository.write(BATCH, b"O:UsageBatch\n" + batch(first, record("01JD4ZK7Q1M80000000000000X", "x", 1)))
    repository.commit()
    report = world.run()
    assert (report.records_consumed, report.quarantined, report.halted) == (1, 1, [])
    repository.write(BATCH, batch(second, first, record("01JD4ZK7Q1M80000000000000X", "x", 1), first))
    repository.commit()
    report = world.run()
    assert (report.records_consumed, report.duplicates, report.quarantined, report.halted) == (1, 3, 0, [])
    assert [(each.category, int(each.charge), each.stream_id, each.line) for each in world.records()] == [
        ("hero_os_hourly", 3 * CENT, "otoml", 1),
        ("hero_os_hourly", 4 * CENT, "otoml", 1),
    ]
    assert world.book.balance(user) == 93 * CENT
    world.audit()

    repository.write(BATCH, batch(record(user, "a", 5)))
    repository.commit()
    assert [each.reason for each in world.run().halted] == [HaltReason.CONTENT_CONFLICT]
    world.skip()
    repository.write(BATCH, b"[[records]]\nnode_id = ")
    repository.commit()
    assert [each.reason for each in world.run().halted] == [HaltReason.PARSE_ERROR]
    assert len(world.records()) == 2
    world.audit()


def test_each_node_has_its_folder_of_a_shared_repository(
    world: UsageWorld, repository: NodeRepository, tmp_path: Path
) -> None:
    user = world.user(1)
    repository.push(line(1, user), path="nodes/n1/usage_2026-05-20-20.jsonl")
    own, repository.key = repository.key, tmp_path / "key-2"
    repository.push(line(1, user, node_id="n2"), path="nodes/n2/usage_2026-05-20-20.jsonl")
    report = world.run()
    assert (report.records_consumed, report.halted) == (2, [])
    assert [len(world.records(node)) for node in ("n1", "n2")] == [1, 1]
    assert world.node("n1").last_seen_at != world.node("n2").last_seen_at
    world.audit()

    repository.append(line(2, user), path="nodes/n1/usage_2026-05-20-20.jsonl")  # with the key of n2
    repository.commit()
    assert [(each.node_id, each.reason) for each in world.run().halted] == [("n1", HaltReason.BAD_SIGNATURE)]
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.key = own
    repository.append(line(2, user), path="nodes/n1/usage_2026-05-20-20.jsonl")
    repository.push(line(2, user, node_id="n2"), path="nodes/n2/usage_2026-05-20-20.jsonl")
    halted = {each.node_id: each.reason for each in world.run().halted}
    assert halted["n1"] == HaltReason.FORBIDDEN_CHANGE and "n2" in halted
    assert [len(world.records(node)) for node in ("n1", "n2")] == [1, 1]
    world.audit()
