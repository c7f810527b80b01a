"""The pure rules of payments one by one: what an observation changes, what has to be posted, when to ask again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from generated.models.onboarding import DisputeStatus, TopUpStatus
from generated.models.onboarding import PaymentEventKind as Kind
from handlers.payments.moves import Act, Move, gone, held_of, kyc_held, moves, over_cap
from handlers.payments.schedule import (
    CLAIM,
    FIRST,
    OVERDUE,
    due_by,
    next_check,
    next_comparison,
    rarely,
    without_answer,
)
from handlers.payments.states import (
    CLOCK_SKEW,
    DISPUTE_STATUS,
    UNNAMED,
    Dispute,
    Observation,
    State,
    believable,
    doubtful,
    merge,
    merge_all,
)

AT = datetime(2026, 11, 20, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
CENT = 10_000_000
ASKED = 1000 * CENT
OPEN = State(asked=ASKED)
PAID = State(asked=ASKED, credited=ASKED, paid_at=AT)


def seen(
    kind: Kind, minor: int = 1000, ref: str = UNNAMED, currency: str = "USD", fetched: bool = False, after: int = 0
) -> Observation:
    return Observation(kind, minor, currency, AT + timedelta(seconds=after), ref, fetched)


def disputed(status: DisputeStatus, cents: int = 400, ref: str = "du", after: int = 0, **fields: object) -> State:
    dispute = Dispute(cents * CENT, status, AT + timedelta(seconds=after))
    return replace(PAID, disputes={ref: dispute}, **fields)  # type: ignore[arg-type]


def dispute(state: State, ref: str = "du") -> tuple[int, DisputeStatus, int]:
    known = state.disputes[ref]
    return known.amount // CENT, known.status, int((known.at - AT).total_seconds())


# --- what an observation changes ------------------------------------------------------------------------------------


def test_a_payment_of_what_was_asked_for_is_credited() -> None:
    assert merge(OPEN, seen(Kind.PAYMENT_SUCCEEDED)) == PAID


@pytest.mark.parametrize(
    ("minor", "currency", "review"),
    [
        (999, "USD", "9.99 USD were paid, 10.00 asked for"),
        (1001, "USD", "10.01 USD were paid, 10.00 asked for"),
        (205, "USD", "2.05 USD were paid, 10.00 asked for"),
        (1000, "EUR", "1000 of EUR's smallest unit were paid, not dollars"),
        (1000, "XXX", "1000 of a currency that is not known were paid, not dollars"),
    ],
)
def test_a_payment_of_anything_else_is_reviewed(minor: int, currency: str, review: str) -> None:
    found = merge(OPEN, seen(Kind.PAYMENT_SUCCEEDED, minor, currency=currency))
    assert found == State(asked=ASKED, paid_at=AT, review=review)
    assert found.status == TopUpStatus.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("before", "observation"),
    [
        (PAID, seen(Kind.PAYMENT_SUCCEEDED, 999)),
        (replace(OPEN, failed=True), seen(Kind.PAYMENT_FAILED)),
        (replace(OPEN, expired=True), seen(Kind.SESSION_EXPIRED)),
        (replace(OPEN, refund_failed=True), seen(Kind.REFUND_FAILED)),
        (OPEN, seen(Kind.PAYMENT_PENDING)),
        (PAID, seen(Kind.REFUND_CHANGED, 300, currency="EUR")),
        (replace(PAID, refunded=300 * CENT), seen(Kind.REFUND_CHANGED, 300)),
        (replace(PAID, refunded=300 * CENT), seen(Kind.REFUND_CHANGED, 299)),
        (replace(PAID, refunded=300 * CENT), Observation(Kind.REFUND_CHANGED, 299, "USD", AT)),
        (replace(PAID, refunded=300 * CENT), seen(Kind.REFUND_CHANGED, 300, fetched=True)),
        (replace(PAID, refund_failed=True), seen(Kind.REFUND_CHANGED, 300)),
        (disputed(DisputeStatus.OPEN), seen(Kind.DISPUTE_OPENED, 400, "du")),
        (disputed(DisputeStatus.OPEN), seen(Kind.DISPUTE_INQUIRY, 400, "du")),
        (disputed(DisputeStatus.OPEN), seen(Kind.DISPUTE_LOST, 400, "du", after=-1)),
        (disputed(DisputeStatus.OPEN), seen(Kind.DISPUTE_OPENED, 400, "du", fetched=True, after=9)),
        (disputed(DisputeStatus.OPEN), seen(Kind.DISPUTE_LOST, 400)),
        (PAID, seen(Kind.DISPUTE_WON, 400)),
    ],
)
def test_nothing_new(before: State, observation: Observation) -> None:
    assert merge(before, observation) is before


def test_what_ends_without_money() -> None:
    assert merge(OPEN, seen(Kind.PAYMENT_FAILED)) == State(asked=ASKED, failed=True)
    assert merge(OPEN, seen(Kind.SESSION_EXPIRED)) == State(asked=ASKED, expired=True)
    assert merge(OPEN, seen(Kind.REFUND_FAILED)) == State(asked=ASKED, refund_failed=True)


def test_refunds_by_their_total() -> None:
    some = merge(PAID, seen(Kind.REFUND_CHANGED, 300))
    assert some == replace(PAID, refunded=300 * CENT)
    fell = merge(some, seen(Kind.REFUND_CHANGED, 100, fetched=True))
    assert fell == replace(PAID, refunded=100 * CENT, refund_failed=True)
    assert merge(fell, seen(Kind.REFUND_CHANGED, 200, fetched=True)) == replace(fell, refunded=200 * CENT)


def test_a_dispute_by_its_latest_status() -> None:
    state = PAID
    for after, (kind, status) in enumerate(DISPUTE_STATUS.items()):
        state = merge(state, seen(kind, 400, "du", after=after))
        assert dispute(state) == (400, status, after)
    assert DISPUTE_STATUS == {
        Kind.DISPUTE_INQUIRY: DisputeStatus.INQUIRY,
        Kind.DISPUTE_OPENED: DisputeStatus.OPEN,
        Kind.DISPUTE_LOST: DisputeStatus.LOST,
        Kind.DISPUTE_WON: DisputeStatus.WON,
    }


def test_of_the_same_second_the_later_step_counts() -> None:
    every = [seen(kind, 400, "du") for kind in reversed(list(DISPUTE_STATUS))]
    assert dispute(merge_all(PAID, every))[1] == DisputeStatus.WON
    assert dispute(merge_all(PAID, every[::-1]))[1] == DisputeStatus.WON


def test_the_amount_of_a_dispute() -> None:
    def told(before: State, minor: int, **fields: str) -> int:
        return dispute(merge(before, seen(Kind.DISPUTE_LOST, minor, "du", after=1, **fields)))[0]  # type: ignore[arg-type]

    assert told(PAID, 1001) == 1000
    assert told(PAID, 999) == 999
    assert told(PAID, 5, currency="EUR") == 1000
    assert told(disputed(DisputeStatus.INQUIRY), 300) == 300
    assert told(disputed(DisputeStatus.OPEN), 300) == 400


def test_what_was_fetched_counts_whatever_its_time() -> None:
    state = merge(disputed(DisputeStatus.OPEN, after=10), seen(Kind.DISPUTE_WON, 400, "du", fetched=True))
    assert dispute(state) == (400, DisputeStatus.WON, 10)


def test_a_dispute_without_a_name() -> None:
    unnamed = merge(PAID, seen(Kind.DISPUTE_OPENED, 400))
    assert dispute(unnamed, UNNAMED) == (400, DisputeStatus.OPEN, 0)
    assert dispute(merge(unnamed, seen(Kind.DISPUTE_WON, 400, after=1)), UNNAMED)[1] == DisputeStatus.WON
    named = merge(unnamed, seen(Kind.DISPUTE_OPENED, 300, "du", after=5))
    assert dispute(named) == (300, DisputeStatus.OPEN, 5)
    assert dispute(named, UNNAMED) == (400, DisputeStatus.WON, 0)
    assert named.disputes.keys() == {"du", UNNAMED}
    assert merge(named, seen(Kind.DISPUTE_LOST, 400, after=9)) is named
    assert merge(PAID, seen(Kind.DISPUTE_OPENED, 300, "du")).disputes.keys() == {"du"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (OPEN, TopUpStatus.OPEN),
        (replace(OPEN, expired=True), TopUpStatus.EXPIRED),
        (replace(OPEN, expired=True, failed=True), TopUpStatus.FAILED),
        (replace(OPEN, failed=True, review="look"), TopUpStatus.NEEDS_REVIEW),
        (replace(PAID, failed=True, review="look"), TopUpStatus.SETTLED),
        (replace(PAID, refunded=ASKED - 1), TopUpStatus.SETTLED),
        (replace(PAID, refunded=ASKED), TopUpStatus.REFUNDED),
        (replace(PAID, refunded=ASKED, excess=1), TopUpStatus.SETTLED),
        (replace(PAID, refunded=ASKED + 1, excess=1), TopUpStatus.REFUNDED),
        (disputed(DisputeStatus.INQUIRY), TopUpStatus.SETTLED),
        (disputed(DisputeStatus.WON), TopUpStatus.SETTLED),
        (disputed(DisputeStatus.LOST, refunded=ASKED), TopUpStatus.DISPUTED),
        (disputed(DisputeStatus.OPEN), TopUpStatus.DISPUTED),
        (replace(disputed(DisputeStatus.OPEN), disputes={**disputed(DisputeStatus.OPEN).disputes,
                 "won": Dispute(1, DisputeStatus.WON, AT)}), TopUpStatus.DISPUTED),
    ],
)  # fmt: skip
def test_the_status(state: State, status: TopUpStatus) -> None:
    assert state.status == status


def test_times_that_cannot_be() -> None:
    now = AT + DAY
    assert timedelta(minutes=5) == CLOCK_SKEW
    for at, found in (
        (AT - CLOCK_SKEW, AT - CLOCK_SKEW),
        (AT - CLOCK_SKEW - SECOND, now),
        (now + CLOCK_SKEW, now + CLOCK_SKEW),
        (now + CLOCK_SKEW + SECOND, now),
        (now - SECOND / 2, now - SECOND),
    ):
        assert believable(at, AT, now) == found
    assert believable(now + DAY, AT, now + SECOND / 2) == now


def test_what_is_asked_about_before_it_is_believed() -> None:
    about = [Kind.REFUND_CHANGED, Kind.REFUND_FAILED, *DISPUTE_STATUS]
    for kind in Kind:
        assert doubtful(OPEN, seen(kind)) is (kind in about)
        assert doubtful(PAID, seen(kind)) is False
        assert doubtful(replace(PAID, refund_failed=True), seen(kind)) is (kind == Kind.REFUND_CHANGED)


# --- what has to be posted ------------------------------------------------------------------------------------------


def test_a_credit() -> None:
    assert moves(OPEN, PAID) == [Move("top_up", ASKED)]
    assert moves(OPEN, replace(PAID, excess=5)) == [Move("top_up", ASKED), Move("overpayment", 5)]
    assert moves(PAID, PAID) == []
    assert moves(OPEN, replace(OPEN, refunded=5, disputes=disputed(DisputeStatus.OPEN).disputes)) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 3, [Move("excess_refund", 3)]),
        (3, 8, [Move("excess_refund", 2), Move("refund", 3)]),
        (8, 6, [Move("refund_failed", 2)]),
        (8, 4, [Move("excess_refund_failed", 1), Move("refund_failed", 3)]),
        (0, ASKED + 99, [Move("excess_refund", 5), Move("refund", ASKED)]),
        (6, 6, []),
    ],
)
def test_a_refund_takes_the_excess_first(before: int, after: int, expected: list[Move]) -> None:
    paid = replace(PAID, excess=5)
    assert moves(replace(paid, refunded=before), replace(paid, refunded=after)) == expected


def test_what_was_refunded_before_it_was_credited() -> None:
    refunded = replace(PAID, refunded=ASKED)
    assert moves(replace(OPEN, refunded=ASKED), refunded) == [Move("top_up", ASKED), Move("refund", ASKED)]


STATUSES = (None, DisputeStatus.INQUIRY, DisputeStatus.OPEN, DisputeStatus.LOST, DisputeStatus.WON)
USER, HELD, PAYER = (DisputeStatus.INQUIRY, DisputeStatus.WON), (DisputeStatus.OPEN,), (DisputeStatus.LOST,)


def steps(before: DisputeStatus | None, after: DisputeStatus) -> list[Act]:
    if before in HELD:
        return [] if after in HELD else ["loss"] if after in PAYER else ["release"]
    if before in PAYER:
        return [] if after in PAYER else ["reinstatement", "hold"] if after in HELD else ["reinstatement"]
    return ["hold"] if after in HELD else ["hold", "loss"] if after in PAYER else []


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES[1:])
def test_a_dispute(before: DisputeStatus | None, after: DisputeStatus) -> None:
    known = disputed(before) if before is not None else PAID
    assert moves(known, disputed(after)) == [Move(act, 400 * CENT, "du") for act in steps(before, after)]
    unknown = replace(known, credited=0)  # nothing was posted for it yet
    expected = [Move("top_up", ASKED), *(Move(act, 400 * CENT, "du") for act in steps(None, after))]
    assert moves(unknown, disputed(after)) == expected


def test_what_is_beyond_the_cap() -> None:
    assert [over_cap(10, paid, 25) for paid in (0, 15, 16, 24, 25, 99)] == [0, 0, 1, 9, 10, 84]


def test_what_is_held_before_kyc() -> None:
    held = replace(PAID, over_cap=600 * CENT)
    assert kyc_held(held) == 600 * CENT
    assert kyc_held(replace(held, credited=0)) == 0
    assert kyc_held(replace(held, refunded=ASKED)) == 0
    assert kyc_held(replace(held, refunded=250 * CENT)) == 350 * CENT
    for status, cents in ((DisputeStatus.WON, 600), (DisputeStatus.INQUIRY, 600), (DisputeStatus.OPEN, 200)):
        assert kyc_held(disputed(status, over_cap=600 * CENT)) == cents * CENT


def test_what_went_back_of_earlier_payments_makes_room_under_the_cap() -> None:
    half, far = replace(PAID, over_cap=600 * CENT), replace(PAID, over_cap=1700 * CENT)
    freed = (0, 100, 600, 800, 1700, 2000)
    assert [kyc_held(replace(half, freed=each * CENT)) // CENT for each in freed] == [600, 500, 0, 0, 0, 0]
    assert [kyc_held(replace(far, freed=each * CENT)) // CENT for each in freed] == [1000, 1000, 1000, 900, 0, 0]
    back = replace(far, refunded=300 * CENT)
    assert [kyc_held(replace(back, freed=each * CENT)) // CENT for each in freed] == [700, 700, 700, 600, 0, 0]


def test_no_more_goes_of_a_payment_than_was_credited() -> None:
    assert [gone(10, returned, contested) for returned, contested in ((0, 0), (3, 4), (6, 4), (10, 10))] == [
        0,
        7,
        10,
        10,
    ]
    assert held_of(10, 25, 0, 10) == 0


def test_what_is_held_is_released_first_and_held_last() -> None:
    held = replace(PAID, over_cap=600 * CENT)
    hold, refund = Move("kyc_hold", 600 * CENT), Move("refund", 100 * CENT)
    assert moves(OPEN, held) == [Move("top_up", ASKED), hold]
    assert moves(held, PAID) == [Move("kyc_release", 600 * CENT)]
    assert moves(held, replace(held, refunded=100 * CENT)) == [Move("kyc_release", 100 * CENT), refund]
    assert moves(replace(held, refunded=100 * CENT), held) == [
        Move("refund_failed", 100 * CENT),
        Move("kyc_hold", 100 * CENT),
    ]


# --- when to ask again ----------------------------------------------------------------------------------------------


def test_an_open_top_up_is_asked_about_as_planned_then_ever_more_rarely() -> None:
    planned = [timedelta(minutes=5), timedelta(hours=1), *(day * DAY for day in (1, 2, 3, 4, 5))]
    assert list(FIRST) == planned
    assert OVERDUE == 5 * DAY
    for last, following in zip([timedelta(0), *planned], planned, strict=False):
        assert next_check(OPEN, AT, AT + last) == AT + following
        assert next_check(OPEN, AT, AT + following - SECOND) == AT + following
    assert next_check(OPEN, AT, AT + 5 * DAY) == AT + 6 * DAY
    assert next_check(OPEN, AT, AT + 100 * DAY) == AT + 120 * DAY


def test_what_is_over_is_not_asked_about() -> None:
    for state in (PAID, replace(OPEN, failed=True), replace(OPEN, expired=True), disputed(DisputeStatus.WON)):
        assert next_check(state, AT, AT + SECOND) is None


@pytest.mark.parametrize("status", [DisputeStatus.INQUIRY, DisputeStatus.OPEN, DisputeStatus.LOST])
def test_a_dispute_is_asked_about_daily_then_ever_more_rarely(status: DisputeStatus) -> None:
    state = disputed(status)
    assert next_check(state, AT, AT) == AT + DAY
    assert next_check(state, AT, AT + 10 * DAY) == AT + 12 * DAY
    two = replace(state, disputes={**state.disputes, "later": Dispute(1, status, AT + 5 * DAY)})
    assert next_check(two, AT, AT + 15 * DAY) == AT + 17 * DAY


def test_waits() -> None:
    assert (rarely(10 * DAY), without_answer(10 * DAY)) == (2 * DAY, DAY)
    assert without_answer(SECOND) == CLAIM == timedelta(minutes=2)


def test_what_is_due() -> None:
    """Now, and the longest wait from now on: what is due later than that was written by a clock that was set back."""
    now = int(AT.timestamp())
    longest = now + 86_400 + 60
    assert due_by(AT + timedelta(microseconds=900_000)) == (now, longest, longest, now)


def test_when_a_day_is_compared() -> None:
    """At its end, and 7 and 60 days after it; what was missed is not made up for twice."""
    day, end = AT.date(), AT + timedelta(days=1)
    expected: list[tuple[timedelta, timedelta | None]] = [
        (timedelta(hours=-1), timedelta(0)),
        (timedelta(0), timedelta(days=7)),
        (timedelta(days=6, hours=23), timedelta(days=7)),
        (timedelta(days=7), timedelta(days=60)),
        (timedelta(days=59), timedelta(days=60)),
        (timedelta(days=60), None),
        (timedelta(days=900), None),
    ]
    for since, following in expected:
        assert next_comparison(day, end + since) == (None if following is None else end + following)
