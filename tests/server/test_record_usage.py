"""`/record_usage` and `/admin/push-usage-now`: what operators' programs write into the logs that a site keeps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from falcon import testing

from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeKey, NodeState
from generated.tables.onboarding import NODE, STREAM_CURSOR
from handlers.app import build
from handlers.composition import load_settings
from handlers.node.errors import LogDamaged, NodeError, NotWritten
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.usage import NewUsage
from tests.git_repository import GitRepository
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.site import ADMIN, SECRET

LIMIT = 1_000_000
"""Cents."""
NOW = datetime(2026, 11, 20, 19, 5, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("quick_disk")


class Hosts:
    """A site that keeps the log of the node n1, and a user."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(f"sqlite:///{folder}/site.db")
        create_tables(self.database)
        self.forge = GitRepository.new(folder / "billing-n1.git")
        self.log = folder / "var/nodes/n1"
        made = init(self.log, "n1", self.forge.url)
        book = Book(self.database)
        book.clock.time = NOW
        self.clock, self.user = book.clock, book.user()
        self.nodes = Store.of(NODE, self.database)
        self.node = self.nodes.new(
            {
                "node_id": "n1",
                "repo_url": self.forge.url,
                "keys": [NodeKey(public_key=made.public_key, valid_from=book.clock.now())],
                "kinds": ["hero_os_hour", "llm_token"],
                "sets_prices": True,  # as `Registration` finds by the key of the log
            },
            book.clock.now(),
        )
        self.settings = load_settings(var_dir=folder / "var", database_url=self.database.url, admin_secret=SECRET)
        self.start()

    def start(self) -> None:
        """The site; once more, it knows nothing but what was kept."""
        site = build(self.settings, self.database, self.clock, log=Log(lambda _: None))
        self.client = testing.TestClient(site)

    def record(self, headers: dict[str, str] = ADMIN, **changes: Any) -> tuple[int, Any]:
        body = {
            "node_id": "n1",
            "user_sid": self.user,
            "amount_cents": 25,
            "resource_kind": "hero_os_hour",
            "idempotency_key": "job-1",
            "occurred_at": "2026-11-20T19:03:14Z",
        }
        given = {name: value for name, value in {**body, **changes}.items() if value is not None}
        answer = self.client.simulate_post("/record_usage", json=given, headers=headers)
        return answer.status_code, answer.json

    def call(self, method: str, **params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.client.simulate_post("/rpc", json=body, headers=ADMIN).json


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path)


def test_the_same_key_is_one_record(hosts: Hosts) -> None:
    status, first = hosts.record()
    assert status == 200 and (first["node_id"], first["local_seq"], first["duplicate"]) == ("n1", 1, False)
    assert hosts.record(occurred_at="2026-11-20T20:00:00Z") == (200, {**first, "duplicate": True}), "with a new time"
    params = {"node_id": "n1", "user_sid": hosts.user, "amount_cents": 25, "resource_kind": "hero_os_hour"}
    called = hosts.call("usage.record_usage", **params, idempotency_key="job-1", occurred_at="2026-11-20T19:03:14Z")
    assert called["result"] == {**first, "duplicate": True}
    status, other = hosts.record(amount_cents=26)
    assert (status, other["error"]) == (409, "conflict") and "number 1" in other["message"]
    status, second = hosts.record(idempotency_key="job-2", applies_to="llm", resource_kind="llm_token")
    assert (status, second["local_seq"]) == (200, 2)

    pushed = hosts.client.simulate_post("/admin/push-usage-now", headers=ADMIN)
    assert pushed.status_code == 200 and (pushed.json["records"], pushed.json["files"]) == (2, 1)
    assert pushed.json["commit"] == hosts.forge.git("rev-parse", "main") and not pushed.json["heartbeat"]
    assert hosts.call("usage.push_usage_now")["result"]["heartbeat"]
    name = hosts.forge.git("ls-tree", "--name-only", "main:usage")
    line = hosts.forge.git("cat-file", "-p", f"main:usage/{name}").split("\n")[1]
    assert '"amount_cents":25,"applies_to":"llm","idempotency_key":"job-2",' in line
    acts = hosts.database.execute("SELECT act, reason FROM operator_act ORDER BY position")
    assert [tuple(act) for act in acts] == [("usage.push_usage_now", "Usage pushed")] * 2
    assert audit(hosts.database) == []


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"amount_cents": -1}, 400, "amount_invalid"),
        ({"amount_cents": "25"}, 400, "invalid"),
        ({"amount_cents": 2**63}, 400, "invalid"),
        ({"idempotency_key": ""}, 400, "invalid"),
        ({"idempotency_key": None}, 400, "invalid"),
        ({"node_id": "../n1"}, 400, "invalid"),
        ({"applies_to": "gold"}, 400, "invalid"),
        ({"other": 1}, 400, "invalid"),
        ({"node_id": "n2"}, 404, "not_found"),
        ({"user_sid": "01JD4ZK7Q1M8"}, 404, "not_found"),
        ({"resource_kind": "vm_hour"}, 400, "kind_not_allowed"),
        ({"idempotency_key": "a\nb"}, 400, "invalid"),
        ({"headers": {}}, 401, "unauthorized"),
        ({"headers": {"X-Hero-Onboarding-Admin-Secret": "other"}}, 401, "unauthorized"),
    ],
    ids=str,
)
def test_what_is_not_recorded(hosts: Hosts, changes: dict[str, Any], status: int, slug: str) -> None:
    found, told = hosts.record(**changes)
    assert (found, told["error"]) == (status, slug)
    assert hosts.record()[1]["local_seq"] == 1


