"""What a malicious node can put into its repository: nobody is charged wrongly, and the others go on."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pygit2
import pytest

from codegen.runtime.errors import Conflict, InvalidParams
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    GitCredentials,
    HaltReason,
    NodeState,
    QuarantineReason,
    RepositoryHalt,
    UsageLayout,
)
from generated.tables.onboarding import OPERATOR_ACT
from handlers.usage import aggregator, changes, history, reading
from handlers.usage.consumption import Overtaken
from handlers.usage.mirrors import Mirrors
from tests.server.node_repository import USED_AT, NodeRepository, hours, line, make_key
from tests.server.test_aggregation import machine
from tests.server.usage_world import UsageWorld

Q = QuarantineReason
BATCH = "nodes/n1/usage_2026-05-20-20.otoml"


@pytest.fixture
def world(tmp_path: Path, fetching: Mirrors) -> Iterator[UsageWorld]:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("PRAGMA synchronous = off")
    yield UsageWorld(database, Mirrors(tmp_path / "mirrors", fetching.fetchers))
    database.close()


@pytest.fixture
def repository(tmp_path: Path) -> NodeRepository:
    return NodeRepository(tmp_path / "n1", make_key(tmp_path))


def halted(world: UsageWorld) -> RepositoryHalt:
    """Why the one repository stands still after a run."""
    [halt] = world.run().halted
    return halt


def test_no_line_fills_the_accounts_of_the_house(
    world: UsageWorld, repository: NodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All usage is posted to the same few accounts of the house: one that is full would stop every node."""
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user, cost="9" * 38), line(2, user, cost="8000000000"), line(3, user, cost="9000"))
    report = world.run()
    assert (report.records_consumed, report.quarantined, report.halted) == (1, 2, [])
    waiting = world.quarantine()
    assert [each.reason for each in waiting] == [Q.IMPLAUSIBLE, Q.IMPLAUSIBLE]
    assert waiting[1].detail == "it costs more than 10,000 dollars"
    with pytest.raises(Conflict):
        world.service.quarantine_accept(world.operator, sid=waiting[0].sid, reason="a test")
    world.audit()

    monkeypatch.setattr(reading, "MOST_CHARGE", 10**10)
    repository.push(*(line(seq, user, cost="4000000000") for seq in (4, 5, 6)))
    halt = halted(world)
    assert (halt.reason, "cannot be charged" in halt.detail) == (HaltReason.FORBIDDEN_CHANGE, True)
    world.skip()
    assert world.run().halted == [], "an operator can go on behind it"
    world.audit()


def test_no_hour_of_a_machine_is_charged_twice(world: UsageWorld, repository: NodeRepository) -> None:
    """Nor are hours without an interval, nor more of them than are taken from any node."""
    user = world.user(100)
    world.register(repository)
    mine, at = machine(world, user), f"{USED_AT + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    early = f"{USED_AT + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    repository.push(
        hours(1, user, mine, interval_seconds=None, occurred_at=early),
        hours(2, user, mine, interval_seconds=None, occurred_at=at),
        hours(3, user, mine, interval_seconds=None, occurred_at=at),
        hours(4, user, mine, interval_seconds=1800, quantity="0.5", occurred_at=at),
        hours(5, user, mine, interval_seconds=2**32 - 1, quantity="1000000", occurred_at=at),
    )
    assert world.run().records_consumed == 2
    assert [each.reason for each in world.quarantine()] == [
        Q.INTERVAL_OVERLAP,
        Q.INTERVAL_OVERLAP,
        Q.TIME_OUT_OF_BOUNDS,
    ]
    world.audit()


def test_a_stream_that_begins_with_a_line_that_is_set_aside_goes_on(
    world: UsageWorld, repository: NodeRepository
) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, "01JD4ZK7Q1M80000000000000X"))
    assert world.run().quarantined == 1
    repository.push(line(2, user))
    report = world.run()
    assert (report.records_consumed, report.quarantined) == (1, 0), "its time is judged by no line that did not count"
    world.audit()


