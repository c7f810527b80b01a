"""The audit is run in slices: postings go on meanwhile, it may be cut off anywhere, and its memory stays flat."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditStarter
from generated.tables.onboarding import AUDIT_RUN, OPERATOR_ALERT
from handlers import audit as auditing
from handlers.admin import audit_runs
from handlers.admin.audit_runs import AuditRuns
from handlers.audit import Batch, Place, batch, findings, start
from handlers.cli import main
from handlers.composition import registered_audits
from tests.migrated import migrate
from tests.server.book import Book

DOLLAR = 10**9


@pytest.fixture
def book(database: Database, monkeypatch: pytest.MonkeyPatch) -> Book:
    """Two users with a history of several batches."""
    monkeypatch.setattr(auditing, "BATCH", 7)
    migrate(database)
    book = Book(database)
    users = [book.user(), book.user()]
    for number in range(12):
        book.top_up(users[number % 2], f"pi_{number}", DOLLAR)
        book.charge(users[0], f"c{number}", DOLLAR // 3)
        book.adjustments.freeze(book.context, user_sid=users[1], on=bool(number % 2), reason="so")
    return book


def runs(book: Book) -> AuditRuns:
    return AuditRuns(book.database, book.clock, registered_audits())


def broken(book: Book) -> None:
    book.database.execute("UPDATE credit_lot SET remaining = remaining + 1")
    book.database.execute("UPDATE billing SET lifetime_paid = 1, credit_balance = 1")


def test_slices_find_what_one_go_finds(book: Book) -> None:
    broken(book)
    whole = list(findings(book.database, registered_audits()))
    run, slices = runs(book).begin(AuditStarter.OPERATOR), 0
    while run.finished_at is None:
        run = runs(book).advance(run, 0)  # made anew each time: nothing is kept but the row
        slices += 1
    assert slices > len(registered_audits()) + 10
    assert run.findings == whole != []
    assert run.entries == book.database.execute("SELECT COUNT(*) FROM ledger_entry")[0][0]
    assert audit_runs.report(book.database, registered_audits()).findings == whole


def test_a_place_is_json_at_any_batch(book: Book) -> None:
    for check in registered_audits():
        place: Place | None = start(check)
        while place is not None:
            again = json.loads(json.dumps({"after": place.after, "carry": place.carry}))
            done: Batch = batch(book.database, check, Place(tuple(again["after"]), again["carry"]))
            assert done.findings == [], check.name
            place = done.place


def test_postings_between_batches_are_no_findings(book: Book) -> None:
    """Each kind of posting between any two batches: what is read later is judged by what is true then."""
    run, number = runs(book).begin(AuditStarter.OPERATOR), 0
    user = book.user()
    while run.finished_at is None:
        if number < 40:
            number += 1
            book.later()
            book.top_up(user, f"more_{number}", DOLLAR)
            book.charge(user, f"more_{number}", 2 * DOLLAR)
            book.hold(user, f"hold_{number}", DOLLAR)
            book.adjustments.freeze(book.context, user_sid=user, on=True, reason="so")
        run = runs(book).advance(run, 0)
    assert run.findings == []
    assert number == 40


def test_one_goes_on_with_a_run(book: Book) -> None:
    run = runs(book).begin(AuditStarter.OPERATOR)
    runs(book).advance(run, 0)
    with pytest.raises(Conflict):
        runs(book).advance(run, 0)


def test_a_check_that_is_no_more_begins_anew(book: Book) -> None:
    run = runs(book).begin(AuditStarter.OPERATOR)
    run = Store.of(AUDIT_RUN, book.database).patch(run.sid, {"check": "gone", "place": {"after": ["x"], "carry": {}}})
    assert runs(book).advance(run, 60).findings == []


# --- every day ------------------------------------------------------------------------------------------------------


def finished(book: Book) -> list[bool]:
    return [run.finished_at is not None for run in Store.of(AUDIT_RUN, book.database).list_full()["items"]]


def audit_all(book: Book) -> None:
    """Let the job audit once, in as many slices as this machine needs."""
    runs(book).run_once()
    while not all(finished(book)):
        runs(book).run_once()


def test_the_job_audits_once_a_day(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_runs, "SLICE", 0)
    assert runs(book).run_once() == 0
    assert finished(book) == [False]
    while not all(finished(book)):
        runs(book).run_once()
    assert runs(book).run_once() == 0
    book.clock.time += timedelta(hours=23)
    runs(book).run_once()
    assert len(finished(book)) == 1
    book.clock.time += timedelta(hours=1)
    runs(book).run_once()
    assert finished(book) == [True, False]


def test_the_job_runs_though_the_clock_was_set_back(book: Book) -> None:
    audit_all(book)
    book.clock.time -= timedelta(days=30)
    audit_all(book)
    assert finished(book) == [True, True]


def test_the_job_leaves_an_operators_audit_alone(book: Book) -> None:
    mine = runs(book).begin(AuditStarter.OPERATOR)
    runs(book).run_once()
    assert runs(book).advance(mine, 60).finished_at is not None


def test_the_job_alerts_and_takes_the_alert_down(book: Book) -> None:
    alerts = Store.of(OPERATOR_ALERT, book.database)
    book.database.execute("UPDATE billing SET credit_balance = credit_balance + 1")
    audit_all(book)
    [alert] = alerts.list_full()["items"]
    assert (alert.kind, alert.cleared_at) == ("audit_failed", None)
    assert "credit_balance" in alert.detail
    book.database.execute("UPDATE billing SET credit_balance = credit_balance - 1")
    book.clock.time += timedelta(days=1)
    audit_all(book)
    [alert] = alerts.list_full()["items"]
    assert alert.cleared_at is not None


# --- by the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", url)
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", str(tmp_path))
    database = Database.open(url)
    migrate(database)
    yield database
    database.close()


def test_a_command_that_was_interrupted_goes_on(command: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(command)
    book.top_up(book.user(), "pi_1", DOLLAR)
    advance, slices = AuditRuns.advance, 0

    def interrupted(self: AuditRuns, run: Any, seconds: float) -> Any:
        nonlocal slices
        slices += 1
        if slices == 3:
            raise KeyboardInterrupt
        return advance(self, run, 0)

    monkeypatch.setattr(AuditRuns, "advance", interrupted)
    stopped = CliRunner().invoke(main, ["audit"])
    assert stopped.exit_code == 1
    assert "audit --resume" in stopped.stderr
    [run] = Store.of(AUDIT_RUN, command).list_full()["items"]
    assert run.finished_at is None and run.check
    went_on = CliRunner().invoke(main, ["audit", "--resume"])
    assert went_on.exit_code == 0, went_on.output
    assert went_on.stdout.startswith("the ledger holds: 2 entries proved")
    [run] = Store.of(AUDIT_RUN, command).list_full()["items"]
    assert run.finished_at is not None
    assert CliRunner().invoke(main, ["audit", "--resume"]).exit_code == 0
    assert len(Store.of(AUDIT_RUN, command).list()["items"]) == 2, "what is finished is begun anew"


def test_progress_is_shown_on_a_terminal_only(command: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(command)
    book.top_up(book.user(), "pi_1", DOLLAR)
    monkeypatch.setattr("handlers.admin.commands.audit.SLICE", 0)
    assert "check " not in CliRunner().invoke(main, ["audit"]).stderr
    monkeypatch.setattr("handlers.admin.commands.audit._on_terminal", lambda: True)
    seen = CliRunner().invoke(main, ["audit", "--json"])
    assert "check 2 of" in seen.stderr and "2 entries" in seen.stderr
    assert json.loads(seen.stdout)["findings"] == []


# --- memory ---------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_ledger(database: Database) -> None:
    migrate(database)
    book = Book(database)
    user = book.user()

    def post(first: int) -> None:
        for number in range(first, first + 250):
            book.top_up(user, f"pi_{number}", DOLLAR)

    def peak() -> int:
        tracemalloc.start()
        assert list(findings(database, registered_audits())) == []
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    book.ledger.transaction(lambda: post(0))
    peak()
    small = peak()
    for first in (250, 500, 750, 1000):
        book.ledger.transaction(lambda first=first: post(first))  # type: ignore[misc]
    assert peak() < 1.5 * small
