"""Each reason for which a repository stands still: its alert says what to do, and that leads out of it."""

import re
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import HaltReason, NodeState
from handlers.usage.mirrors import Mirrors
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.repository_faults import FAULTS
from tests.server.test_rebuild import MUCH, rebuilt
from tests.server.usage_world import UsageWorld

R = HaltReason
OF_A_LINE = (R.PARSE_ERROR, R.NOT_CANONICAL, R.SEQUENCE_GAP, R.CONTENT_CONFLICT, R.WRONG_NODE)
FIRST = {fault.reason: name for name, fault in reversed(FAULTS.items()) if name != "branch renamed"}
"""A fault for each reason."""
SKIP = re.compile(r"`hero-onboarding nodes skip --node-id (\S+) --commit (\S+)(?: --line (\S+):(\d+))? --reason WHY`")
NODE_JSON = b'{"created_at":"2026-05-20T00:00:00Z","node_id":"n1","schema":1}'


@pytest.fixture
def world(database: Database, tmp_path: Path, fetching: Mirrors) -> UsageWorld:
    return UsageWorld(database, Mirrors(tmp_path / "mirrors", fetching.fetchers))


@pytest.fixture
def repository(tmp_path: Path) -> NodeRepository:
    made = NodeRepository(tmp_path / "n1", make_key(tmp_path))
    made.write("node.json", NODE_JSON)
    return made


def consumed(world: UsageWorld, repository: NodeRepository) -> str:
    """The user of two lines that were consumed."""
    user = world.user(10)
    world.register(repository)
    repository.push(line(1, user), line(2, user))
    assert world.run().records_consumed == 2
    return user


def said(world: UsageWorld) -> str:
    """What the alert of a halted node says to do, as the overview of nodes does."""
    node, [alert] = world.node(), world.alerts()
    assert node.halted_reason is not None
    begin = f"{node.halted_reason.value}: {node.halted_detail}. "
    assert alert.detail.startswith(begin)
    advice = alert.detail.removeprefix(begin)
    assert advice.endswith(".")
    assert [each.advice for each in world.nodes.overview(world.operator)] == [advice]
    return advice


def test_there_is_a_fault_for_each_reason() -> None:
    assert FIRST.keys() == set(HaltReason) - {HaltReason.UNREACHABLE}


@pytest.mark.parametrize("reason", FIRST)
def test_what_the_alert_says_leads_out(reason: HaltReason, world: UsageWorld, repository: NodeRepository) -> None:
    user, fault = consumed(world, repository), FAULTS[FIRST[reason]]
    fault.build(repository, user)
    assert [each.reason for each in world.run().halted] == [reason]

    for _ in range(fault.skips):
        advised = SKIP.search(said(world))
        assert advised is not None
        node_id, commit, path, number = advised.groups()
        assert (path is not None) == (reason in OF_A_LINE)
        at = None if number is None else int(number)
        world.service.skip(world.operator, node_id=node_id, commit=commit, reason="WHY", path=path, line=at)
        world.run()

    node = world.node()
    assert (node.state, node.last_commit, node.halts) == (NodeState.ACTIVE, repository.head, fault.skips)
    assert world.alerts() == [] and world.nodes.overview(world.operator)[0].advice is None
    resumed = world.told()[-1]
    assert (resumed["event"], resumed["commit_sha"]) == ("AggregationResumed", repository.head)
    world.audit()
    assert rebuilt(world.database, world.mirrors, cap=MUCH).differences == []


@pytest.mark.parametrize("name", ["edited old bytes", "force push", "merge", "corrupt line", "foreign key"])
def test_a_branch_that_is_brought_back_goes_on(name: str, world: UsageWorld, repository: NodeRepository) -> None:
    user, good = consumed(world, repository), repository.head
    FAULTS[name].build(repository, user)
    world.run()
    if name not in ("corrupt line", "foreign key"):
        good = str(world.node().last_commit)
        assert f"brought back to {good}, the last commit that was consumed, and it goes on by itself; or " in said(
            world
        )
    repository.git("reset", "-q", "--hard")
    repository.git("checkout", "-q", "-B", "main", good)
    assert (world.run().halted, world.node().state, world.alerts()) == ([], NodeState.ACTIVE, [])
    world.audit()
    assert rebuilt(world.database, world.mirrors, cap=MUCH).differences == []


def test_what_is_out_of_reach_says_so(world: UsageWorld, repository: NodeRepository, tmp_path: Path) -> None:
    consumed(world, repository)
    FAULTS["branch renamed"].build(repository, "")
    world.run()
    assert said(world).startswith(f"Have the branch main restored in {repository.url}, and it goes on by itself; or ")
    repository.git("branch", "-q", "-M", "master", "main")
    world.run()
    repository.folder.rename(tmp_path / "away")
    assert [each.reason for each in world.run().halted] == [HaltReason.UNREACHABLE]
    assert repository.url in said(world)
    (tmp_path / "away").rename(repository.folder)
    assert (world.run().halted, world.node().halts, world.alerts()) == ([], 2, [])


def test_metrics_count_halts_and_balances(world: UsageWorld, repository: NodeRepository) -> None:
    user = consumed(world, repository)
    FAULTS["corrupt line"].build(repository, user)
    world.run()
    world.run()
    numbers = {sample.name: sample.value for metric in world.metrics.collect() for sample in metric.samples}
    assert (numbers["usage_balances_updated_total"], numbers["usage_errors_total"]) == (1, 1), "told once"
