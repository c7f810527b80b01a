"""Repositories that are wrong: each fault stops its own repository, says why, and leaves the others alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import HaltReason, NodeState
from handlers.usage import changes
from handlers.usage.mirrors import Mirrors
from tests.server.node_repository import FILE, NodeRepository, line, make_key
from tests.server.repository_faults import FAULTS, LARGE, raw_tree
from tests.server.usage_world import UsageWorld, copied

STAND_IN = "01JD4ZK7Q1M80000000000000A"
"""The user of repositories, which are built once."""
NODE_JSON = b'{"created_at":"2026-05-20T00:00:00Z","node_id":"%s","schema":1}'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrors]:
    mirrors = Mirrors.below(tmp_path_factory.mktemp("mirrors"), at_once=2)
    yield mirrors
    mirrors.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NodeRepository]:
    """Two nodes with two lines each."""
    folder = tmp_path_factory.mktemp("nodes")
    made = {}
    for name in ("n1", "n2"):
        made[name] = repository = NodeRepository(folder / name, make_key(folder, f"key-{name}"), name)
        repository.write(
            "node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"%s","schema":1}' % name.encode()
        )
        repository.push(line(1, STAND_IN, node_id=name), line(2, STAND_IN, node_id=name))
    return made


@pytest.fixture
def world(tmp_path: Path, shared: Mirrors) -> Iterator[UsageWorld]:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("PRAGMA synchronous = off")
    made = UsageWorld(database, Mirrors(tmp_path / "mirrors", shared.fetchers))
    made.user(sid=STAND_IN, dollars=10)
    yield made
    database.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_its_repository_and_no_other(
    name: str, world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LARGEST", LARGE)
    fault = FAULTS[name]
    bad, good = (copied(each, tmp_path / node_id) for node_id, each in built.items())
    world.register(bad)
    assert (world.run().records_consumed, world.node().state) == (2, NodeState.ACTIVE)
    consumed = bad.head
    world.register(good)
    fault.build(bad, STAND_IN)

    report = world.run()

    [halt] = report.halted
    assert (halt.node_id, halt.reason, fault.says in halt.detail) == ("n1", fault.reason, True), halt
    done = (report.commits, report.records_consumed, world.node("n2").state)
    assert done == (1 + fault.commits, 2, NodeState.ACTIVE)
    node = world.node()
    assert (node.state, node.halted_reason, node.halted_detail) == (NodeState.HALTED, fault.reason, halt.detail)
    assert fault.commits or node.last_commit == consumed
    assert [each.subject for each in world.alerts()] == ["n1"]
    assert [each["event"] for each in world.told() if each["level"] == "error"] == ["AggregationHalted"]
    assert len(world.run().halted) == 1 and len(world.told()) == 1, "it is told once"
    world.audit()

    if name == "branch renamed":  # there is no commit to skip
        assert node.halted_commit is None
        return
    for _ in range(fault.skips):
        world.skip()
        world.run()
    assert (world.node().state, world.alerts()) == (NodeState.ACTIVE, [])
    assert world.node().last_commit == bad.head
    world.audit()


def test_what_was_wrong_goes_on_when_it_is_mended(
    world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path
) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    good = repository.push(line(3, STAND_IN))
    repository.git("reset", "-q", "--hard", "HEAD~1")
    world.run()
    FAULTS["corrupt line"].build(repository, STAND_IN)
    assert world.run().halted[0].reason == HaltReason.PARSE_ERROR
    repository.git("reset", "-q", "--hard", good)
    report = world.run()
    assert (report.records_consumed, report.halted, world.node().state) == (1, [], NodeState.ACTIVE)
    assert world.told()[-1]["event"] == "AggregationResumed"
    world.audit()


def test_a_forge_that_is_down_halts_and_resumes(
    world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path
) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    repository.folder.rename(tmp_path / "away")
    assert [each.reason for each in world.run().halted] == [HaltReason.UNREACHABLE]
    (tmp_path / "away").rename(repository.folder)
    assert (world.run().records_consumed, world.node().state) == (2, NodeState.ACTIVE)


def test_a_deleted_and_made_anew_repository_is_another_history(
    world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path
) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    world.run()
    repository.folder.rename(tmp_path / "away")
    anew = NodeRepository(repository.folder, repository.key)
    assert world.run().halted[0].reason == HaltReason.REWRITTEN_HISTORY, "an empty one too"
    anew.push(line(1, STAND_IN), line(2, STAND_IN), line(3, STAND_IN))
    assert world.run().halted[0].reason == HaltReason.REWRITTEN_HISTORY
    world.skip()
    world.run()
    anew.push(line(9, STAND_IN))
    assert (world.run().records_consumed, len(world.records())) == (1, 3)
    world.audit()


def test_an_empty_repository_is_waited_for(world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path) -> None:
    repository = NodeRepository(tmp_path / "n1", built["n1"].key)
    world.register(repository)
    assert world.run().halted == []
    repository.push(line(1, STAND_IN))
    assert world.run().records_consumed == 1


def test_the_root_is_pinned(world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository, root_commit="0" * 40)
    assert "another root" in world.run().halted[0].detail


def test_one_line_is_skipped(world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    world.run()
    FAULTS["corrupt line"].build(repository, STAND_IN)
    repository.push(line(4, STAND_IN), line(5, STAND_IN))
    world.run()
    world.skip(line=3)
    report = world.run()
    assert (report.halted, [each.local_seq for each in world.records()]) == ([], [1, 2, 4, 5])
    world.audit()


def test_what_git_cannot_unpack_is_told_and_the_others_go_on(
    world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path
) -> None:
    """It never comes into our copy, so nothing of it can be skipped; it goes on when it is gone from there."""
    bad, good = (copied(each, tmp_path / node_id) for node_id, each in built.items())
    world.register(bad)
    world.run()
    world.register(good)
    sound = bad.head
    raw_tree((b"777777", b"a.jsonl"))(bad, STAND_IN)
    report = world.run()
    [halt] = report.halted
    assert (halt.reason, halt.commit, report.records_consumed) == (HaltReason.UNREACHABLE, None, 2)
    bad.git("update-ref", "refs/heads/main", sound)
    assert (world.run().halted, world.node().state) == ([], NodeState.ACTIVE)
    world.audit()


def test_a_line_without_end_is_skipped(world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path) -> None:
    """However many parts it is read in, and whether it has an end."""
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    world.run()
    for number, end in ((3, b"\n"), (4, b"")):
        content = (repository.folder / FILE).read_bytes() + b"x" * 600_000 + end
        repository.write(FILE, content)
        repository.commit()
        [halt] = world.run().halted
        assert halt.detail == f"{FILE}:{number}: the line is longer than 16384 bytes"
        world.skip(line=number)
        assert (world.run().halted, world.node().state) == ([], NodeState.ACTIVE)
    world.audit()


@pytest.mark.parametrize("name", ["branch renamed", "corrupt line"])
def test_what_is_wrong_stays_said_while_the_forge_is_away(
    name: str, world: UsageWorld, built: dict[str, NodeRepository], tmp_path: Path
) -> None:
    repository = copied(built["n1"], tmp_path / "n1")
    world.register(repository)
    world.run()
    FAULTS[name].build(repository, STAND_IN)
    world.run()
    halted, alerts = world.node(), world.alerts()
    repository.folder.rename(tmp_path / "away")
    assert [each.reason for each in world.run().halted] == [HaltReason.UNREACHABLE]
    assert (world.node(), world.alerts()) == (halted, alerts)