def test_a_commit_of_no_time_can_be_skipped(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    assert world.run().commits == 1
    for when in ("99999999999999", "9223372036854775807"):
        head, tree = repository.head, repository.git("rev-parse", "HEAD^{tree}")
        who = f"n1 <n1@nodes.invalid> {when} +0000"
        content = f"tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n\nusage\n"
        repository.git("reset", "-q", "--hard", repository.object("commit", content))
        assert halted(world).reason == HaltReason.FORBIDDEN_CHANGE
        world.skip()
        report = world.run()
        assert (report.commits, report.halted, world.alerts()) == (1, [], [])
    world.audit()


def test_folders_that_stand_for_each_other_are_not_listed(world: UsageWorld, repository: NodeRepository) -> None:
    """A few hundred bytes that name a million files, and with each hundred more ten times as many."""
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    assert world.run().commits == 1
    blob, usage = repository.git("hash-object", "-w", "--stdin", given=""), repository.git("rev-parse", "HEAD:usage")
    bomb = repository.object("tree", "".join(f"100644 blob {blob}\tf{each}\n" for each in range(10)))
    for _ in range(5):
        bomb = repository.object("tree", "".join(f"040000 tree {bomb}\td{each}\n" for each in range(10)))
    root = repository.object("tree", f"040000 tree {bomb}\tbomb\n040000 tree {usage}\tusage\n")
    made = repository.git("commit-tree", "-S", "-p", "HEAD", "-m", "usage", root)
    repository.git("update-ref", "refs/heads/main", made)
    halt = halted(world)
    assert (halt.reason, "in one another" in halt.detail) == (HaltReason.FORBIDDEN_CHANGE, True)


@pytest.mark.parametrize(
    "wrong, reason",
    [
        ("quantity = 1e999999999\n", HaltReason.PARSE_ERROR),
        ("quantity = 'x'\n", HaltReason.PARSE_ERROR),
        ("local_seq = 1e999999999\n", HaltReason.PARSE_ERROR),
        ("occurred_at = 0001-01-01T00:00:00+01:00\n", HaltReason.PARSE_ERROR),
        ("stream_id = 's'\nlocal_seq = 5\n", HaltReason.CONTENT_CONFLICT),
    ],
)
def test_a_batch_that_is_none_stops_its_node(
    world: UsageWorld, repository: NodeRepository, wrong: str, reason: HaltReason
) -> None:
    """A number of a thousand million digits, none at all, a time before all times, the number of another record."""
    user = world.user(1)
    world.register(repository, layout=UsageLayout.SHARED)
    rest = f"node_id = 'n1'\nuser_sid = '{user}'\namount_cents = 1\nresource_kind = 'hero_os_hour'\n"
    at = "" if "occurred_at" in wrong else "occurred_at = '2026-05-20T20:30:00Z'\n"
    records = (f"[[records]]\nidempotency_key = '{key}'\n{rest}{at}{wrong}" for key in "ab")
    repository.write(BATCH, "".join(records).encode())
    repository.commit()
    assert halted(world).reason == reason
    assert world.records() == []


def test_a_key_that_is_revoked_while_its_commits_are_read_is_good_no_longer(
    world: UsageWorld, repository: NodeRepository
) -> None:
    """A run reads the nodes at its beginning, and may be long."""
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    repository.push(line(2, user))
    node, aggregator = world.node(), world.aggregator
    head = aggregator._fetched(node)
    commits = aggregator._repositories.consume(node, head, lambda: True)
    next(commits)
    stolen_at = USED_AT + timedelta(minutes=30)
    key = repository.public_key
    world.nodes.revoke_key(world.operator, node_id=node.node_id, public_key=key, valid_until=stolen_at)
    with pytest.raises(Overtaken):
        next(commits)
    assert halted(world).reason == HaltReason.BAD_SIGNATURE
    assert len(world.records()) == 1
    world.audit()


@pytest.mark.parametrize(
    "address",
    [
        "https://reader:s3cret@git.example/hero/billing-n1.git",
        "https://git.example/n1.git?token=s3cret",
        "ssh://git.example/x",
    ],
)
def test_no_secret_is_registered_with_an_address(world: UsageWorld, repository: NodeRepository, address: str) -> None:
    with pytest.raises(InvalidParams) as refused:
        world.nodes.register(
            world.operator, node_id="n1", repo_url=address, public_key=repository.public_key, kinds=["llm_token"]
        )
    assert "s3cret" not in str(refused.value) + str(refused.value.errors)
    assert Store.of(OPERATOR_ACT, world.database).list_full(10)["items"] == []


def test_a_commit_is_not_read_that_is_too_much(
    world: UsageWorld, repository: NodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither many files that are allowed each, nor a message without end."""
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    assert world.run().commits == 1
    with monkeypatch.context() as patched:
        patched.setattr(changes, "MOST_CHANGED", 300)
        repository.append(line(2, user), path="usage/a.jsonl")
        repository.push(line(3, user), path="usage/b.jsonl")
        assert "more than 300 bytes" in halted(world).detail
    assert world.run().records_consumed == 2
    repository.at += timedelta(seconds=1)
    repository.git("commit", "-q", "--allow-empty", "-m", "m" * 5000)
    with monkeypatch.context() as patched:
        patched.setattr(history, "LARGEST", 2000)
        assert "larger than 2000 bytes" in halted(world).detail
        world.skip()
        assert (world.run().halted, world.node().last_commit) == ([], repository.head)
    world.audit()


def test_a_repository_of_very_many_commits_holds_up_no_other(
    world: UsageWorld, repository: NodeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "TURN_COMMITS", 3)
    user = world.user(1)
    world.register(repository)
    other = NodeRepository(tmp_path / "n2", make_key(tmp_path, "key-2"), "n2")
    world.register(other)
    for seq in range(1, 11):
        repository.push(line(seq, user))
    other.push(line(1, user, node_id="n2"))
    assert world.aggregator.run_once() == 4, "a turn of each"
    assert world.node().last_commit == repository.git("rev-parse", "HEAD~7")
    report = world.run()
    assert (report.commits, report.records_consumed, report.halted) == (7, 7, []), "as many turns as it takes"
    repository.push(line(11, user))
    repository.push(line(13, user))
    for seq in (14, 15, 16):
        repository.push(line(seq, user))
    assert halted(world).reason == HaltReason.SEQUENCE_GAP
    world.skip()
    assert (world.run().commits, world.node().state) == (4, NodeState.ACTIVE)
    world.audit()


def test_commits_without_end_are_not_walked(
    world: UsageWorld, repository: NodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST", 5)
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    world.run()
    for _ in range(8):
        repository.commit()
    assert "more than 5 commits came at once" in halted(world).detail
    world.skip()
    assert (world.run().halted, world.node().last_commit) == ([], repository.head)
    repository.push(line(2, user))
    assert world.run().records_consumed == 1
    world.audit()


def test_lines_that_have_nothing_in_common_need_no_more_memory(
    world: UsageWorld, repository: NodeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What grows with them is written down meanwhile; it comes to the same."""
    users = [world.user(1) for _ in range(4)]
    mine = [machine(world, user) for user in users]
    streams = [f"s{number}" for number in range(7)]
    lines = []
    for number in range(60):
        user, stream = users[number % 4], streams[number % 7]
        seq = number // 7 + 1
        given: dict[str, object] = {"stream_id": stream, "model": f"m{number % 5}"}
        if number % 9 == 3:
            given |= {"void": f"n1/{streams[(number - 3) % 7]}/{(number - 3) // 7 + 1}", "quantity": "0", "cost": None}
        lines.append(line(seq, "01JD4ZK7Q1M80000000000000X" if number % 11 == 5 else user, **given))
    lines += [hours(seq, users[seq % 4], mine[seq % 4], stream_id="hours", occurred_at=_at(seq)) for seq in range(1, 9)]
    world.register(repository)
    repository.push(*lines)
    usual = world.run()
    assert usual.halted == [] and usual.quarantined > 6

    monkeypatch.setattr(reading, "CHUNK", 4)
    monkeypatch.setattr(reading, "MOST_KEPT", 6)
    database = Database.open(f"sqlite:///{tmp_path}/other.db")
    other = UsageWorld(database, Mirrors(tmp_path / "other", world.mirrors.fetchers))
    for user in users:
        other.user(1, sid=user)
    for user, sid in zip(users, mine, strict=True):
        _same_machine(other, user, sid)
    other.register(repository)
    report = other.run()
    counted = ("records_consumed", "duplicates", "quarantined", "balances_updated")
    assert [getattr(report, name) for name in counted] == [getattr(usual, name) for name in counted]
    for user in users:
        days = [
            [(each.model, each.records, each.quantity, each.charge) for each in w.days(user)] for w in (world, other)
        ]
        assert sorted(days[0]) == sorted(days[1])
        assert world.book.balance(user) == other.book.balance(user)
    assert [each.local_seq for each in other.records()] == [each.local_seq for each in world.records()]
    world.audit()
    other.audit()
    database.close()


def _at(seq: int) -> str:
    return f"{USED_AT + timedelta(hours=1, minutes=seq // 4):%Y-%m-%dT%H:%M:%SZ}"


def _same_machine(world: UsageWorld, user: str, sid: str) -> None:
    made = machine(world, user)
    world.database.execute(world.database.prepare("UPDATE vm_allocation SET sid = ? WHERE sid = ?"), (sid, made))


def test_quantities_of_many_digits_leave_the_others_as_they_were(world: UsageWorld, repository: NodeRepository) -> None:
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user, quantity="1.5"), line(2, user, quantity="9" * 38 + "." + "9" * 38))
    assert world.run().records_consumed == 2
    repository.push(line(3, user, quantity="0", void="n1/5f0c/2"))
    assert world.run().records_consumed == 1
    [day] = world.days(user)
    assert day.quantity == Decimal("1.5")
    world.audit()


