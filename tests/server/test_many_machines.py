"""Two web processes and two workers on one PostgreSQL: one is killed, one cut off; nothing is lost, nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from codegen.runtime.processes import told_to_end_with_us
from codegen.runtime.storage.database import Database
from handlers.ledger.statements import TAKE_TURN_POSTGRESQL
from handlers.usage.mirrors import Mirrors
from tests.server.cut_line import CutLine
from tests.server.node_repository import USED_AT, NodeRepository, line, make_key
from tests.server.site import ADMIN, COMMAND, SECRETS, Site
from tests.server.usage_world import UsageWorld
from tests.waiting import PATIENCE, wait_for

ROUNDS = int(os.environ.get("MACHINE_ROUNDS", "1"))
"""How often a worker is killed and another cut off; a round takes some ten seconds."""
NODES = 4
LINES = 2
"""Of a push, for each user."""
TASKS = 2
"""Of a worker at once."""
WAITING = "SELECT 1 FROM pg_locks WHERE relation = 'ledger_queue'::regclass AND NOT granted"
LIVING = "SELECT id FROM procrastinate.procrastinate_workers WHERE last_heartbeat > now() - interval '3 seconds'"


@pytest.fixture(scope="module")
def apart() -> list[str]:
    """What puts a program into a network of its own, where that is allowed; PostgreSQL and repositories are files."""
    command = ["unshare", "-n"]
    try:
        return command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []
    except FileNotFoundError:
        return []


class House:
    """The site, its database, its workers by name, and the nodes' repositories with what was pushed to them."""

    def __init__(self, folder: Path, url: str, apart: list[str]) -> None:
        self.folder, self.url, self.apart = folder, url, apart
        (folder / "clock").write_text(f"{USED_AT + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}")
        self.site = self.machine(url)
        self.site.command("migrate")
        self.database = Database.open(url)
        self.world = UsageWorld(self.database, Mirrors.below(folder / "none"))
        self.users = [self.world.user(dollars=100) for _ in range(2)]
        self.nodes = [self._node(f"n{number}") for number in range(NODES)]
        self.pushed = dict.fromkeys(self.users, 0)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.lines_of = dict.fromkeys((node.node_id for node in self.nodes), 0)

    def machine(self, url: str, name: str = "web") -> Site:
        """The settings of one machine: it has nothing in common with others but the database."""
        return Site(
            self.folder / name,
            url,
            WORKERS="2",
            WORKER_TASKS=str(TASKS),
            WORKER_SILENCE_SECONDS="3",
            AGGREGATE_CRON_INTERVAL_MS="1000",
            TEST_CLOCK=str(self.folder / "clock"),
        )

    def _node(self, name: str) -> NodeRepository:
        made = NodeRepository(self.folder / "nodes" / name, make_key(self.folder, f"key-{name}"), name)
        made.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"%s","schema":1}' % name.encode())
        made.commit()
        self.world.register(made)
        return made

    def push(self) -> None:
        """Usage of both users on every node."""
        for node in self.nodes:
            for user in self.users:
                begin = self.lines_of[node.node_id]
                node.append(*(line(begin + each, user, node_id=node.node_id) for each in range(1, LINES + 1)))
                self.lines_of[node.node_id] += LINES
                self.pushed[user] += LINES
            node.commit()

    def start(self, name: str, url: str | None = None) -> None:
        """A worker on a machine of its own."""
        machine = self.machine(url or self.url, name)
        machine.directory.mkdir()
        with machine.log.open("wb") as log:
            self.workers[name] = subprocess.Popen(
                [*self.apart, *COMMAND, "worker"], env=told_to_end_with_us(machine.environment), stdout=log, stderr=log
            )

    def log(self, name: str) -> str:
        return (self.folder / name / "server.log").read_text()

    def count(self, statement: str) -> int:
        return len(self.database.execute(statement))

    def consumed(self) -> bool:
        return all(self.world.node(each.node_id).last_commit == each.head for each in self.nodes)

    def nothing_lost_nothing_twice(self) -> None:
        """Each line is a record, and each user was charged what the lines cost."""
        for node in self.nodes:
            seqs = [each.local_seq for each in self.world.records(node.node_id)]
            assert sorted(seqs) == list(range(1, self.lines_of[node.node_id] + 1))
            assert int(self.world.node(node.node_id).duplicates) == 0
        for user, lines in self.pushed.items():
            cost = 11_000_000 * lines  # a cent, and a tenth of margin
            billing = self.world.ledger.billings.one({"user_sid": user})
            assert billing is not None and billing.credit_balance == 100 * 10**9 - cost
        self.world.audit()


@pytest.fixture
def house(postgresql_server: str, tmp_path: Path, apart: list[str]) -> Iterator[House]:
    name = f"many_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection, ExitStack() as stack:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        stack.callback(connection.execute, f'DROP DATABASE "{name}" WITH (FORCE)')
        made = House(tmp_path, postgresql_server.replace("/postgres?", f"/{name}?"), apart)
        stack.callback(made.database.close)
        yield made
        for each in made.workers.values():
            each.kill()
            each.wait()


@contextmanager
def line_to(url: str) -> Iterator[tuple[str, CutLine]]:
    """Another way to the same database, which can be cut, and the URL by which a worker takes it."""
    given = conninfo_to_dict(url)
    with tempfile.TemporaryDirectory(prefix="line-") as folder:  # short: the paths of sockets have an end
        socket = f".s.PGSQL.{given.get('port') or 5432}"
        cut = CutLine(Path(folder, socket), Path(str(given["host"]), socket))
        try:
            yield url.replace(str(given["host"]), folder), cut
        finally:
            cut.close()


def test_workers_are_killed_and_cut_off(house: House) -> None:
    house.push()
    with house.site.running(), line_to(house.url) as (cut_url, cut):
        house.start("0")
        house.start("cut off", cut_url)
        wait_for(lambda: house.count(LIVING) == 2, "two workers")
        wait_for(house.consumed, "the end of the first push")
        for number in range(ROUNDS):
            with psycopg.connect(house.url) as blocking:  # postings wait, in the middle of their transactions
                blocking.execute(TAKE_TURN_POSTGRESQL)
                house.push()
                wait_for(lambda: house.count(WAITING) > TASKS, "transactions of both")
                house.workers[f"{number}"].kill()
                house.workers[f"{number}"].wait()
                cut.cut()
            house.site.call("usage.aggregate_now", headers=ADMIN)  # the web, meanwhile
            house.push()
            house.start(f"{number + 1}")
            wait_for(house.consumed, "the end of what both were doing")
            house.nothing_lost_nothing_twice()

            cut.mend()
            house.push()
            wait_for(lambda: house.count(LIVING) == 2, "the one that was cut off, and the new one")
            wait_for(house.consumed, "the end of the last push")
            house.nothing_lost_nothing_twice()
    for name in ("cut off", f"{ROUNDS}"):
        house.workers[name].terminate()
        assert house.workers[name].wait(PATIENCE) == 0
    assert '"event":"worker"' in house.log("cut off"), "it told that the database was away"
    assert not [name for name in house.workers if SECRETS.search(house.log(name))]
    house.push()
    assert json.loads(house.site.command("worker", "--once")) == {"failed": []}
    assert house.consumed(), "one process alone does it, too"
    house.nothing_lost_nothing_twice()
