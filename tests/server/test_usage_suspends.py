"""Usage that is consumed by the command does to its users what usage does: alerts, and services that are suspended."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.runtime.clock import follow
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import NOTICE
from handlers.usage.commands.aggregate import command
from handlers.usage.mirrors import Mirrors
from tests.server.node_repository import USED_AT, NodeRepository, line, make_key
from tests.server.usage_world import UsageWorld


def test_a_debt_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    mirrors = Mirrors.below(tmp_path / "unused", at_once=1)
    world = UsageWorld(database, mirrors)
    users = [world.user(dollars) for dollars in (9, 1, 20)]
    repository = NodeRepository(tmp_path / "n1", make_key(tmp_path))
    world.register(repository)
    repository.push(*(line(seq, user, cost="6") for seq, user in enumerate(users, start=1)))
    repository.commit()
    clock = tmp_path / "clock"
    clock.write_text((USED_AT + timedelta(hours=2)).isoformat())
    os.utime(clock)
    for name, value in {"TEST_CLOCK": clock, "VAR_DIR": tmp_path, "DATABASE_URL": database.url}.items():
        monkeypatch.setenv(f"HERO_ONBOARDING_{name}", str(value))
    try:
        done = CliRunner().invoke(command, ["--once"])
    finally:
        follow(None)
        mirrors.close()
    assert done.exit_code == 0, done.output
    notices = Store.of(NOTICE, database)
    told = [[each.kind for each in notices.find({"user_sid": user})["items"]] for user in users]
    assert told == [["low_balance"], ["services_suspended"], []]
    world.audit()
    database.close()
