"""The task queue on PostgreSQL: its tables, who gets which piece, pieces that fail, workers that die."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.storage.migrations import NotCurrent
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import OPERATOR_ALERT
from handlers import version
from handlers.domain import Job, SpreadJob
from handlers.work import jobs
from handlers.work.jobs import Runner
from handlers.work.queue import Queue, deferring
from handlers.work.queue import tables as queue_tables
from handlers.work.queue.deferring import defer, defer_soon
from handlers.work.queue.working import FIRST_WAIT, LONGEST_WAIT, Worker
from handlers.work.settings import WorkSettings
from handlers.work.soon import Soon
from tests.waiting import PATIENCE, wait_for

NAME = "tests.pieces"
SILENCE = 3
JOBS = "SELECT args->>'subject', status::text, attempts FROM procrastinate.procrastinate_jobs ORDER BY id"


@pytest.fixture
def database(queue_database: Database) -> Database:
    return queue_database


@dataclass
class Pieces:
    """A job of three pieces; what it did, in order, and which pieces fail."""

    done: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    due: tuple[str, ...] = ("a", "b", "c")

    @property
    def job(self) -> SpreadJob:
        return SpreadJob(NAME, 60, self.run, lambda: self.due, self.run_one)

    def run(self) -> int:
        self.done.append("all")
        return 1

    def run_one(self, subject: str) -> int:
        if subject in self.failing:
            raise RuntimeError("no luck")
        self.done.append(subject)
        return 1


def settings() -> WorkSettings:
    return WorkSettings(worker_tasks=1, worker_silence_seconds=SILENCE)


def worker(database: Database, pieces: Pieces, log: Log | None = None) -> Worker:
    return Worker(database, SystemClock(), log or Log(lambda _: None), [pieces.job], settings())


def queue(database: Database, *, workers: int = 1) -> Queue:
    """The queue, with so many workers that do nothing, and live however long the test takes."""
    living = "INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour')"
    for _ in range(workers):
        database.execute(living)
    return Queue(database, SILENCE)


def write(database: Database, *statements: str) -> None:
    """Change the queue's tables behind its back; their triggers know no other schema."""
    with queue_tables.connected(database.url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def tried_again_after(database: Database, seconds: int) -> Iterator[None]:
    """What fails meanwhile is tried again so long after it failed."""
    began = SystemClock().now().replace(microsecond=0)
    yield
    ((scheduled_at,),) = database.execute(
        "SELECT scheduled_at FROM procrastinate.procrastinate_jobs WHERE attempts > 0"
    )
    wait = timedelta(seconds=seconds)
    assert began + wait <= scheduled_at <= SystemClock().now() + wait


@contextmanager
def running(run: Callable[[threading.Event], None], database: Database) -> Iterator[None]:
    """It runs in a thread, and is stopped whatever happens here."""
    stop = threading.Event()

    def work() -> None:
        run(stop)
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_migrate_brings_the_queues_tables(database: Database) -> None:
    version.require_current(database)
    assert version.waiting(database) == ()
    database.execute("DROP FUNCTION procrastinate.procrastinate_fetch_job_v2")
    last = "03.03.00_01_pre_priority_lock_fetch_job.sql"
    database.execute("DELETE FROM procrastinate.applied WHERE name = %s", (last,))
    with pytest.raises(NotCurrent, match="task queue; run `hero-onboarding migrate`"):
        version.require_current(database)
    assert version.waiting(database) == (queue_tables.STEP,)
    assert version.migrate(database) == 1, "one of a later procrastinate"
    assert database.execute("SELECT to_regproc('procrastinate.procrastinate_fetch_job_v2') IS NOT NULL") == [(True,)]
    database.execute("DROP SCHEMA procrastinate CASCADE")
    assert not queue_tables.migrate(Database.open("sqlite:///:memory:"))
    runs = [threading.Thread(target=queue_tables.migrate, args=(database,)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    version.require_current(database)
    assert version.migrate(database) == 0


def test_each_piece_is_queued_once_and_done_by_a_worker(database: Database) -> None:
    pieces = Pieces()
    (job,) = queue(database).jobs([pieces.job])
    assert job.run() == job.run() == 0
    assert database.execute(JOBS) == [(each, "todo", 0) for each in "abc"]
    assert not pieces.done
    worker(database, pieces).run_once()
    assert pieces.done == ["a", "b", "c"]
    assert database.execute(JOBS) == [], "what is done leaves nothing behind"
    plain = Job("plain", 1, lambda: 7)
    assert queue(database).jobs([plain]) == (plain,)


def test_a_job_that_is_handed_out_stays_apart(database: Database) -> None:
    """Where no worker lives its pieces are done here, and may hang."""
    for apart in (True, False):
        (job,) = queue(database).jobs([replace(Pieces().job, apart=apart)])
        assert job.apart is apart


def test_without_a_worker_a_job_is_run_where_it_is_handed_out(database: Database) -> None:
    pieces = Pieces()
    database.execute(
        "INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 min')"
    )
    assert queue(database, workers=0).hand_out(pieces.job) == 1
    assert pieces.done == ["all"] and database.execute(JOBS) == []


def test_a_piece_that_was_asked_for_comes_first_and_once(database: Database) -> None:
    pieces = Pieces()
    found = queue(database)
    found.hand_out(pieces.job)
    for _ in range(3):
        found.soon(pieces.job, "c")
    assert len(database.execute(JOBS)) == 4
    worker(database, pieces).run_once()
    assert pieces.done == ["c", "a", "b", "c"]


def test_a_piece_that_fails_is_tried_again_later_and_holds_up_no_other(database: Database) -> None:
    pieces, logged = Pieces(failing={"a"}), list[bytes]()
    log = Log(logged.append)
    found = queue(database)
    found.hand_out(pieces.job)
    found.soon(pieces.job, "a")
    with tried_again_after(database, FIRST_WAIT):
        worker(database, pieces, log).run_once()
    assert pieces.done == ["b", "c"]
    found.hand_out(pieces.job)
    assert database.execute(JOBS)[0] == ("a", "todo", 1), "it waits, and is not queued beside that"
    (alert,) = Store.of(OPERATOR_ALERT, database).list_full()["items"]
    assert (alert.kind, alert.subject, alert.detail, alert.cleared_at) == (
        "job_failed",
        f"{NAME} a",
        "RuntimeError: no luck",
        None,
    )
    log.flush()
    told = b"".join(logged).decode()
    assert '"event":"task failed"' in told and '"attempt":1' in told
    overdue = "UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now(), attempts = 20 WHERE attempts > 0"
    write(database, overdue)
    with tried_again_after(database, LONGEST_WAIT):
        worker(database, pieces).run_once()
    pieces.failing.clear()
    found.soon(pieces.job, "a")
    worker(database, pieces).run_once()
    assert pieces.done[-1] == "a", "who asks does not wait for the next try"
    write(database, overdue)
    worker(database, pieces).run_once()
    assert database.execute(JOBS) == []
    assert Store.of(OPERATOR_ALERT, database).get(alert.sid).cleared_at is not None


def test_what_a_dead_worker_was_doing_is_done_by_another(database: Database) -> None:
    pieces = Pieces()
    found = queue(database)
    found.hand_out(pieces.job)
    found.soon(pieces.job, "b")
    write(
        database,
        "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min'",
        "DELETE FROM procrastinate_jobs WHERE priority = 0 AND args->>'subject' = 'b'",
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT min(id) FROM procrastinate_workers)",
    )
    found.soon(pieces.job, "b")  # while the dead one had it
    with running(worker(database, pieces).run, database):
        wait_for(lambda: database.execute(JOBS) == [], "the end of all pieces")
        assert sorted(pieces.done) == ["a", "b", "c"], "the second wish for b took the place of the first"
    assert database.execute("SELECT 1 FROM procrastinate.procrastinate_workers") == [], "it took its leave"


def test_a_worker_that_was_taken_for_dead_registers_anew(database: Database) -> None:
    known = "SELECT id FROM procrastinate.procrastinate_workers"
    with running(worker(database, Pieces()).run, database):
        first = wait_for(lambda: database.execute(known), "the worker's row")
        write(database, "DELETE FROM procrastinate_workers")
        assert wait_for(lambda: database.execute(known), "another row of the same worker") != first


def test_web_processes_leave_jobs_to_workers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ASIDE", 0.01)
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    ran, looks, lives = threading.Event(), list[bool](), True

    def job() -> int:
        ran.set()
        return 0

    def aside() -> bool:
        looks.append(lives)
        return lives

    runner = Runner(database, SystemClock(), Log(lambda _: None), [Job("x", 1, job)], aside)
    with running(runner.run, database):
        wait_for(lambda: len(looks) >= 5, "several rounds of the loop")
        assert not ran.is_set()
        lives = False
        assert ran.wait(PATIENCE)


def test_a_database_that_is_away_is_said_to_be_so(database: Database) -> None:
    """Before the first statement, and in the middle."""
    nowhere = "postgresql://127.0.0.1:9/none"
    with pytest.raises(Unavailable):
        defer(nowhere, NAME, {"a": "lock"})
    with pytest.raises(Unavailable):
        defer_soon(nowhere, NAME, "a", "lock")
    with pytest.raises(Unavailable), queue_tables.connected(database.url) as connection:
        database.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        connection.execute("SELECT 1")


def test_a_queue_that_goes_away_while_a_task_is_put_in(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def cut(url: str) -> Iterator[object]:
        with queue_tables.connected(url) as connection:
            database.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
            yield connection

    monkeypatch.setattr(deferring, "connected", cut)
    with pytest.raises(Unavailable):
        defer_soon(database.url, NAME, "a", "lock")
    assert database.execute(JOBS) == []


@pytest.mark.parametrize("workers", [0, 1])
def test_soon_runs_here_or_asks_a_worker(database: Database, workers: int) -> None:
    pieces = Pieces(failing={"a"})
    soon = Soon(pieces.job, Log(lambda _: None), queue(database, workers=workers))
    for subject in ("a", "b", "c"):
        soon(subject)
    if workers:
        assert [row[0] for row in database.execute(JOBS)] == ["a", "b", "c"] and not pieces.done
    else:
        wait_for(lambda: pieces.done == ["b", "c"], "the pieces that do not fail")