@pytest.mark.parametrize(
    "fault", [NotWritten("usage could not be written to n1/log: No space left on device"), LogDamaged("line 3")]
)
def test_what_the_disk_refuses_is_told(hosts: Hosts, monkeypatch: pytest.MonkeyPatch, fault: NodeError) -> None:
    """The program sends it again later, with the same key."""
    with monkeypatch.context() as patch:
        patch.setattr(UsageLog, "append", Mock(side_effect=fault))
        status, told = hosts.record()
        assert (status, told["error"], told["message"]) == (503, "busy", str(fault))
    assert hosts.record()[1]["local_seq"] == 1


def test_a_day_has_a_limit(hosts: Hosts) -> None:
    """For each user, whatever came again or was refused; what is recorded stays so, and is told again."""
    assert hosts.record(amount_cents=LIMIT - 1)[0] == 200
    status, told = hosts.record(amount_cents=2, idempotency_key="job-2")
    assert (status, told["error"]) == (409, "daily_limit")
    assert told["message"] == "999999 cents were recorded for this user today, and 1000000 are the most"
    assert hosts.record(amount_cents=LIMIT - 1)[1]["duplicate"] and hosts.record(amount_cents=LIMIT)[0] == 409
    assert hosts.record(amount_cents=1, idempotency_key="a\nb")[1]["error"] == "invalid"
    other = Book(hosts.database).user()
    assert hosts.record(user_sid=other, amount_cents=LIMIT, idempotency_key="job-3")[0] == 200
    assert hosts.record(amount_cents=1, idempotency_key="job-4")[0] == 200, "what was refused does not count"
    assert hosts.record(amount_cents=1, idempotency_key="job-4")[1]["duplicate"]
    assert hosts.record(amount_cents=0, idempotency_key="job-5")[0] == 200
    called = hosts.call(
        "usage.record_usage",
        node_id="n1",
        user_sid=hosts.user,
        amount_cents=1,
        resource_kind="hero_os_hour",
        idempotency_key="job-6",
        occurred_at="2026-11-20T19:03:14Z",
    )
    assert called["error"]["code"] == 1509
    assert called["error"]["data"] == {"error": "daily_limit", "limit_cents": LIMIT, "recorded_cents": LIMIT}
    hosts.database.execute("UPDATE recorded_day SET day = day - 1")
    assert hosts.record(amount_cents=LIMIT, idempotency_key="job-7")[0] == 200, "another day"
    assert audit(hosts.database) == []


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-10-16T19:04:59Z", "it lies more than 35 days before 2026-11-20T19:05:00Z"),
        ("2026-11-20T19:10:01Z", "it lies more than 5 minutes ahead of 2026-11-20T19:05:00Z"),
    ],
)
def test_a_time_that_is_out_of_bounds_is_refused_at_once(hosts: Hosts, at: str, told: str) -> None:
    """The aggregator would set it aside; nothing is recorded, nor counted, and the key stays free."""
    status, answer = hosts.record(occurred_at=at, amount_cents=LIMIT)
    assert (status, answer["error"], answer["message"]) == (409, "would_be_set_aside", told)
    status, answer = hosts.record(amount_cents=LIMIT)
    assert (status, answer["local_seq"], answer["duplicate"]) == (200, 1, False)
    assert hosts.record(occurred_at=at, amount_cents=LIMIT) == (200, {**answer, "duplicate": True}), "the same key"


