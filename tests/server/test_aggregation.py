"""What becomes of the lines of good repositories: charged once, by their own time, or set aside; on both databases."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import NodeExists, NotHalted, QuarantineDecided
from generated.models.onboarding import AllocationStatus, AuditFinding, Node, QuarantineReason
from generated.tables.onboarding import OPERATOR_ACT, VM_ALLOCATION
from handlers.usage.aggregator import LEASE
from handlers.usage.mirrors import Mirrors
from handlers.work.leases import Leases
from tests.server.audited import audit
from tests.server.node_repository import FILE, USED_AT, NodeRepository, hours, line, make_key
from tests.server.usage_world import UsageWorld

CENT = 10_000_000
Q = QuarantineReason


@pytest.fixture
def world(database: Database, tmp_path: Path, fetching: Mirrors) -> UsageWorld:
    return UsageWorld(database, Mirrors(tmp_path / "mirrors", fetching.fetchers))


@pytest.fixture
def repository(tmp_path: Path) -> NodeRepository:
    return NodeRepository(tmp_path / "n1", make_key(tmp_path))


def machine(world: UsageWorld, user: str) -> str:
    """The sid of a machine that a user had."""
    values = {
        "user_sid": user,
        "sku": "hero-os-2gb",
        "status": AllocationStatus.RELEASED,
        "cost_cents": 0,
        "provider": "other",
        "allocated_at": USED_AT,
        "expires_at": USED_AT + timedelta(days=30),
        "released_at": USED_AT + timedelta(days=1),
    }
    return Store.of(VM_ALLOCATION, world.database).new(values, USED_AT).sid  # type: ignore[arg-type]


def charges(world: UsageWorld) -> list[int]:
    return [int(record.charge) for record in world.records()]


def test_files_are_read_in_the_order_in_which_they_were_written(world: UsageWorld, repository: NodeRepository) -> None:
    """The order of their names is another one: `.1`, `.10`, `.2`, and at last the first file of the hour."""
    user = world.user(1)
    world.register(repository)
    stem = FILE.removesuffix(".jsonl")
    parts = (FILE, *(f"{stem}.{number}.jsonl" for number in range(1, 12)), stem.replace("-20-20", "-20-21") + ".jsonl")
    for seq, path in enumerate(parts, 1):
        repository.append(line(seq, user), path=path)
    repository.commit()
    report = world.run()
    assert (report.records_consumed, report.halted) == (13, [])
    assert [record.path for record in world.records()] == list(parts)
    world.audit()


def test_one_commit_takes_no_lease_and_more_of_them_give_it_back(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.append(line(1, user))
    repository.commit()
    assert world.run().commits == 1
    assert world.database.execute("SELECT holder FROM lease") == []
    for seq in (2, 3):
        repository.append(line(seq, user))
        repository.commit()
    assert world.run().commits == 2
    assert not Leases(world.database, world.clock, "other").held_by_another("usage:n1", LEASE)
    world.audit()


def test_a_repository_that_somebody_else_reads_is_left_alone(world: UsageWorld, repository: NodeRepository) -> None:
    user, theirs = world.user(1), Leases(world.database, world.clock, "theirs")
    world.register(repository)
    repository.append(line(1, user))
    repository.commit()
    assert theirs.take("usage:n1", LEASE)
    assert (world.run().commits, world.records()) == (0, [])
    theirs.release("usage:n1")
    assert world.run().commits == 1
    world.audit()


def test_lines_are_charged_once_at_the_tier_of_their_own_time(world: UsageWorld, repository: NodeRepository) -> None:
    """A call that cost a cent costs 1.1 cents, half of that after a week."""
    early, late = world.user(1), world.user(1, paid_at=USED_AT - timedelta(days=8))
    world.register(repository)
    repository.push(line(1, early), line(2, late), line(3, early, amount_cents=7, cost=None))
    repository.commit()
    report = world.run()
    assert (report.repositories, report.commits, report.records_consumed) == (1, 2, 3)
    assert (report.duplicates, report.quarantined, report.balances_updated, report.halted) == (0, 0, 2, [])
    assert charges(world) == [CENT * 11 // 10, CENT * 11 // 20, 7 * CENT]
    first, second, _ = world.records()
    assert (first.commit, first.path, first.line) == (repository.git("rev-parse", "HEAD~1"), FILE, 1)
    assert (second.tier, second.list_charge, second.margin_bp) == ("week", 11_000_000, 1000)
    assert world.book.balance(early) == 100 * CENT - 8_1 * CENT // 10
    [day] = world.days(late)
    assert (day.records, int(day.quantity), int(day.charge), int(day.discount)) == (1, 1000, 5_500_000, 5_500_000)
    assert world.node().last_seen_at == repository.at
    assert world.run().commits == 0
    world.audit()


def test_a_line_that_comes_again_is_counted_and_not_charged(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user), line(2, "01JD4ZK7Q1M80000000000000X"))
    world.run()
    repository.push(line(1, user), line(2, "01JD4ZK7Q1M80000000000000X"), line(3, user), line(3, user))
    report = world.run()
    assert (report.records_consumed, report.duplicates, report.quarantined) == (1, 3, 0)
    assert (len(charges(world)), len(world.quarantine())) == (2, 1)
    world.audit()


@pytest.mark.parametrize(("count", "bad"), [(540, 400), (2540, 400), (2540, 1400), (2540, 2500)])
def test_many_lines_of_a_commit_are_kept_in_their_order_or_none(
    world: UsageWorld, repository: NodeRepository, count: int, bad: int
) -> None:
    """More than are written by one statement, or while others are read; one of them with the key of another."""
    user = world.user(1)
    world.register(repository)
    keys = {seq: f"key-{3 if seq == bad else seq}" for seq in range(1, count + 1)}
    repository.push(*(line(seq, user, idempotency_key=key) for seq, key in keys.items()))
    [halted] = world.run().halted
    assert halted.reason == "content_conflict" and f":{bad}:" in halted.detail and world.records() == []
    world.skip(line=bad)
    assert world.run().records_consumed == count - 1
    kept = world.database.execute("SELECT line FROM usage_record ORDER BY sid")
    assert [place for (place,) in kept] == [seq for seq in keys if seq != bad]
    assert world.book.balance(user) == 100 * CENT - (count - 1) * CENT * 11 // 10
    world.audit()


def test_what_is_not_sure_is_set_aside_and_the_commit_goes_on(world: UsageWorld, repository: NodeRepository) -> None:
    user, other = world.user(1), world.user(1)
    mine, theirs = machine(world, user), machine(world, other)
    world.register(repository, kinds=["llm_token", "hero_os_hour", "moon_hour"])
    now = world.clock.time
    lines = [
        (hours(1, user, mine), None),
        (line(2, "01JD4ZK7Q1M80000000000000X", occurred_at="2026-05-20T21:00:00Z"), Q.UNKNOWN_USER),
        (line(3, user, resource_kind="vm_hour", quantity="1"), Q.KIND_NOT_ALLOWED),
        (line(4, user, occurred_at=f"{now + timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}"), Q.TIME_OUT_OF_BOUNDS),
        (line(5, user, occurred_at=f"{now - timedelta(days=36):%Y-%m-%dT%H:%M:%SZ}"), Q.TIME_OUT_OF_BOUNDS),
        (line(6, user), Q.TIME_OUT_OF_BOUNDS),  # an hour before the first line
        (hours(7, user, theirs, occurred_at="2026-05-20T21:00:00Z"), Q.FOREIGN_INSTANCE),
        (hours(8, user, mine, occurred_at="2026-05-20T21:30:00Z"), Q.INTERVAL_OVERLAP),
        (hours(9, user, mine, occurred_at="2026-05-20T22:00:00Z", quantity="1.01"), Q.IMPLAUSIBLE),
        (line(10, user, resource_kind="moon_hour", occurred_at="2026-05-20T21:58:00Z"), Q.UNKNOWN_PRICE),
        (line(11, user, cost=None, occurred_at="2026-05-20T21:59:00Z"), Q.UNKNOWN_PRICE),
        (line(12, user, void="n1/none", occurred_at="2026-05-20T21:59:00Z"), Q.IMPLAUSIBLE),
        (hours(13, user, mine, occurred_at="2026-05-20T22:00:00Z"), None),
    ]
    repository.push(*(record for record, _ in lines))
    report = world.run()
    aside = {each.line: each.reason for each in world.quarantine()}
    assert aside == {number: reason for number, (_, reason) in enumerate(lines, 1) if reason is not None}
    assert (report.records_consumed, report.quarantined, report.halted) == (2, 11, [])
    assert charges(world) == [11 * CENT, 11 * CENT]
    assert world.book.balance(user) == 78 * CENT
    world.audit()


def test_an_operator_accepts_a_line_or_rejects_it_once(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(
        line(1, user, occurred_at="2026-04-01T00:00:00Z"),
        line(2, user, occurred_at="2026-04-01T00:00:00Z"),
        line(3, "01JD4ZK7Q1M80000000000000X"),
    )
    world.run()
    old, older, unknown = world.quarantine()
    accepted = world.service.quarantine_accept(world.operator, sid=old.sid, reason="late")
    rejected = world.service.quarantine_reject(world.operator, sid=older.sid, reason="too late")
    assert (accepted.state, rejected.state, accepted.act_sid is not None) == ("accepted", "rejected", True)
    for decided in (accepted, rejected):
        with pytest.raises(QuarantineDecided):
            world.service.quarantine_accept(world.operator, sid=decided.sid, reason="again")
    with pytest.raises(Conflict, match="there is no user"):
        world.service.quarantine_accept(world.operator, sid=unknown.sid, reason="who?")
    [record] = world.records()
    assert (record.charge, record.occurred_at.day, record.line) == (11_000_000, 1, 1)
    assert world.book.balance(user) == 100 * CENT - 11_000_000
    assert world.nodes.overview(world.operator)[0].quarantined == 1
    world.audit()


def test_a_record_is_taken_back_once(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    mine = machine(world, user)
    world.register(repository)
    repository.push(hours(1, user, mine), line(2, user, occurred_at="2026-05-20T21:01:00Z"))
    world.run()
    later = "2026-05-20T21:02:00Z"
    repository.push(
        line(3, user, void="n1/5f0c/1", occurred_at=later),
        line(4, user, void="n1/5f0c/1", occurred_at=later),
        line(5, user, void="n1/5f0c/3", occurred_at=later),
        hours(6, user, mine, quantity="0.5", interval_seconds=1800, occurred_at="2026-05-20T21:00:00Z"),
    )
    report = world.run()
    assert (report.records_consumed, report.quarantined) == (2, 2)
    assert charges(world) == [11 * CENT, 11_000_000, -11 * CENT, 11 * CENT // 2]
    assert world.book.balance(user) == 100 * CENT - 11_000_000 - 11 * CENT // 2
    assert {(day.resource_kind, day.records, int(day.charge)) for day in world.days(user)} == {
        ("hero_os_hour", 1, 11 * CENT // 2),
        ("llm_token", 1, 11_000_000),
    }
    world.audit()


def test_usage_posts_whatever_the_balance_is(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user()
    world.register(repository)
    repository.push(line(1, user, cost="3"))
    world.run()
    assert world.book.balance(user) == -330 * CENT
    world.audit()


def test_an_unterminated_line_waits_for_its_end(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.append(line(1, user))
    whole = (repository.folder / FILE).read_bytes()
    repository.write(FILE, whole[:50])
    repository.commit()
    assert (world.run().commits, charges(world)) == (1, [])
    repository.write(FILE, whole)
    repository.commit()
    assert (world.run().records_consumed, len(charges(world))) == (1, 1)


def test_nodes_are_registered_revoked_and_retired(world: UsageWorld, repository: NodeRepository) -> None:
    user, call = world.user(1), world.operator

    def register(public_key: str, repo_url: str = repository.url, valid_from: datetime | None = None) -> Node:
        return world.nodes.register(
            call, node_id="n1", repo_url=repo_url, public_key=public_key, kinds=["llm_token"], valid_from=valid_from
        )

    register(repository.public_key)
    with pytest.raises(NodeExists):
        register(repository.public_key, "file:///elsewhere")
    repository.push(line(1, user))
    assert world.run().records_consumed == 1
    new = NodeRepository(repository.folder.parent / "new", make_key(repository.folder.parent, "new-key"))
    assert len(register(new.public_key, valid_from=USED_AT).keys) == 2
    why = "the disk was sold"
    world.nodes.revoke_key(call, node_id="n1", public_key=repository.public_key, valid_until=repository.at, reason=why)
    acts = Store.of(OPERATOR_ACT, world.database).list_full(10)["items"]
    assert [each.reason for each in acts] == ["no reason given", "no reason given", why]
    repository.push(line(2, user))
    assert "was not valid" in world.run().halted[0].detail
    with pytest.raises(NotHalted):
        world.service.skip(call, node_id="n1", commit="0" * 40, reason="a mistake")
    [shown] = world.nodes.overview(call)
    assert (shown.unapplied_commits, shown.silent, shown.node.state) == (1, False, "halted")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.key = new.key
    repository.push(line(2, user))
    assert world.run().records_consumed == 1
    world.nodes.retire(call, node_id="n1", reason="sold")
    repository.push(line(3, user))
    assert (world.run().repositories, len(world.records()), world.alerts()) == (0, 2, [])
    world.audit()


def test_a_silent_node_is_told_of_once_until_it_is_heard_again(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    world.run()
    assert (world.watch.run_once(), world.alerts()) == (0, [])
    world.clock.time += timedelta(hours=3)
    assert (world.watch.run_once(), world.watch.run_once()) == (1, 0)
    assert [(each.kind, each.subject, each.count) for each in world.alerts()] == [("node_silent", "n1", 1)]
    assert [each["event"] for each in world.told()] == ["NodeSilent"]
    numbers = {sample.name: sample.value for metric in world.metrics.collect() for sample in metric.samples}
    assert (numbers["usage_records_total"], numbers["usage_nodes_silent"]) == (1, 1)
    assert numbers["usage_node_lag_seconds"] == (world.clock.time - repository.at).total_seconds()
    repository.at = world.clock.time
    repository.commit()
    world.run()
    assert (world.watch.run_once(), world.alerts()) == (1, [])


def test_the_audit_notices_what_differs(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1, paid_at=USED_AT - timedelta(days=8))
    world.register(repository)
    repository.push(line(1, user), line(2, user))
    world.run()
    world.audit()
    for change in (
        "UPDATE daily_usage SET charge = charge + 1",
        "UPDATE daily_usage SET discount = discount + 1",
        "UPDATE consumed_commit SET charge = charge + 1",
        "UPDATE consumed_commit SET records = 3",
        "DELETE FROM consumed_commit",
        "DELETE FROM stream_cursor",
        "UPDATE usage_record SET charge = charge + 1 WHERE line = 1",
        "UPDATE usage_record SET list_charge = list_charge + 1",
        "UPDATE usage_record SET category = 'vm' WHERE line = 1",
        "DELETE FROM usage_record WHERE line = 2",
        "UPDATE ledger_entry SET amount = 1 WHERE account = 'discount'",
    ):
        assert any(found.check == "usage" for found in found_after(world.database, change)), change
    assert found_after(world.database, "UPDATE notice SET read_at = NULL") == []


def found_after(database: Database, change: str) -> list[AuditFinding]:
    """What the audit finds when this was done, which is undone again."""
    found: list[AuditFinding] = []
    with suppress(Undone), database.transaction():
        if database.dialect == "sqlite":
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                database.execute(f'DROP TRIGGER "{name}"')
        else:
            database.execute("SET LOCAL session_replication_role = replica")
        database.execute(change)
        found += audit(database)
        raise Undone
    return found


class Undone(Exception):
    """Ends a transaction that is not to be kept."""
