"""Older layouts: one repository with a folder for each node, and batches of records in OTOML."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import HaltReason, NodeState, UsageLayout
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
    world.skip()
    assert (world.run().halted, world.node().state) == ([], NodeState.ACTIVE)
    assert len(world.records()) == 2
    world.audit()


@pytest.mark.parametrize("cents", ["0.5", "1e-1", '"2.5"', "true", "[0, [5], 0]"])
def test_no_part_of_a_cent_is_cut_off(world: UsageWorld, repository: NodeRepository, cents: str) -> None:
    repository.write(BATCH, batch(record(world.user(1), "a", 5).replace("= 5", f"= {cents}")))
    repository.commit()
    assert [each.reason for each in world.run().halted] == [HaltReason.PARSE_ERROR]
    world.skip()
    assert (world.run().halted, world.records(), world.node().state) == ([], [], NodeState.ACTIVE)


def test_whole_cents_are_taken_however_they_are_written(world: UsageWorld, repository: NodeRepository) -> None:
    written = ("5", "5.0", "0.5e1", '"5"')
    user = world.user(1)
    records = (record(user, str(number), 5).replace("= 5", f"= {cents}") for number, cents in enumerate(written))
    repository.write(BATCH, batch(*records))
    repository.commit()
    assert world.run().records_consumed == 4
    assert [int(each.charge) for each in world.records()] == [5 * CENT] * 4
    world.audit()


def test_a_time_without_an_offset_is_utc_wherever_the_site_stands(
    world: UsageWorld, repository: NodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    user = world.user(1)
    bare = record(user, "a", 1).replace("20:30:00Z", "20:30:00")
    unquoted = record(user, "b", 1).replace('"2026-05-20T20:30:00Z"', "2026-05-20T20:30:00")
    elsewhere = record(user, "c", 1).replace("20:30:00Z", "22:30:00+02:00")
    try:
        repository.write(BATCH, batch(bare, unquoted, elsewhere))
        repository.commit()
        assert world.run().records_consumed == 3
    finally:
        monkeypatch.undo()
        time.tzset()
    assert {f"{each.occurred_at:%H:%M}" for each in world.records()} == {"20:30"}
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
