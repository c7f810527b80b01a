"""One commit, consumed or left out: its own row, the node's cursor and counters, when it is looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import (
    ConsumedCommit,
    DiscountBase,
    HaltReason,
    Node,
    NodeKey,
    NodeState,
    QuarantineReason,
)
from generated.tables.onboarding import CONSUMED_COMMIT, NODE, QUARANTINED_LINE, STREAM_CURSOR, USAGE_SKIP, NodePatch
from handlers.admin.acts import Acts
from handlers.prices.books import PriceBooks
from handlers.pricing.ladder import STEPS
from handlers.usage.changes import Grown
from handlers.usage.commit_checks import CheckedCommit
from handlers.usage.consumption import Commit, Consumed, Consumption, Overtaken
from handlers.usage.halt import Halt
from handlers.usage.rates import CurrentRates
from handlers.usage.skips import SkippedLine, Skips
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables
from tests.server.node_repository import FILE, encoded, line

A, B, C = "a" * 40, "b" * 40, "c" * 40
CENT = 10_000_000
SECOND = timedelta(seconds=1)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAabcdefghijklmnopqrstuvwxyz0123456789ABCDE"


class World:
    """The node n1, and what consumes its commits at the start of time."""

    def __init__(self, database: Database) -> None:
        create_tables(database)
        self.book, self.nodes = Book(database), Store.of(NODE, database)
        self.database, self.clock = database, self.book.clock
        books = PriceBooks(database, self.clock)
        books.load_configured(None)
        rates = CurrentRates(books, STEPS, DiscountBase.FULL)
        self.consumption = Consumption(self.book.ledger, self.clock, rates)
        self.user = self.book.user()
        key = NodeKey(public_key=f"{KEY} n1", valid_from=START - timedelta(days=9))
        self.nodes.new(
            {"node_id": "n1", "repo_url": "https://forge.example/n1", "keys": [key], "kinds": ["llm_token"]}, START
        )

    @property
    def node(self) -> Node:
        found = self.nodes.one({"node_id": "n1"})
        assert found is not None
        return found

    def change(self, **values: Any) -> Node:
        """The node as it was before."""
        before, changes = self.node, NodePatch(**values)  # type: ignore[typeddict-item]
        self.nodes.patch(before.sid, changes)
        return before

    def commits(self) -> list[ConsumedCommit]:
        return Store.of(CONSUMED_COMMIT, self.database).list_full(100)["items"]

    def consume(
        self,
        commit: str,
        *records: Mapping[str, Any],
        parent: str | None = None,
        at: datetime = START,
        node: Node | None = None,
        skips: Skips | None = None,
        own: bool = True,
    ) -> Consumed:
        """Consume a commit that made a file with these records."""
        grown = Grown(FILE, encoded(*records), 0, 1)  # type: ignore[arg-type]  # bytes are read as a blob is
        checked = CheckedCommit(commit, parent, at, (grown,), own)
        return self.consumption.consume(node or self.node, checked, skips or Skips())

    def skip(self, commit: str, parent: str | None = None, at: datetime = START, node: Node | None = None) -> str:
        """Leave a commit out; the sid of that decision."""
        act = self.database.run(lambda: Acts(self.database).record(self.book.context, "usage.skip", "n1", {}, "a test"))
        decision = Store.of(USAGE_SKIP, self.database).new(
            {"node_id": "n1", "commit": commit, "reason": "a test", "act_sid": act.sid}, START
        )
        self.consumption.skip(node or self.node, Commit(commit, parent, at), decision.sid)
        return decision.sid


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_commit_leaves_its_row_and_moves_its_node(world: World) -> None:
    user = world.user
    world.clock.time = START.replace(microsecond=654_321)
    done = world.consume(A, line(1, user), line(2, user), line(1, user), line(3, user, resource_kind="vm_hour"))
    assert done == Consumed(records=2, duplicates=1, quarantined=1, balances=1)
    (row,) = world.commits()
    assert (row.node_id, row.commit, row.parent, row.committed_at) == ("n1", A, None, START)
    assert (row.records, row.duplicates, row.quarantined, row.charge) == (2, 1, 1, 22_000_000)
    assert (row.consumed_at, row.skip_sid) == (START, None)
    node = world.node
    assert (node.last_commit, node.root_commit, node.last_seen_at) == (A, A, START)
    assert (node.records, node.duplicates, node.quarantined) == (2, 1, 1)
    assert world.book.balance(user) == -22_000_000
    assert audit(world.database) == []


def test_the_next_commit_adds_to_what_is_known_of_its_node(world: World) -> None:
    user, other = world.user, world.book.user()
    world.consume(A, line(1, user), line(2, user, resource_kind="vm_hour"), line(1, user))
    second = (line(3, user), line(4, other), line(1, user), line(5, user, resource_kind="vm_hour"))
    done = world.consume(B, *second, parent=A, at=START - SECOND)
    assert done == Consumed(records=2, duplicates=1, quarantined=1, balances=2)
    node = world.node
    assert (node.last_commit, node.root_commit) == (B, A)
    assert (node.records, node.duplicates, node.quarantined) == (3, 2, 2)
    assert node.last_seen_at == START, "the clock of a node may be set back"
    assert [(each.commit, each.parent) for each in world.commits()] == [(A, None), (B, A)]
    world.consume(C, line(6, user), parent=B, at=START + 2 * SECOND)
    assert world.node.last_seen_at == START, "nothing is seen before it is there"
    world.clock.time = START + 9 * SECOND
    world.consume("d" * 40, line(7, user), parent=C, at=START + 3 * SECOND)
    assert world.node.last_seen_at == START + 3 * SECOND
    assert audit(world.database) == []


def test_the_root_is_the_first_commit_without_one_before_it(world: World) -> None:
    world.consume(B, parent=A)
    assert world.node.root_commit is None
    world.consume(C)
    assert world.node.root_commit == C
    world.consume("d" * 40)
    assert world.node.root_commit == C


def test_another_nodes_commit_in_a_shared_repository_is_no_sign_of_life(world: World) -> None:
    assert world.consume(A, own=False) == Consumed()
    assert (world.node.last_commit, world.node.last_seen_at) == (A, None)


@pytest.mark.parametrize(
    "change",
    [
        {"last_commit": B},
        {"keys": []},
        {"kinds": ["llm_token", "vm_hour"]},
        {"sets_prices": False},
        {"state": NodeState.RETIRED},
    ],
    ids=str,
)
def test_a_node_that_changed_meanwhile_is_looked_at_again(world: World, change: dict[str, Any]) -> None:
    world.change(sets_prices=True)
    before = world.change(**change)
    with pytest.raises(Overtaken):
        world.consume(A, line(1, world.user), node=before)
    with pytest.raises(Overtaken):
        world.skip(A, node=before)
    assert world.commits() == [] and world.book.balance(world.user) == 0
    world.change(last_commit=None)
    assert audit(world.database) == []


def test_what_is_heard_of_a_node_meanwhile_keeps_nothing_back(world: World) -> None:
    before = world.change(last_seen_at=START - SECOND, records=5)
    world.consume(A, line(1, world.user), node=before)
    assert (world.node.records, world.node.last_seen_at) == (6, START)


def test_what_no_account_can_hold_stops_the_repository(world: World) -> None:
    most = 2**63 - 1 - CENT
    world.book.charge(world.book.user(), "most", most)
    with pytest.raises(Halt, match="it cannot be charged: ") as stopped:
        world.consume(A, line(1, world.user))
    assert (stopped.value.reason, stopped.value.commit) == (HaltReason.FORBIDDEN_CHANGE, A)
    assert world.commits() == [] and world.node.last_commit is None
    assert audit(world.database) == []


def test_prices_are_taken_of_a_node_that_may_set_them(world: World) -> None:
    priced = {"amount_cents": 7, "cost": None}
    assert world.consume(A, line(1, world.user, **priced)) == Consumed(quarantined=1)
    (aside,) = Store.of(QUARANTINED_LINE, world.database).list_full()["items"]
    assert aside.reason == QuarantineReason.PRICE_NOT_ALLOWED
    world.change(sets_prices=True)
    assert world.consume(B, line(2, world.user, **priced), parent=A) == Consumed(records=1, balances=1)
    assert world.book.balance(world.user) == -7 * CENT
    assert audit(world.database) == []


# --- behind what operators skip -------------------------------------------------------------------------------------


def test_a_commit_that_is_skipped_is_left_out(world: World) -> None:
    world.consume(A, line(1, world.user))
    world.clock.time = START + 2 * SECOND
    decision = world.skip(B, parent=A, at=START + SECOND)
    row = world.commits()[-1]
    assert (row.commit, row.parent, row.skip_sid, row.records, row.charge) == (B, A, decision, 0, 0)
    assert (row.committed_at, row.consumed_at) == (START + SECOND, START + 2 * SECOND)
    node = world.node
    assert (node.last_commit, node.records, node.last_seen_at) == (B, 1, START + SECOND)
    (stream,) = Store.of(STREAM_CURSOR, world.database).list_full()["items"]
    assert stream.skipped
    done = world.consume(C, line(5, world.user), parent=B)
    assert done.records == 1, "nobody knows which numbers it had"
    (stream,) = Store.of(STREAM_CURSOR, world.database).list_full()["items"]
    assert (stream.last_seq, stream.skipped) == (5, False)
    assert audit(world.database) == []


def test_only_the_lines_that_were_decided_about_are_left_out(world: World) -> None:
    wrong = line(2, world.user, node_id="n2")
    with pytest.raises(Halt) as stopped:
        world.consume(A, line(1, world.user), wrong)
    assert (stopped.value.reason, stopped.value.line) == (HaltReason.WRONG_NODE, 2)
    for elsewhere in ({B: frozenset({SkippedLine(FILE, 2)})}, {A: frozenset({SkippedLine(FILE, 1)})}):
        with pytest.raises(Halt):
            world.consume(A, line(1, world.user), wrong, skips=Skips(lines=elsewhere))
    skips = Skips(lines={A: frozenset({SkippedLine(FILE, 2)})})
    assert world.consume(A, line(1, world.user), wrong, skips=skips).records == 1
    assert audit(world.database) == []


def test_a_new_stream_begins_with_one_unless_something_was_skipped(world: World) -> None:
    with pytest.raises(Halt) as stopped:
        world.consume(A, line(4, world.user))
    assert stopped.value.reason == HaltReason.SEQUENCE_GAP
    assert world.consume(A, line(4, world.user), skips=Skips(commits={B: new_sid()})).records == 1
    assert audit(world.database) == []
