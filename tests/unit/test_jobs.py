"""Jobs: one that fails does not stop the others, and one process at a time runs them."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import JOB_RUN, LEASE, OPERATOR_ALERT
from handlers.domain import Job
from handlers.work import jobs
from handlers.work.jobs import LEASE as NAME
from handlers.work.jobs import Runner
from handlers.work.leases import Leases
from tests.migrated import migrate
from tests.waiting import PATIENCE, wait_for

LENGTH = timedelta(seconds=20)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def house(database: Database) -> Database:
    migrate(database)
    return database


def test_a_lease_is_one_holders(house: Database) -> None:
    clock = Clock()
    ours, theirs = Leases(house, clock, "ours"), Leases(house, clock, "theirs")
    assert ours.take("x", LENGTH) and not theirs.take("x", LENGTH)
    clock.time += timedelta(seconds=15)
    assert ours.take("x", LENGTH)  # prolonged
    clock.time += timedelta(seconds=15)
    assert not theirs.take("x", LENGTH)
    clock.time += timedelta(seconds=6)
    assert theirs.take("x", LENGTH) and not ours.take("x", LENGTH)
    theirs.release("x")
    assert ours.take("x", LENGTH)
    theirs.release("x")  # not theirs: nothing happens
    assert not theirs.take("x", LENGTH)
    kept = Store.of(LEASE, house).one({"name": "x"})
    assert kept is not None and (kept.holder, kept.fence) == ("ours", 3)


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody(house: Database) -> None:
    clock = Clock()
    clock.time += timedelta(days=1)
    assert Leases(house, clock, "killed").take("x", LENGTH)
    clock.time -= timedelta(days=1)
    ours, theirs = Leases(house, clock, "ours"), Leases(house, clock, "theirs")
    assert ours.take("x", LENGTH) and not theirs.take("x", LENGTH)
    clock.time -= timedelta(hours=1)  # while it is held
    assert ours.take("x", LENGTH) and not theirs.take("x", LENGTH)
    clock.time += timedelta(seconds=21)
    assert theirs.take("x", LENGTH)


def test_jobs_run_after_the_clock_was_set_back_and_a_restart(house: Database) -> None:
    clock = Clock()
    clock.time += timedelta(days=1)
    assert Leases(house, clock, "killed").take(NAME, LENGTH)
    clock.time -= timedelta(days=1)
    ran, stop = threading.Event(), threading.Event()

    def run() -> int:
        ran.set()
        return 0

    def work() -> None:
        Runner(house, clock, Log(lambda _: None), [Job("x", 1, run)]).run(stop)
        house.close()

    runner = threading.Thread(target=work)
    runner.start()
    assert ran.wait(PATIENCE)
    stop.set()
    runner.join()


def test_one_taker_of_many(house: Database) -> None:
    clock = Clock()
    gate = threading.Barrier(6)
    taken: list[int] = []

    def take(number: int) -> None:
        gate.wait()
        if Leases(house, clock, f"holder {number}").take("x", LENGTH):
            taken.append(number)
        house.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_a_job_that_is_seldom_due_is_run_again_soon_when_it_failed(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was away for a moment keeps no alert up for a day."""
    monkeypatch.setattr(jobs, "AGAIN", 0.0)
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    fails, done, stop = [True, True], threading.Event(), threading.Event()

    def run() -> int:
        if fails:
            fails.pop()
            raise ConnectionError("away")
        done.set()
        return 1

    def work() -> None:
        Runner(house, Clock(), Log(lambda _: None), [Job("daily", 86_400, run)]).run(stop)
        house.close()

    runner = threading.Thread(target=work)
    runner.start()
    succeeded = done.wait(PATIENCE)
    stop.set()
    runner.join()
    assert succeeded
    (alert,) = Store.of(OPERATOR_ALERT, house).list_full()["items"]
    assert (alert.count, alert.cleared_at is not None) == (2, True)


def test_the_wait_after_a_failure_doubles(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "monotonic", lambda: 1000.0)

    def fail() -> int:
        if failing:
            raise ConnectionError("away")
        return 0

    failing, daily, quick = True, Job("daily", 86_400, fail), Job("quick", 30, fail)
    runner, due = Runner(house, Clock(), Log(lambda _: None), [daily, quick]), []
    for _ in range(14):
        runner._due = {job.name: 1000 + job.seconds for job in (daily, quick)}
        runner.run_once()
        due.append((runner._due["daily"] - 1000, runner._due["quick"] - 1000))
    assert due[:3] == [(60, 30), (120, 30), (240, 30)] and due[-1] == (86_400, 30)
    failing = False
    runner.run_once()
    failing = True
    runner.run_once()
    assert runner._due["daily"] == 1060