def test_no_node_fills_the_disk_with_lines_that_are_set_aside(
    world: UsageWorld, repository: NodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one commit, or little by little; what an operator decided about counts no more."""
    monkeypatch.setattr(reading, "MOST_ASIDE", 3)
    user, nobody = world.user(1), "01JD4ZK7Q1M80000000000000X"
    world.register(repository)
    repository.push(*(line(seq, nobody) for seq in (1, 2, 3)), line(4, user))
    assert (world.run().quarantined, world.node().state) == (3, NodeState.ACTIVE)
    bad = repository.push(line(5, user), line(6, nobody))
    halt = halted(world)
    assert (halt.reason, halt.commit) == (HaltReason.FORBIDDEN_CHANGE, bad)
    assert halt.detail.endswith(":6: more than 3 lines of the node would be set aside, this one as unknown_user")
    assert (len(world.quarantine()), len(world.records())) == (3, 1), "nothing of it"
    world.service.quarantine_reject(world.operator, sid=world.quarantine()[0].sid, reason="nobody")
    report = world.run()
    assert (report.records_consumed, report.quarantined, world.node().state) == (1, 1, NodeState.ACTIVE)
    repository.push(*(line(seq, nobody) for seq in (7, 8, 9, 10)))
    assert halted(world).reason == HaltReason.FORBIDDEN_CHANGE
    world.skip()
    repository.push(line(11, user))
    assert (world.run().records_consumed, len(world.quarantine())) == (1, 4)
    world.audit()


class Given(Mirrors):
    """Takes what a server gives as it is, as from one that is no git and looks at nothing."""

    def fetch(
        self, node_id: str, url: str, branch: str = "main", credentials: GitCredentials | None = None
    ) -> str | None:
        source, path = Path(url.removeprefix("file://")) / ".git", self.path(node_id)
        if not path.exists():
            pygit2.init_repository(str(path), bare=True)
            self.fetches.append(node_id)
        shutil.copytree(source / "objects", path / "objects", dirs_exist_ok=True)
        head = (source / "refs" / "heads" / branch).read_text().strip()
        pygit2.Repository(str(path)).references.create(f"refs/fetched/{branch}", head, force=True)
        return head

    fetches: ClassVar[list[str]] = []


@pytest.mark.parametrize("ending", [b"garbage", b"100644 \0" + b"x" * 20, b"100644 usage_9.jsonl\0" + b"x" * 20])
def test_what_no_git_can_read_halts_with_its_commit(
    ending: bytes, tmp_path: Path, fetching: Mirrors, repository: NodeRepository
) -> None:
    """Once our copy was fetched anew: a broken disk looks the same."""
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    mirrors = Given(tmp_path / "mirrors", fetching.fetchers)
    mirrors.fetches.clear()
    world = UsageWorld(database, mirrors)
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    assert world.run().records_consumed == 1
    good = repository.head
    raw = pygit2.Repository(str(repository.folder)).revparse_single("HEAD:usage").read_raw()
    (tmp_path / "tree").write_bytes(raw + ending)
    inner = repository.git("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    (tmp_path / "tree").write_bytes(b"40000 usage\0" + bytes.fromhex(inner))
    root = repository.git("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    repository.at += timedelta(seconds=1)
    bad = repository.git("commit-tree", "-S", "-p", "HEAD", "-m", "usage", root)
    repository.git("update-ref", "refs/heads/main", bad)

    first = halted(world)
    assert (first.reason, first.commit, bad in first.detail) == (HaltReason.UNREACHABLE, None, True)
    for _ in range(3):
        found = halted(world)
        assert (found.reason, found.commit) == (HaltReason.FORBIDDEN_CHANGE, bad)
    assert mirrors.fetches == ["n1", "n1"], "it is not fetched anew for ever"
    world.skip()
    assert (world.run().halted, world.node().last_commit, world.node().state) == ([], bad, NodeState.ACTIVE)
    assert good in [commit for (commit,) in database.execute('SELECT "commit" FROM consumed_commit')]
    world.audit()
    database.close()