def test_a_time_that_runs_back_is_refused_at_once(hosts: Hosts) -> None:
    """Against the latest time of the stream, not the last; also after a start, and behind what others wrote."""

    def recorded(key: str, at: str) -> int:
        return hosts.record(idempotency_key=key, occurred_at=f"2026-11-20T{at}Z")[0]

    assert [recorded("a", "19:04:00"), recorded("b", "18:58:59"), recorded("b", "18:59:00")] == [200, 409, 200]
    assert [recorded("c", "18:58:00"), recorded("a", "18:00:00")] == [409, 200], "the same key stays the same record"
    called = hosts.call(
        "usage.record_usage",
        node_id="n1",
        user_sid=hosts.user,
        amount_cents=25,
        resource_kind="hero_os_hour",
        idempotency_key="c",
        occurred_at="2026-11-20T18:58:00Z",
    )
    detail = "it lies more than 5 minutes before 2026-11-20T19:04:00Z, which its stream had reached"
    assert called["error"]["data"] == {"error": "would_be_set_aside", "reason": "time_out_of_bounds", "detail": detail}
    hosts.start()
    assert [recorded("c", "18:58:00"), recorded("c", "18:59:00")] == [409, 200]
    with UsageLog(hosts.log, hosts.clock) as log:
        log.append(NewUsage(hosts.user, "llm_token", Decimal(1), NOW))
    assert [recorded("d", "18:59:00"), recorded("d", "19:00:00")] == [409, 200]
    with closing(sqlite3.connect(hosts.log / "keys.db")) as keys:
        keys.executescript("ALTER TABLE place DROP COLUMN latest_at; PRAGMA user_version = 0")
    hosts.start()
    assert [recorded("e", "18:59:00"), recorded("d", "18:59:00")] == [409, 200], "an index of before is made anew"


def test_a_time_that_the_aggregator_set_aside_does_not_count(hosts: Hosts) -> None:
    """How far the stream has come is what the aggregator charged of it, and what it has not read yet."""
    hosts.record(occurred_at="2026-11-20T19:04:00Z")
    with UsageLog(hosts.log, hosts.clock) as log:
        log.append(NewUsage(hosts.user, "llm_token", Decimal(1), NOW + timedelta(hours=1)))
        stream_id = log.folder.stream_id
    assert hosts.record(occurred_at="2026-11-20T18:00:00Z", idempotency_key="job-2")[0] == 200, (
        "it is not known how far"
    )
    streams = Store.of(STREAM_CURSOR, hosts.database)
    stream = streams.new(
        {"node_id": "n1", "stream_id": stream_id, "last_seq": 1, "last_occurred_at": NOW - timedelta(hours=1)}, NOW
    )
    assert hosts.record(occurred_at="2026-11-20T17:00:00Z", idempotency_key="job-3")[0] == 409
    streams.patch(stream.sid, {"last_seq": 9})
    hosts.clock.time += timedelta(hours=2)
    assert hosts.record(occurred_at="2026-11-20T18:00:00Z", idempotency_key="job-3")[0] == 200, "20:05 was set aside"


def test_a_node_that_may_not_set_prices_records_none(hosts: Hosts) -> None:
    hosts.nodes.patch(hosts.node.sid, {"sets_prices": False})
    status, told = hosts.record()
    assert (status, told["error"]) == (409, "would_be_set_aside")
    assert told["message"] == "it brings its price, and the node may not set prices"


def test_a_retired_node_records_nothing_and_a_push_that_fails_is_told(hosts: Hosts) -> None:
    hosts.record()
    hosts.forge.path.rename(hosts.forge.path.with_name("away"))
    failed = hosts.client.simulate_post("/admin/push-usage-now", headers=ADMIN)
    assert (failed.status_code, failed.json["error"]) == (502, "push_failed")
    assert failed.json["message"] == "n1: there is no such repository"
    assert hosts.client.simulate_post("/admin/push-usage-now").status_code == 401
    hosts.nodes.patch(hosts.node.sid, {"state": NodeState.RETIRED})
    assert hosts.record()[1]["error"] == "node_retired"