def test_a_job_that_fails(house: Database) -> None:
    done: list[str] = []
    logged: list[bytes] = []
    broken = True

    def fail() -> int:
        if broken:
            raise RuntimeError("no luck")
        return 1

    def count() -> int:
        done.append("x")
        return 3

    log = Log(logged.append)
    runner = Runner(
        house,
        Clock(),
        log,
        [Job("bad", 1, fail), Job("good", 1, count), Job("idle", 1, lambda: 0)],
    )
    assert runner.run_once() == ["bad"] and done == ["x"]
    runs = Store.of(JOB_RUN, house).list_full()["items"]
    assert [(run.job, run.succeeded, run.failure) for run in runs] == [
        ("bad", False, "RuntimeError: no luck"),
        ("good", True, None),
    ]
    (alert,) = Store.of(OPERATOR_ALERT, house).list_full()["items"]
    assert (alert.kind, alert.subject, alert.count, alert.cleared_at) == ("job_failed", "bad", 1, None)
    log.flush()
    assert b"job failed" in b"".join(logged)
    assert runner.run_once() == ["bad"]
    assert Store.of(OPERATOR_ALERT, house).get(alert.sid).count == 2
    broken = False
    assert runner.run_once() == []
    assert Store.of(OPERATOR_ALERT, house).get(alert.sid).cleared_at is not None


def test_a_job_that_finds_nothing_to_do_has_not_failed_any_more(house: Database) -> None:
    broken = True

    def look() -> int:
        if broken:
            raise RuntimeError("no luck")
        return 0

    runner = Runner(house, Clock(), Log(lambda _: None), [Job("look", 1, look)])
    assert runner.run_once() == ["look"]
    broken = False
    assert runner.run_once() == []
    (alert,) = Store.of(OPERATOR_ALERT, house).list_full()["items"]
    assert alert.cleared_at is not None


def test_who_ends_leaves_the_other_jobs_and_the_lease_to_others(house: Database) -> None:
    """The end comes while a job runs: whoever took the lease again for the next job would keep it when it is gone."""
    ran, stop = list[str](), threading.Event()

    def end() -> int:
        ran.append("ends")
        stop.set()
        return 0

    def follow() -> int:
        ran.append("follows")
        return 0

    clock = Clock()
    Runner(house, clock, Log(lambda _: None), [Job("ends", 1, end), Job("follows", 1, follow)]).run(stop)
    assert ran == ["ends"]
    assert Leases(house, clock, "other").take(NAME, LENGTH)


def test_a_job_that_hangs_keeps_no_other_waiting(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs apart, once at a time; an operator looks at it until it comes back."""
    monkeypatch.setattr(jobs, "HANGS", timedelta(0))
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    stop, back, begun = threading.Event(), threading.Event(), list[str]()

    def hang() -> int:
        begun.append("x")
        back.wait(PATIENCE)
        return 0

    others = 0

    def count() -> int:
        nonlocal others
        others += 1
        return 0

    def loop() -> None:
        Runner(house, Clock(), Log(lambda _: None), [Job("apart", 0, hang, apart=True), Job("other", 0, count)]).run(
            stop
        )
        house.close()

    def alerts() -> list[bool]:
        """Of each alert, whether it is up."""
        return [alert.cleared_at is None for alert in Store.of(OPERATOR_ALERT, house).list_full()["items"]]

    thread = threading.Thread(target=loop)
    thread.start()
    wait_for(lambda: others > 3 and alerts() == [True], "the others, and the alert")
    assert begun == ["x"]
    back.set()
    wait_for(lambda: len(begun) > 2 and not any(alerts()), "it comes back, and runs again")
    stop.set()
    thread.join(PATIENCE)


def test_the_loop_runs_and_gives_its_lease_back(house: Database) -> None:
    ran, stop = threading.Event(), threading.Event()

    def work() -> int:
        ran.set()
        return 0

    runner = Runner(house, Clock(), Log(lambda _: None), [Job("once", 60, work)])

    def loop() -> None:
        runner.run(stop)
        house.close()

    thread = threading.Thread(target=loop)
    thread.start()
    assert ran.wait(PATIENCE)
    assert not Leases(house, Clock(), "other").take(NAME, LENGTH)
    stop.set()
    thread.join(PATIENCE)
    assert Leases(house, Clock(), "other").take(NAME, LENGTH)
