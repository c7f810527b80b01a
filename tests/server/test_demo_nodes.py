"""The demo's nodes: whoever has credit uses a little, which is billed; nobody is led into debt."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from handlers import domain
from handlers.composition import load_settings
from handlers.demo_data import DemoSecrets
from handlers.identity.api_keys import ApiKeys
from handlers.node import demo
from handlers.node.demo_node import PAUSE, DemoNode
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import Mirrors
from tests.server.test_allowances import Site
from tests.server.usage_world import UsageWorld
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("quick_disk")


def test_who_has_credit_uses_a_little(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/demo.db")
    mirrors = Mirrors.below(tmp_path / "mirrors", Limits(silence=PATIENCE), at_once=1)
    world = UsageWorld(database, mirrors)
    settings = load_settings(var_dir=tmp_path, database_url=database.url)
    secrets = DemoSecrets(tmp_path)
    site = domain.Site(settings=settings, database=database, clock=world.clock, log=Log(lambda _: None), domains=())
    assert demo.fill(site, secrets) == demo.fill(site, secrets), "a second start finds what the first made"
    keys = ApiKeys(database, world.clock)
    callers = [keys.caller(secrets.get(demo.secret_name(each), lambda: "")) for each in demo.KINDS]
    assert [caller.sid for caller in callers if caller is not None] == list(demo.KINDS)

    payer, poor = world.user(3, paid_at=world.clock.now()), world.user()
    world.book.charge(payer, "c1", 2 * 10**9 - 1)  # $1 is left, and what may be owed
    nodes = [
        DemoNode(demo.node_folder(tmp_path, node_id), kind, Site(world.book), world.clock)
        for node_id, kind in demo.KINDS.items()
    ]
    for _ in range(2):
        assert [pushed.records for node in nodes if (pushed := node.turn()) is not None] == [1, 1]
        assert [node.turn() for node in nodes] == [None, None], "not before the pause is over"
        world.clock.time += PAUSE
    report = world.run()
    assert (report.records_consumed, report.quarantined, report.halted) == (4, 0, [])
    assert {record.user_sid for node_id in demo.KINDS for record in world.records(node_id)} == {payer}
    assert world.days(poor) == []
    world.book.charge(payer, "c2", 5 * 10**9)  # less than a dollar is left until services are suspended
    assert [node.turn() for node in nodes] == [None, None]
    world.clock.time += timedelta(hours=1)
    assert all(pushed.heartbeat for node in nodes if (pushed := node.turn()) is not None)
    world.audit()
    mirrors.close()
