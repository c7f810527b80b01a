"""The rows of refunds beside their total, one rule after the other: each refund is one row, and all add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import ProviderRefund, Refund, RefundSource, RefundStatus, TopUp, User
from generated.tables.onboarding import REFUND, TOP_UP, USER
from handlers.payments.refund_rows import AT_THE_PROVIDER, RefundRows
from tests.migrated import migrate

PENDING, SUCCEEDED = RefundStatus.PENDING, RefundStatus.SUCCEEDED
FAILED, CANCELED = RefundStatus.FAILED, RefundStatus.CANCELED
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = START + timedelta(minutes=1, microseconds=600_000)
SECOND = timedelta(seconds=1)
NOW = START + timedelta(hours=1)
CENT = 10_000_000


class Rows:
    """The refunds of one top-up of ten dollars. What a provider says of it comes at `AT`; it is `NOW`."""

    def __init__(self, database: Database) -> None:
        migrate(database)
        self.rows, self.store, self.top_ups = (
            RefundRows(database),
            Store.of(REFUND, database),
            Store.of(TOP_UP, database),
        )
        self.user = Store.of(USER, database).new({"mycelium_address": "400::1", "public_key": "1" * 64}, START)
        self.top_up = self.another(self.user)

    def another(self, user: User) -> TopUp:
        return self.top_ups.new(
            {
                "user_sid": user.sid,
                "provider": "stub",
                "session_ref": "cs",
                "amount": Money(1000 * CENT),
                "created_at": START,
            },
            START,
        )

    def ours(self, cents: int, **fields: Any) -> Refund:
        """One that an operator has asked for."""
        return self.store.new(
            {
                "top_up_sid": self.top_up.sid,
                "user_sid": self.user.sid,
                "provider": "stub",
                "amount": Money(cents * CENT),
                "started_by": RefundSource.OPERATOR,
                "reason": "asked for",
                "next_attempt_at": NOW,
                **fields,  # type: ignore[typeddict-item]
            },
            NOW,
        )

    def told(self, cents: int, named: list[ProviderRefund] | None = None) -> None:
        self.rows.keep(self.top_up, cents * CENT, named, AT, NOW)

    def all(self) -> list[Refund]:
        return self.store.find({"top_up_sid": self.top_up.sid}, limit=1000)["items"]

    def shown(self) -> list[tuple[str | None, int, RefundStatus]]:
        return [(row.refund_ref, row.amount.cents, row.status) for row in self.all()]


@pytest.fixture
def refunds(database: Database) -> Rows:
    return Rows(database)


def named(ref: str, cents: int, status: RefundStatus = SUCCEEDED, **fields: Any) -> ProviderRefund:
    told = {"refund_ref": ref, "amount_minor": cents, "currency": "USD", "status": status}
    return ProviderRefund.model_validate({**told, **fields})


# --- by their total only --------------------------------------------------------------------------------------------


def test_what_is_known_by_its_amount_is_one_row(refunds: Rows) -> None:
    refunds.told(300)
    (row,) = refunds.all()
    assert (row.refund_ref, row.amount.cents, row.status, row.started_by) == (None, 300, SUCCEEDED, "provider")
    assert (row.top_up_sid, row.user_sid, row.provider) == (refunds.top_up.sid, refunds.user.sid, "stub")
    assert (row.reason, row.settled_at, row.created_at) == (AT_THE_PROVIDER, AT.replace(microsecond=0), NOW)
    assert row.next_attempt_at is None
    refunds.told(300)
    assert refunds.all() == [row]
    refunds.told(500)
    assert refunds.shown() == [(None, 500, SUCCEEDED)]
    refunds.told(0)
    assert refunds.shown() == []


def test_one_without_a_name_that_came_back_is_kept_as_failed(refunds: Rows) -> None:
    refunds.told(300)
    refunds.told(0, [])
    assert refunds.shown() == [(None, 300, FAILED)]
    refunds.told(0, [])
    assert refunds.shown() == [(None, 300, FAILED)]
    refunds.told(200)
    assert refunds.shown() == [(None, 300, FAILED), (None, 200, SUCCEEDED)]
    refunds.told(100, [])
    assert refunds.shown() == [(None, 300, FAILED), (None, 100, SUCCEEDED)], "part of it came back"


def test_what_is_named_later_is_not_kept_twice(refunds: Rows) -> None:
    refunds.told(500)
    refunds.told(500, [named("re_1", 300)])
    assert refunds.shown() == [("re_1", 300, SUCCEEDED), (None, 200, SUCCEEDED)]
    refunds.told(500, [named("re_1", 300), named("re_2", 200)])
    assert refunds.shown() == [("re_1", 300, SUCCEEDED), ("re_2", 200, SUCCEEDED)]
    refunds.told(300, [named("re_1", 300), named("re_2", 200, FAILED)])
    assert refunds.shown() == [("re_1", 300, SUCCEEDED), ("re_2", 200, FAILED)]


# --- by their names -------------------------------------------------------------------------------------------------


def test_what_is_written_down_of_one_with_a_name(refunds: Rows) -> None:
    since = START + timedelta(minutes=7)
    refunds.told(300, [named("re_1", 300, PENDING, occurred_at=since)])
    (row,) = refunds.all()
    assert (row.refund_ref, row.amount.cents, row.status, row.started_by) == ("re_1", 300, PENDING, "provider")
    assert (row.settled_at, row.next_attempt_at, row.reason) == (since, None, AT_THE_PROVIDER)
    refunds.told(300, [named("re_1", 300, PENDING, occurred_at=since)])
    assert refunds.all() == [row]
    refunds.told(300, [named("re_1", 300, occurred_at=since + SECOND)])
    (changed,) = refunds.all()
    assert (changed.sid, changed.status, changed.settled_at) == (row.sid, SUCCEEDED, row.settled_at)


def test_the_time_of_one_with_a_name(refunds: Rows) -> None:
    """That of what told of it, where it has none of its own; now, where its own cannot be."""
    refunds.told(600, [named("re_1", 300), named("re_2", 300, occurred_at=NOW + timedelta(days=1))])
    assert [row.settled_at for row in refunds.all()] == [AT.replace(microsecond=0), NOW]


@pytest.mark.parametrize("status", [FAILED, CANCELED])
def test_one_that_was_never_in_the_total_has_no_time(refunds: Rows, status: RefundStatus) -> None:
    refunds.told(0, [named("re_1", 300, status)])
    (row,) = refunds.all()
    assert (row.status, row.settled_at) == (status, None)


def test_one_in_other_money_is_not_kept(refunds: Rows) -> None:
    refunds.told(0, [named("re_1", 300, currency="EUR")])
    assert refunds.shown() == []


# --- those that we asked for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(RefundStatus))
def test_ours_is_known_by_its_mark_and_then_by_its_name(refunds: Rows, status: RefundStatus) -> None:
    ours = refunds.ours(300)
    in_total = status in (PENDING, SUCCEEDED)
    refunds.told(300 if in_total else 0, [named("re_1", 300, status, refund_sid=ours.sid)])
    (row,) = refunds.all()
    assert (row.sid, row.refund_ref, row.status, row.started_by) == (ours.sid, "re_1", status, "operator")
    assert row.settled_at == (AT.replace(microsecond=0) if in_total else None)
    assert row.next_attempt_at == (NOW if status == PENDING else None)
    for mark in (ours.sid, None):
        refunds.told(300 if in_total else 0, [named("re_1", 300, status, refund_sid=mark)])
        assert refunds.all() == [row]


def test_a_mark_that_is_not_ours(refunds: Rows) -> None:
    """Of another top-up, of one that has a name already, of none: the row is another."""
    other = refunds.another(refunds.user)
    theirs = refunds.ours(300, top_up_sid=other.sid)
    known = refunds.ours(200, refund_ref="re_0", status=SUCCEEDED, settled_at=START, next_attempt_at=None)
    marks = [theirs.sid, known.sid, "0000LOST"]
    names = [named(f"re_{number}", 100, refund_sid=mark) for number, mark in enumerate(marks, 1)]
    refunds.told(500, [named("re_0", 200), *names])
    assert refunds.store.get(theirs.sid) == theirs and refunds.store.get(known.sid) == known
    assert refunds.shown() == [("re_0", 200, SUCCEEDED), *((f"re_{number}", 100, SUCCEEDED) for number in (1, 2, 3))]


def test_of_a_provider_that_names_none_ours_are_in_the_total_the_oldest_first(refunds: Rows) -> None:
    first, second, third = (refunds.ours(cents) for cents in (300, 200, 100))
    refunds.told(400, [])
    rows = {row.sid: row for row in refunds.all()}
    for ours in (first, third):
        row = rows[ours.sid]
        assert (row.status, row.settled_at, row.next_attempt_at) == (SUCCEEDED, AT.replace(microsecond=0), None)
    assert rows[second.sid] == second and len(rows) == 3
    refunds.told(500, [])
    assert refunds.store.get(second.sid) == second
    assert refunds.shown()[3:] == [(None, 100, SUCCEEDED)], "not ours, as far as is known"
    refunds.told(600, [])
    assert [row.status for row in refunds.all()] == [SUCCEEDED] * 3, "it was ours"


def test_what_had_no_name_was_ours(refunds: Rows) -> None:
    """Nothing came back: the total is the same."""
    refunds.told(300)
    ours = refunds.ours(300)
    refunds.told(300, [])
    assert [(row.sid, row.status) for row in refunds.all()] == [(ours.sid, SUCCEEDED)]


def test_more_refunds_than_a_page(refunds: Rows) -> None:
    refunds.told(101, [named(f"re_{number}", 1) for number in range(101)])
    assert len(refunds.all()) == 101, "each has its name, and there is no rest"
    for _ in range(101):
        refunds.ours(1)
    assert refunds.rows.waiting(refunds.top_up.sid) == 101 * CENT


def test_an_event_that_names_none_settles_nothing_of_ours(refunds: Rows) -> None:
    ours = refunds.ours(300)
    refunds.told(300)
    assert refunds.store.get(ours.sid) == ours
    assert refunds.shown() == [(None, 300, PENDING), (None, 300, SUCCEEDED)]


def test_what_is_over_is_not_settled(refunds: Rows) -> None:
    over = [refunds.ours(100, status=status) for status in (FAILED, CANCELED)]
    refunds.told(200, [])
    assert [refunds.store.get(row.sid) for row in over] == over
    assert refunds.shown()[2:] == [(None, 200, SUCCEEDED)]


def settled(refunds: Rows, *cents: int) -> list[str]:
    return [refunds.ours(each, status=SUCCEEDED, settled_at=START).sid for each in cents]


@pytest.mark.parametrize(
    ("total", "failed"),
    [
        (700, []),
        (500, [200]),  # the one of this amount
        (600, [100]),
        (300, [400]),
        (200, [200, 100]),  # the latest ones
        (400, [100, 200]),
        (550, [100]),  # none is of this amount: the latest that is not more
        (650, []),
        (0, [100, 200, 400]),
    ],
)
def test_the_total_fell(refunds: Rows, total: int, failed: list[int]) -> None:
    settled(refunds, 400, 100, 200)
    refunds.told(total, [])
    rows = refunds.all()
    assert sorted(row.amount.cents for row in rows if row.status == FAILED) == sorted(failed)
    assert all(row.next_attempt_at is None for row in rows if row.status == FAILED)


def test_of_two_of_the_same_amount_the_latest_came_back(refunds: Rows) -> None:
    first, second = settled(refunds, 200, 200)
    refunds.told(200, [])
    assert (refunds.store.get(first).status, refunds.store.get(second).status) == (SUCCEEDED, FAILED)


def test_what_is_named_did_not_fail_whatever_the_total(refunds: Rows) -> None:
    refunds.told(300, [named("re_1", 300)])
    refunds.told(0, [named("re_1", 300)])
    assert refunds.shown() == [("re_1", 300, SUCCEEDED)]


# --- what waits -----------------------------------------------------------------------------------------------------


def test_what_waits_to_be_in_the_total(refunds: Rows) -> None:
    assert refunds.rows.waiting(refunds.top_up.sid) == 0
    refunds.ours(300)
    refunds.ours(200, status=SUCCEEDED)
    for status in (FAILED, CANCELED):
        refunds.ours(50, status=status)
    refunds.ours(70, status=SUCCEEDED, settled_at=START)
    other = refunds.another(refunds.user)
    refunds.ours(9, top_up_sid=other.sid)
    assert refunds.rows.waiting(refunds.top_up.sid) == 500 * CENT
    assert refunds.rows.waiting(other.sid) == 9 * CENT
