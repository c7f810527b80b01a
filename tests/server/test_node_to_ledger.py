"""From a node's log to a user's balance and back to the node's question: usage, its correction, a lost folder."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import NodeKey, NodeState
from generated.tables.onboarding import NODE
from handlers.node.allowances import Allowances, Leave
from handlers.node.init import Made, init
from handlers.node.log import UsageLog
from handlers.node.push import push
from handlers.node.usage import NewUsage
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import Mirrors
from tests.git_repository import GitRepository
from tests.server.test_allowances import Site
from tests.server.usage_world import KINDS, UsageWorld
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("quick_disk")

CENT = 10**7


@pytest.fixture
def world(database: Database, tmp_path: Path) -> UsageWorld:
    return UsageWorld(database, Mirrors.below(tmp_path / "mirrors", Limits(silence=PATIENCE), at_once=1))


def test_a_node_and_the_site_agree(world: UsageWorld, tmp_path: Path) -> None:
    forge, folder = GitRepository.new(tmp_path / "billing-n1.git"), tmp_path / "n1"
    nodes = Store.of(NODE, world.database)

    def key(made: Made) -> NodeKey:
        return NodeKey(public_key=made.public_key, valid_from=world.clock.now() - timedelta(hours=1))

    made = init(folder, "n1", forge.url, world.clock)
    node = nodes.new(
        {
            "node_id": "n1",
            "repo_url": forge.url,
            "keys": [key(made)],
            "kinds": KINDS,
            "root_commit": made.root_commit,
            "sets_prices": True,
        },
        world.clock.now(),
    )
    user = world.user(10, paid_at=world.clock.now())
    site = Site(world.book)
    allowances = Allowances(site, made.stream_id, world.clock)
    assert allowances.may_serve(user) == Leave(True, Decimal("15.00"))

    hour = NewUsage(user, "hero_os_hour", Decimal(1), interval_seconds=3600, key="hour-1")
    priced = NewUsage(user, "llm_token", Decimal(0), key="job-1", amount_cents=25)
    with UsageLog(folder, world.clock) as log:
        for usage, dollars in ((hour, "0.11"), (priced, "0.25"), (hour, "0")):
            logged = log.append(usage)
            if not logged.duplicate:
                allowances.logged(user, logged.local_seq, Decimal(dollars))
    assert allowances.may_serve(user) == Leave(True, Decimal("14.64")), "before the site knows of it"
    push(folder, world.clock)
    assert (report := world.run()).records_consumed == 2 and report.halted == [] and report.quarantined == 0
    assert [int(record.charge) for record in world.records()] == [11 * CENT, 25 * CENT]
    allowances.refresh()
    assert allowances.may_serve(user) == Leave(True, Decimal("14.64")), "the site says the same now"

    world.clock.time += timedelta(minutes=10)
    with UsageLog(folder, world.clock) as log:
        assert log.void("hour-1").local_seq == 3
    push(folder, world.clock)
    assert push(folder, world.clock).heartbeat
    assert (report := world.run()).records_consumed == 1 and report.quarantined == 0
    allowances.refresh()
    assert allowances.may_serve(user) == Leave(True, Decimal("14.75")), "what was taken back"

    shutil.rmtree(folder)
    again = init(folder, "n1", forge.url, world.clock)
    nodes.patch(node.sid, {"keys": [key(made), key(again)]})
    with UsageLog(folder, world.clock) as log:
        known = log.append(hour)
        assert known.duplicate and known.stream_id == made.stream_id, "it knows the keys of the one that was lost"
        log.append(hour._replace(key="hour-2"))
    push(folder, world.clock)
    assert (report := world.run()).records_consumed == 1 and report.halted == []
    assert world.node().state == NodeState.ACTIVE
    assert world.ledger.balances(user)["purchased"] == -(Money(10 * 10**9) - 36 * CENT)
    world.audit()
