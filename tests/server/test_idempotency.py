"""The same key is the same call: once, with one outcome, in every order, for every caller, across crashes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import Busy, Conflict, InvalidParams, NotFound
from codegen.runtime.rpc import idempotency
from codegen.runtime.rpc.idempotency import LEASE
from codegen.runtime.rpc.local import local
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from tests.server.keyed_bank import ADA, BEN, OPERATOR, OTHER_OPERATOR, SERVICES, BankService, Program, Refused
from tests.server.migration_project import Databases, Project
from tests.waiting import PATIENCE

CONFLICT, NOT_FOUND, BUSY = (1409, "conflict"), (1404, "not_found"), (1453, "busy")
METHODS = pytest.mark.parametrize("method", ["bank.pay", "bank.send"])


@pytest.fixture
def program(database: Database) -> Iterator[Program]:
    yield Program(database)


def done(program: Program) -> int:
    return len(program.bank.rows("payment")) + len(program.bank.rows("sending"))


@METHODS
def test_the_same_key_is_the_same_call(program: Program, method: str) -> None:
    first = program.call(ADA, method, amount=5, key="k")
    program.call(ADA, method, amount=7, key="other")
    assert program.call(ADA, method, amount=5, key="k") == first
    assert done(program) == 2
    assert program.kept() == 2


@METHODS
def test_other_arguments_are_a_conflict(program: Program, method: str) -> None:
    first = program.call(ADA, method, amount=5, note="x", gift={"card": "a"}, key="k")
    for other in (
        {"amount": 6, "note": "x", "gift": {"card": "a"}},
        {"amount": 5, "note": "y", "gift": {"card": "a"}},
        {"amount": 5, "note": "x", "gift": {"card": "b"}},
        {"amount": 5, "note": "x", "gift": {"card": "a", "text": "b"}},
        {"amount": 5},
    ):
        assert program.call(ADA, method, key="k", **other) == CONFLICT
    # The same said otherwise: by position, with what is left out written down.
    assert program.call(ADA, method, amount=5, note="x", gift={"card": "a", "text": None}, key="k") == first
    assert done(program) == 1


@METHODS
def test_what_is_left_out_is_its_default(program: Program, method: str) -> None:
    first = program.call(ADA, method, amount=5, key="k")
    assert program.call(ADA, method, amount=5, note="none", gift=None, key="k") == first


@METHODS
def test_a_key_belongs_to_its_caller_and_method(program: Program, method: str) -> None:
    answers = [program.call(caller, method, amount=5, key="k") for caller in (ADA, BEN)]
    assert len(set(map(str, answers))) == 2
    other = "bank.pay" if method == "bank.send" else "bank.send"
    assert program.call(ADA, other, amount=9, key="k") != CONFLICT
    assert done(program) == 3
    # Operators are one: another key of theirs, or the secret, makes nothing twice.
    bank = local(BankService, program.bank, SERVICES)
    operators = [Context(caller, program.clock, program.database, "r") for caller in (OPERATOR, OTHER_OPERATOR)]
    assert bank.pay(operators[0], amount=1, key="k") == bank.pay(operators[1], amount=1, key="k")
    assert done(program) == 4


@METHODS
def test_without_a_key_each_call_is_new(program: Program, method: str) -> None:
    for key in ({}, {"key": None}):
        program.call(ADA, method, amount=5, **key)
    assert (done(program), program.kept()) == (2, 0)


@METHODS
def test_an_error_that_left_nothing_leaves_the_key(program: Program, method: str) -> None:
    assert program.call(ADA, method, amount=-1, key="k") == NOT_FOUND
    assert (done(program), program.kept()) == (0, 0)
    first = program.call(ADA, method, amount=5, key="k")
    assert program.call(ADA, method, amount=-1, key="k") == CONFLICT
    assert program.call(ADA, method, amount=5, key="k") == first


def test_an_error_that_was_decided_is_the_outcome(program: Program) -> None:
    for _ in range(2):
        assert program.call(ADA, "bank.send", amount=13, key="k") == (1701, "refused")
    assert len(program.bank.asked) == 1
    assert program.call(ADA, "bank.send", amount=14, key="k") == CONFLICT
    with pytest.raises(Refused, match="the provider refused") as refused:
        local(BankService, program.bank, SERVICES).send(
            Context(ADA, program.clock, program.database, "r"), amount=13, key="k"
        )
    assert refused.value.why == "no 13"


def test_a_fault_behind_the_decision_changes_nothing(program: Program) -> None:
    fail_at(program, "decided")
    assert program.call(ADA, "bank.send", amount=13, key="k")[0] == -32603
    program.bank.meet = lambda place: None
    assert program.call(ADA, "bank.send", amount=13, key="k") == (1701, "refused")
    assert len(program.bank.asked) == 1


def fail_at(program: Program, where: str) -> None:
    def meet(place: str) -> None:
        if place == where:
            raise RuntimeError("broken")

    program.bank.meet = meet


@pytest.mark.parametrize("where", ["ordered", "asked"])
def test_a_fault_in_between_is_gone_on_from(program: Program, where: str) -> None:
    fail_at(program, where)
    assert program.call(ADA, "bank.send", amount=5, key="k")[0] == -32603
    assert program.call(ADA, "bank.send", amount=6, key="k") == CONFLICT  # the order stands, and its key is bound
    program.bank.meet = lambda place: None
    (sid,) = program.bank.rows("sending")
    assert program.call(ADA, "bank.send", amount=5, key="k") == f"sent {sid}"
    assert program.bank.asked == [sid]


def test_a_method_that_was_renamed_knows_its_keys(program: Program) -> None:
    first = program.call(ADA, "bank.pay", amount=5, key="k")
    program.database.execute("UPDATE idempotent_calls SET method = 'bank.give'")  # what it was called before
    for name in ("bank.pay", "bank.give", "BankService.pay"):
        assert program.call(ADA, name, amount=5, key="k") == first
    assert program.call(ADA, "bank.pay", amount=6, key="k") == CONFLICT
    assert done(program) == 1


# --- at the same time -----------------------------------------------------------------------------------------------


def call_closing(program: Program, caller: Caller, method: str, amount: int) -> object:
    """A call of a thread of its own."""
    try:
        return program.call(caller, method, amount=amount, key="k")
    finally:
        program.database.close()


@METHODS
def test_calls_at_the_same_time_are_one(program: Program, method: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(call_closing, program, ADA, method, 5) for _ in range(6)]
        answers = [call.result(timeout=PATIENCE) for call in calls]
    assert all(answer == answers[0] for answer in answers)
    assert "sent" in str(answers[0]) or answers[0] == [5, 1]
    assert (done(program), len(program.bank.asked) <= 1) == (1, True)


def started(program: Program, pool: ThreadPoolExecutor) -> tuple[Future[object], threading.Event]:
    """A call that has asked the provider, and goes on when it is told."""
    asked, go_on = threading.Event(), threading.Event()

    def meet(place: str) -> None:
        if place == "asked":
            asked.set()
            go_on.wait(PATIENCE)

    program.bank.meet = meet
    call = pool.submit(call_closing, program, ADA, "bank.send", 5)
    assert asked.wait(PATIENCE)
    return call, go_on


def test_the_second_waits_for_the_first(program: Program) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, go_on = started(program, pool)
        second = pool.submit(call_closing, program, ADA, "bank.send", 5)
        assert program.call(ADA, "bank.send", amount=6, key="k") == CONFLICT
        assert not second.done()
        go_on.set()
        assert first.result(timeout=PATIENCE) == second.result(timeout=PATIENCE)
    assert len(program.bank.asked) == 1


def test_who_has_waited_long_enough_is_told_to_come_again(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT", 0.01)
    with ThreadPoolExecutor(2) as pool:
        first, go_on = started(program, pool)
        assert program.call(ADA, "bank.send", amount=5, key="k") == BUSY
        go_on.set()
        assert str(first.result(timeout=PATIENCE)).startswith("sent")


@pytest.mark.parametrize("moved", [LEASE + 1, -86_400], ids=["later", "set back a day"])
def test_an_attempt_that_takes_over_and_the_first_agree(program: Program, moved: float) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, go_on = started(program, pool)
        program.bank.meet = lambda place: None
        program.clock.move(moved)
        second = program.call(ADA, "bank.send", amount=5, key="k")
        go_on.set()
        assert first.result(timeout=PATIENCE) == second
    assert (done(program), len(program.bank.asked)) == (1, 1)


# --- crashes ----------------------------------------------------------------------------------------------------------


def killed(program: Program, method: str, where: str) -> None:
    """Make the call in another process, which is killed there."""
    child = os.fork()
    if not child:
        program.bank.meet = lambda place: os.kill(os.getpid(), signal.SIGKILL) if place == where else None
        program.call(ADA, method, amount=5, key="k")
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_crash_inside_the_transaction_leaves_nothing(program: Program) -> None:
    killed(program, "bank.pay", "paying")
    assert (done(program), program.kept()) == (0, 0)
    assert program.call(ADA, "bank.pay", amount=6, key="k") == [6, 1]


@pytest.mark.parametrize("where", ["ordered", "asked"])
def test_a_crash_in_between_is_gone_on_from(program: Program, where: str) -> None:
    killed(program, "bank.send", where)
    (sid,) = program.bank.rows("sending")
    assert program.call(ADA, "bank.send", amount=6, key="k") == CONFLICT
    program.clock.move(LEASE + 1)
    assert program.call(ADA, "bank.send", amount=5, key="k") == f"sent {sid}"
    assert program.bank.rows("sending") == [sid]


# --- a program's own calls --------------------------------------------------------------------------------------------


def test_own_calls_are_checked_and_kept(program: Program) -> None:
    bank = local(BankService, program.bank, SERVICES)
    context = Context(ADA, program.clock, program.database, "r")
    assert bank.pay(context, amount=5, key="k") == program.call(ADA, "bank.pay", amount=5, key="k") == [5, 1]
    with pytest.raises(Conflict):
        bank.pay(context, amount=6, key="k")
    with pytest.raises(NotFound):
        bank.pay(context, amount=-1)
    with pytest.raises(InvalidParams) as invalid:
        bank.pay(context, amount="5", colour="red")  # type: ignore[arg-type, call-arg]
    assert {error["path"] for error in invalid.value.errors} == {"amount", "colour"}
    assert done(program) == 1


def test_an_outcome_that_could_not_be_kept_is_found_later(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: object, *args: object) -> bytes:
        raise Unavailable("gone", Busy())

    with monkeypatch.context() as patched:
        patched.setattr(idempotency._Attempt, "_keep", away)
        assert program.call(ADA, "bank.send", amount=5, key="k") == BUSY
    program.clock.move(LEASE + 1)
    assert program.call(ADA, "bank.send", amount=5, key="k") == f"sent {program.bank.rows('sending')[0]}"
    assert len(program.bank.asked) == 1


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_database_of_an_older_runtime_is_brought_forward(databases: Databases, tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    project.plan("[rootobject] User = { sid: sid }")
    migrations.apply(database, project.migrations)
    database.execute("DROP TABLE idempotent_calls")
    with pytest.raises(migrations.NotCurrent, match=r"lacks the table idempotent_calls; run"):
        migrations.require_current(database, project.migrations)
    assert migrations.status(database, project.migrations).waiting == ("idempotent_calls",)
    steps: list[str] = []
    migrations.apply(database, project.migrations, on_step=lambda name, _: steps.append(name))
    assert steps == ["idempotent_calls"]
    migrations.require_current(database, project.migrations)


def test_back_to_the_empty_database_keys_are_forgotten(databases: Databases, tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    project.plan("[rootobject] User = { sid: sid }")
    project.plan("[rootobject] User = { sid: sid  nick?: str @len(0, 9) }")
    migrations.apply(database, project.migrations)
    values = ("user:a", "0", "bank.pay", "0", "sid1", 1, False, 0, "5")
    database.execute(
        database.prepare(
            "INSERT INTO idempotent_calls (caller, key_hash, method, arguments_hash, sid, called_at, begun,"
            " leased_until, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        values,
    )
    for to, left in ((1, 1), (2, 1), (0, 0), (2, 0)):
        migrations.apply(database, project.migrations, to)
        assert database.execute("SELECT COUNT(*) FROM idempotent_calls") == [(left,)]
