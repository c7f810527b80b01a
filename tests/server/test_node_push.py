"""What a node pushes: signed commits that stock git and the aggregator's checks take, once each, whatever happens."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pygit2
import pytest

from generated.models.onboarding import NodeKey
from handlers.node import log, tail
from handlers.node import repository as own
from handlers.node.commits import commit_signed
from handlers.node.errors import LogDamaged, NodeError, NotWritten
from handlers.node.hosted import push_all
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.push import Pushed, push
from handlers.node.remote import PushRefused, Remote
from handlers.node.repository import Diverged, RepositoryDamaged
from handlers.node.signing_key import SigningKey
from handlers.node.status import status
from handlers.node.usage import Logged, NewUsage
from handlers.usage import changes
from handlers.usage.commit_checks import check_commit
from handlers.usage.history import Known, new_commits
from handlers.usage_format.line import decode
from handlers.usage_format.record import LoggedUsage
from tests.git_repository import GitRepository

pytestmark = pytest.mark.usefixtures("quick_disk")

USAGE = NewUsage("01JD4ZK7Q1M8", "hero_os_hour", Decimal("0.25"))


class Node:
    """A node with a folder of its own, and a clock that stands still until it is told."""

    def __init__(self, folder: Path, forge: GitRepository, node_id: str = "n1") -> None:
        self.folder, self.forge = folder, forge
        self.time = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
        self.made = init(folder, node_id, forge.url, self)

    def now(self) -> datetime:
        return self.time

    def use(self, times: int = 1) -> None:
        with UsageLog(self.folder, self) as opened:
            opened.append_all([USAGE] * times)

    def push(self) -> tuple[int, int, bool]:
        """The records and files that were committed, and whether it was a heartbeat; an hour passes."""
        pushed = push(self.folder, self)
        assert pushed.commit == self.forge.git("rev-parse", "main")
        self.time += timedelta(hours=1)
        return pushed.records, pushed.files, pushed.heartbeat


@pytest.fixture
def forge(tmp_path: Path) -> GitRepository:
    return GitRepository.new(tmp_path / "billing-n1.git")


@pytest.fixture
def node(tmp_path: Path, forge: GitRepository) -> Node:
    return Node(tmp_path / "n1", forge)


def consumed(node: Node, *others: Node) -> list[LoggedUsage]:
    """The records in a repository, as the aggregator's checks read them: no commit is refused. It knows the keys of
    all these."""
    mirror = pygit2.Repository(str(node.forge.path))
    begun = datetime(2026, 11, 1, tzinfo=UTC)
    keys = [NodeKey(public_key=each.made.public_key, valid_from=begun) for each in (node, *others)]
    found = []
    for commit in new_commits(mirror, node.forge.git("rev-parse", "main"), Known(node.made.root_commit, None)):
        for line in check_commit(mirror, commit, "n1", keys).lines():
            record = decode(line.data)
            assert isinstance(record, LoggedUsage)
            found.append(record)
    return found


def messages(node: Node) -> list[str]:
    return node.forge.git("log", "--reverse", "--format=%s", "main").split("\n")


def test_stock_git_verifies_what_a_node_pushes(node: Node, tmp_path: Path) -> None:
    node.use(2)
    assert node.push() == (2, 1, False)
    assert node.push() == (0, 0, True)
    signers = tmp_path / "signers"
    signers.write_text(f"n1 {(node.folder / 'key.pub').read_text()}")
    for commit in node.forge.git("rev-list", "main").split():
        node.forge.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", commit)
    node.forge.git("fsck", "--strict", "main")
    raw = node.forge.git("cat-file", "commit", "main").encode() + b"\n"
    head, _, rest = raw.partition(b"gpgsig ")
    armored, _, tail = rest.partition(b"\n\n")
    (tmp_path / "sig").write_bytes(armored.replace(b"\n ", b"\n") + b"\n")
    keygen = ("ssh-keygen", "-Y", "verify", "-n", "git", "-I", "n1", "-f", signers, "-s", tmp_path / "sig")
    good = subprocess.run(keygen, input=head + b"\n" + tail, capture_output=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    assert subprocess.run(keygen, input=b"other", capture_output=True, check=False).returncode != 0
    derived = subprocess.run(
        ("ssh-keygen", "-y", "-f", node.folder / "key"), capture_output=True, text=True, check=True
    )
    assert derived.stdout.strip() == node.made.public_key == SigningKey.read(node.folder / "key").public


def test_a_commit_for_each_push_and_a_heartbeat_where_nothing_is_new(node: Node) -> None:
    assert node.push() == (0, 0, False), "the first commit says whose repository it is"
    node.use(3)
    assert node.push() == (3, 1, False)
    node.use()
    node.time += timedelta(hours=1)
    node.use()
    assert node.push() == (2, 2, False)
    assert node.push() == (0, 0, True)
    node.time -= timedelta(days=1)  # a clock that is set back makes no older commit, and no older file
    node.use()
    assert node.push() == (1, 1, False)
    assert messages(node) == ["Node n1", "Usage: 3 records", "Usage: 2 records", "Heartbeat", "Usage: 1 record"]
    assert [record.local_seq for record in consumed(node)] == [1, 2, 3, 4, 5, 6]
    assert status(node.folder)["not_pushed"] == 0
    times = node.forge.git("log", "--reverse", "--format=%ct", "main").split()
    assert times == sorted(times)


def test_what_a_killed_push_left_stops_none(node: Node) -> None:
    node.push()
    git = node.folder / "repository.git"
    for name in ("refs/heads/main.lock", "HEAD.lock", "refs/remotes/origin/main.lock", "objects/tmp_object_git2_1"):
        (git / name).touch()
    node.use()
    assert node.push() == (1, 1, False)
    assert not [*git.rglob("*.lock"), *git.glob("objects/tmp_*")]


def test_weeks_without_a_forge_are_caught_up(node: Node) -> None:
    away = node.forge.path.with_name("away")
    node.forge.path.rename(away)
    for _ in range(24):
        node.use(2)
        with pytest.raises(PushRefused, match="no such repository"):
            node.push()
        node.time += timedelta(hours=20)
    assert status(node.folder)["not_pushed"] == 48
    away.rename(node.forge.path)
    assert node.push() == (0, 0, False), "what waits is pushed, and needs no commit more"
    assert Pushed("n1", "c0ffee", 0, 0, False).told == "nothing new, commits that waited were pushed, up to c0ffee"
    assert len(messages(node)) == 25
    assert [record.local_seq for record in consumed(node)] == list(range(1, 49))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """The bytes of all files that a commit of this test may change; a file has a few records."""
    monkeypatch.setattr(tail, "FULL", 2000)
    monkeypatch.setattr(log, "TOGETHER", 3)
    monkeypatch.setattr(own, "TOGETHER", 6000)
    monkeypatch.setattr(changes, "MOST_CHANGED", 6000)
    monkeypatch.setattr(changes, "LARGEST", 3500)
    return 6000


def test_what_was_logged_for_weeks_is_pushed_in_commits_that_the_aggregator_takes(node: Node, small: int) -> None:
    for _ in range(5):
        node.use(20)
        node.time += timedelta(days=4)
    records, files, heartbeat = node.push()
    assert (records, heartbeat) == (100, False) and files > 10
    assert len(messages(node)) > 5, "one push, several commits"
    assert [record.local_seq for record in consumed(node)] == list(range(1, 101))
    node.use(2)
    assert node.push()[0] == 2
    assert [record.local_seq for record in consumed(node)] == list(range(1, 103))


def test_a_push_that_is_broken_off_between_its_commits_goes_on(
    node: Node, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.use(60)
    real, left = commit_signed, iter(range(2))

    def breaking(*args: Any) -> pygit2.Oid:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "the disk is full")
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(own, "commit_signed", breaking)
        with pytest.raises(OSError, match="full"):
            node.push()
    waiting = status(node.folder)["not_pushed"]
    records, _, heartbeat = node.push()
    assert waiting == 60 and 0 < records < 60 and not heartbeat
    assert [record.local_seq for record in consumed(node)] == list(range(1, 61))


def test_many_records_at_once_are_kept_in_files_that_are_not_too_large(node: Node, small: int) -> None:
    """Where the disk refuses in the middle, it is told which of them are there."""
    node.use(200)
    assert max(path.stat().st_size for path in (node.folder / "log").glob("usage_*")) <= 3500
    assert node.push()[0] == 200
    assert [record.local_seq for record in consumed(node)] == list(range(1, 201))


def test_a_disk_that_refuses_a_later_part_leaves_the_earlier_ones(
    node: Node, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = tail.Tail.append, iter(range(2))

    def refusing(*args: Any) -> int:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "the disk is full")
        return real(*args)

    with UsageLog(node.folder, node) as opened:
        with monkeypatch.context() as patched:
            patched.setattr(tail.Tail, "append", refusing)
            results = opened.append_all([USAGE] * 10)
        assert [isinstance(each, Logged) for each in results] == [True] * 6 + [False] * 4
        assert all(isinstance(each, NotWritten) for each in results[6:])
        assert opened.append(USAGE).local_seq == 7


def test_nothing_is_pushed_by_force(node: Node, tmp_path: Path) -> None:
    """Another folder of the node, a copy of it, pushed meanwhile: what it pushed is gone on from."""
    node.use(2)
    node.push()
    shutil.copytree(node.folder, tmp_path / "copy")
    node.use()
    shutil.copytree(node.folder / "log", tmp_path / "copy/log", dirs_exist_ok=True)
    push(tmp_path / "copy", node)
    node.use()
    assert node.push() == (1, 1, False)
    theirs = node.forge.git("rev-parse", "main")
    with UsageLog(tmp_path / "copy", node) as opened:
        opened.append(USAGE._replace(quantity=Decimal(7)))
    with pytest.raises(Diverged, match="has not: another folder pushed for this node"):
        push(tmp_path / "copy", node)
    assert node.forge.git("rev-parse", "main") == theirs
    assert [record.local_seq for record in consumed(node)] == [1, 2, 3, 4]


def test_a_push_that_comes_in_between_is_fetched(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node.use()
    node.push()
    shutil.copytree(node.folder, tmp_path / "copy")
    real, between = Remote.push, {True}

    def pushing(remote: Remote, before: pygit2.Oid | None) -> None:
        if between:
            between.clear()
            push(tmp_path / "copy", node)
        real(remote, before)

    monkeypatch.setattr(Remote, "push", pushing)
    node.use()
    node.time += timedelta(seconds=1)
    assert node.push() == (1, 1, False)
    assert messages(node)[-2:] == ["Heartbeat", "Usage: 1 record"]
    assert [record.local_seq for record in consumed(node)] == [1, 2]


def test_a_lost_folder_begins_anew_with_what_the_repository_holds(node: Node, tmp_path: Path) -> None:
    node.use(2)
    node.push()
    shutil.rmtree(node.folder)
    again = Node(node.folder, node.forge)
    assert again.made.stream_id != node.made.stream_id and again.made.root_commit == node.made.root_commit
    again.use()
    assert again.push() == (1, 1, False)
    streams = [(record.stream_id, record.local_seq) for record in consumed(node, again)]
    assert streams == [(node.made.stream_id, 1), (node.made.stream_id, 2), (again.made.stream_id, 1)]
    with pytest.raises(NodeError, match="that of the node n1"):
        Node(tmp_path / "n2", node.forge, "n2")
    foreign = GitRepository.new(tmp_path / "foreign.git")
    foreign.commit({"README": b"hello"})
    with pytest.raises(NodeError, match="no node's"):
        Node(tmp_path / "n3", foreign)


def test_a_damaged_repository_is_told_and_made_anew(node: Node, tmp_path: Path) -> None:
    """Nor does it hold up the other logs of a host."""
    node.use(2)
    node.push()
    root = tmp_path / "nodes"
    root.mkdir()
    for name in ("a", "b"):
        shutil.copytree(node.folder, root / name)
    git = root / "a/repository.git"
    for path in (*git.glob("objects/??/*"), *git.glob("objects/pack/*")):
        path.unlink()
    pushed, failed = push_all(root, node)
    assert ([each.heartbeat for each in pushed], len(failed)) == ([True], 1)
    assert "Move repository.git away" in failed[0]
    with pytest.raises(RepositoryDamaged):
        status(root / "a")
    with UsageLog(root / "a", node) as opened:
        opened.append(USAGE)
    git.rename(tmp_path / "damaged")
    assert push(root / "a", node).records == 1
    assert [record.local_seq for record in consumed(node)] == [1, 2, 3]


def test_a_line_that_is_no_record_is_not_signed(node: Node) -> None:
    node.use(3)
    file = next((node.folder / "log").glob("usage_*"))
    file.write_bytes(file.read_bytes().replace(b'"local_seq":2', b'"local_seq":x'))
    with pytest.raises(LogDamaged, match="cannot be read"):
        node.push()
    assert node.forge.git("for-each-ref") == ""


def test_an_edited_log_is_not_pushed(node: Node) -> None:
    node.use(3)
    node.push()
    node.time -= timedelta(hours=1)
    file = next((node.folder / "log").glob("usage_*"))
    file.write_bytes(file.read_bytes().replace(b'"0.25"', b'"0.75"', 1))
    node.use()
    with pytest.raises(Diverged, match="other content"):
        node.push()


def test_a_full_disk_leaves_a_repository_that_goes_on(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.use()

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(own.UsageRepository, "_bytes", full)
        node.push()
    assert node.push() == (1, 1, False)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:token@forge.example/o/r.git", "holds no credentials"),
        ("https://token@forge.example/o/r.git", "holds no credentials"),
        ("https://forge.example/o/r.git?token=x", "no `?`"),
        ("http://forge.example/o/r.git", "by https, not http"),
        ("ssh://forge.example/o/r.git", "begins with https:// or file://"),
        ("forge.example:o/r.git", "begins with https:// or file://"),
    ],
)
def test_an_address_has_no_secret_and_carries_none_in_the_clear(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(NodeError, match=told) as refused:
        init(tmp_path / "n1", "n1", url)
    assert "token@" not in str(refused.value) and not (tmp_path / "n1").exists()
