"""The state machine of payments: in whatever order, however often it is observed, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.models.onboarding import DisputeStatus, TopUpStatus
from generated.models.onboarding import PaymentEventKind as Kind
from handlers.ledger import wallet as rules
from handlers.ledger.wallet import Wallet
from handlers.payments.moves import Move, kyc_held, moves, over_cap
from handlers.payments.schedule import FIRST, next_check
from handlers.payments.states import Dispute, Observation, State, believable, doubtful, merge, merge_all

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = 10 * 10**9


def seen(
    kind: Kind, minor: int = 1000, ref: str = "", currency: str = "USD", fetched: bool = False, after: int = 0
) -> Observation:
    """An observation of `after` seconds later."""
    return Observation(kind, minor, currency, AT + timedelta(seconds=after), ref, fetched)


COMPLETED_UNPAID = seen(Kind.PAYMENT_PENDING)
PAID = seen(Kind.PAYMENT_SUCCEEDED)
FAILED = seen(Kind.PAYMENT_FAILED)
EXPIRED = seen(Kind.SESSION_EXPIRED, 0)
HALF, WHOLE = seen(Kind.REFUND_CHANGED, 500), seen(Kind.REFUND_CHANGED, 1000)
SECOND = seen(Kind.DISPUTE_OPENED, 100, "du_2")


def disputed(kind: Kind, after: int = 0) -> Observation:
    return seen(kind, 400, "du_1", after=after)


INQUIRY, OPENED, WON, LOST = (
    disputed(kind) for kind in (Kind.DISPUTE_INQUIRY, Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, Kind.DISPUTE_LOST)
)

CASES = {
    "paid": ([COMPLETED_UNPAID, PAID, EXPIRED], TopUpStatus.SETTLED),
    "paid, though it was said to have failed": ([FAILED, PAID, EXPIRED, PAID], TopUpStatus.SETTLED),
    "failed": ([COMPLETED_UNPAID, FAILED, EXPIRED], TopUpStatus.FAILED),
    "refunded in two steps": ([COMPLETED_UNPAID, PAID, HALF, WHOLE, PAID], TopUpStatus.REFUNDED),
    "refunded in part": ([PAID, HALF, HALF, EXPIRED], TopUpStatus.SETTLED),
    "disputed": ([PAID, OPENED, HALF, PAID], TopUpStatus.DISPUTED),
    "won": ([COMPLETED_UNPAID, PAID, OPENED, WON, OPENED], TopUpStatus.SETTLED),
    "lost": ([PAID, OPENED, LOST, OPENED, EXPIRED], TopUpStatus.DISPUTED),
    "everything": ([PAID, HALF, OPENED, WON, SECOND, EXPIRED], TopUpStatus.DISPUTED),
    "another currency": (
        [seen(Kind.PAYMENT_SUCCEEDED, 1000, currency="EUR"), HALF, OPENED, EXPIRED],
        TopUpStatus.NEEDS_REVIEW,
    ),
    "another amount": ([seen(Kind.PAYMENT_SUCCEEDED, 900), HALF, OPENED, WON], TopUpStatus.NEEDS_REVIEW),
    "an inquiry": ([PAID, INQUIRY, HALF], TopUpStatus.SETTLED),
    "an inquiry that becomes a chargeback": ([PAID, INQUIRY, disputed(Kind.DISPUTE_OPENED, 5)], TopUpStatus.DISPUTED),
    "an inquiry, a chargeback, lost": (
        [PAID, INQUIRY, disputed(Kind.DISPUTE_OPENED, 5), disputed(Kind.DISPUTE_LOST, 9)],
        TopUpStatus.DISPUTED,
    ),
    "an inquiry that was closed, then a chargeback": (
        [PAID, INQUIRY, disputed(Kind.DISPUTE_WON, 5), disputed(Kind.DISPUTE_OPENED, 9)],
        TopUpStatus.DISPUTED,
    ),
    "lost, then won on appeal": (
        [PAID, OPENED, disputed(Kind.DISPUTE_LOST, 5), disputed(Kind.DISPUTE_WON, 9), HALF],
        TopUpStatus.SETTLED,
    ),
    "lost, then won on appeal, within a second": ([PAID, INQUIRY, OPENED, LOST, WON], TopUpStatus.SETTLED),
    "won, opened again, lost": (
        [
            PAID,
            OPENED,
            disputed(Kind.DISPUTE_WON, 5),
            disputed(Kind.DISPUTE_OPENED, 9),
            disputed(Kind.DISPUTE_LOST, 12),
        ],
        TopUpStatus.DISPUTED,
    ),
    "only lost is told": ([PAID, LOST, LOST], TopUpStatus.DISPUTED),
    "only the winning of an appeal is told": ([PAID, WON], TopUpStatus.SETTLED),
}


def run(observed: list[Observation], granted: int = 0) -> tuple[State, dict[str, int], list[Move]]:
    """The last state, what the ledger holds by account, and every move."""
    state, posted, accounts = State(ASKED), [], {"granted": -granted} if granted else {}
    for each in observed:
        after = merge(state, each)
        assert (after is state) == (after == state), "what says nothing leaves the very same object"
        posted.extend(moves(state, after))
        state = after
    for move in posted:
        _post(accounts, move)
    return state, {account: amount for account, amount in accounts.items() if amount}, posted


def _post(accounts: dict[str, int], move: Move) -> None:
    """What a move does to the accounts as long as nothing of it was spent."""
    wallet = Wallet(
        "U1",
        {part: accounts.get(part, 0) for part in ("purchased", "granted", "receivable", "held")},
        list,
        lambda sid: None,
    )
    acts: dict[str, Callable[[], object]] = {
        "top_up": lambda: rules.top_up(wallet, "stripe", move.amount),
        "overpayment": lambda: rules.overpayment(wallet, "stripe", move.amount),
        "refund": lambda: rules.refund(wallet, "stripe", move.amount, None),
        "refund_failed": lambda: rules.refund_failed(wallet, "stripe", move.amount, None),
        "excess_refund": lambda: rules.overpayment(wallet, "stripe", -move.amount),
        "excess_refund_failed": lambda: rules.overpayment(wallet, "stripe", move.amount),
        "hold": lambda: rules.hold(wallet, move.amount, None),
        "release": lambda: rules.release(wallet, move.amount, None),
        "loss": lambda: rules.dispute_lost(wallet, "stripe", move.amount),
        "reinstatement": lambda: rules.dispute_reinstated(wallet, "stripe", move.amount, None),
        "kyc_hold": lambda: rules.hold(wallet, move.amount, None),
        "kyc_release": lambda: rules.release(wallet, move.amount, None),
    }
    acts[move.act]()
    for line in wallet.lines:
        name = line.account.rpartition(":")[2]
        # Without lots everything that is taken is owed; what counts is the sum of both.
        name = "credit" if name in ("purchased", "receivable") else name
        accounts[name] = accounts.get(name, 0) + line.amount


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_order_ends_the_same(case: str) -> None:
    observed, status = CASES[case]
    first, held, _ = run(observed)
    assert first.status == status
    for order in set(permutations(observed)):
        state, accounts, posted = run([*order])
        assert (state.status, state.credited, state.refunded, state.disputes) == (
            first.status,
            first.credited,
            first.refunded,
            first.disputes,
        ), order
        assert accounts == held, order
        assert sum(move.act == "top_up" for move in posted) == (state.credited > 0)


@given(st.data())
def test_observed_again_is_observed_once(data: st.DataObject) -> None:
    observed, _ = CASES[data.draw(st.sampled_from(sorted(CASES)))]
    order = data.draw(st.permutations(observed))
    again = data.draw(st.lists(st.sampled_from(observed), max_size=6))
    mixed = data.draw(st.permutations([*order, *again]))
    once, held, posted = run(list(order))
    state, accounts, _ = run(mixed)
    assert (state.status, accounts) == (once.status, held)
    assert run([*order, *again])[2] == posted, "what was told before moves nothing"


EVERYTHING = sorted({each for observed, _ in CASES.values() for each in observed}, key=repr)


@given(st.lists(st.sampled_from(EVERYTHING), max_size=12))
def test_nothing_that_is_observed_breaks_it(observed: list[Observation]) -> None:
    """Whatever is said: never credited twice or beyond what was asked, never more returned than came."""
    state, accounts, posted = run(observed)
    assert sum(move.amount for move in posted if move.act == "top_up") in (0, ASKED)
    sums = {act: sum(move.amount for move in posted if move.act == act) for act in {move.act for move in posted}}
    assert 0 <= sums.get("refund", 0) - sums.get("refund_failed", 0) <= ASKED
    assert sums.get("release", 0) + sums.get("loss", 0) <= sums.get("hold", 0)
    assert sums.get("reinstatement", 0) <= sums.get("loss", 0)
    assert all(move.amount > 0 for move in posted)
    assert sum(accounts.values()) == 0
    assert merge_all(state, observed) is state, "what was told before tells nothing"


@given(st.permutations([disputed(kind, after) for after, kind in enumerate((*Kind,)) if "dispute" in kind.value]))
def test_the_latest_word_on_a_dispute_counts(order: list[Observation]) -> None:
    last = max(order, key=lambda each: each.at)
    state = merge_all(merge(State(ASKED), PAID), order)
    assert (state.disputes["du_1"].at, state.disputes["du_1"].status.value) == (
        last.at,
        last.kind.value.removeprefix("dispute_"),
    )


def test_what_a_dispute_moves() -> None:
    """Held, lost, given back; and what is fetched counts whatever was told before."""
    state, steps = merge(State(ASKED), PAID), []
    for each in (INQUIRY, OPENED, disputed(Kind.DISPUTE_LOST, 2), disputed(Kind.DISPUTE_WON, 4)):
        after = merge(state, each)
        steps.append([(move.act, move.amount, move.ref) for move in moves(state, after)])
        state = after
    amount = 4 * 10**9
    assert steps == [[], [("hold", amount, "du_1")], [("loss", amount, "du_1")], [("reinstatement", amount, "du_1")]]
    back = merge(state, seen(Kind.DISPUTE_OPENED, 400, "du_1", fetched=True))
    assert [move.act for move in moves(state, back)] == ["hold"]
    assert merge(back, seen(Kind.DISPUTE_OPENED, 400, "du_1", fetched=True, after=9)) is back
    lost = merge(state, seen(Kind.DISPUTE_LOST, 400, "du_1", fetched=True))
    assert [move.act for move in moves(state, lost)] == ["hold", "loss"]
    assert [move.act for move in moves(lost, merge(lost, seen(Kind.DISPUTE_OPENED, 0, "du_1", fetched=True)))] == [
        "reinstatement",
        "hold",
    ]


def test_a_dispute_without_a_name() -> None:
    """A payment is found on hold: all of it is held, until the dispute is known by name."""
    paid = merge(State(ASKED), PAID)
    assert merge(paid, seen(Kind.DISPUTE_WON, fetched=True)) is paid, "there is none"
    on_hold = merge(paid, seen(Kind.DISPUTE_OPENED, fetched=True))
    assert moves(paid, on_hold) == [Move("hold", ASKED, "")]
    named = merge(on_hold, OPENED)
    assert moves(on_hold, named) == [Move("release", ASKED, ""), Move("hold", 4 * 10**9, "du_1")]
    assert merge(named, seen(Kind.DISPUTE_OPENED, fetched=True)) is named
    free = merge(on_hold, seen(Kind.DISPUTE_WON, fetched=True, after=1))
    assert moves(on_hold, free) == [Move("release", ASKED, "")] and free.status == TopUpStatus.SETTLED


def test_a_refund_that_came_back() -> None:
    """After it single events' totals are old; only what is fetched counts."""
    state = merge_all(State(ASKED), [PAID, WHOLE])
    came_back = merge(state, seen(Kind.REFUND_CHANGED, 0, fetched=True))
    assert [(move.act, move.amount) for move in moves(state, came_back)] == [("refund_failed", ASKED)]
    assert came_back.refund_failed and came_back.status == TopUpStatus.SETTLED
    assert merge(came_back, WHOLE) is came_back and doubtful(came_back, WHOLE)
    again = merge(came_back, seen(Kind.REFUND_CHANGED, 1000, fetched=True))
    assert [(move.act, move.amount) for move in moves(came_back, again)] == [("refund", ASKED)]


def test_a_refund_takes_the_excess_first() -> None:
    """12 were paid for 10 and 10 credited: of a refund of 5 the user loses 3."""
    credited = State(ASKED, credited=ASKED, excess=2 * 10**9, paid_at=AT)
    assert moves(State(ASKED, paid_at=AT), credited) == [Move("top_up", ASKED), Move("overpayment", 2 * 10**9)]
    one = merge(credited, seen(Kind.REFUND_CHANGED, 100))
    five = merge(one, seen(Kind.REFUND_CHANGED, 500))
    assert moves(credited, one) == [Move("excess_refund", 10**9)]
    assert moves(one, five) == [Move("excess_refund", 10**9), Move("refund", 3 * 10**9)]
    assert moves(credited, five) == [Move("excess_refund", 2 * 10**9), Move("refund", 3 * 10**9)]
    back = merge(five, seen(Kind.REFUND_CHANGED, 100, fetched=True))
    assert moves(five, back) == [Move("excess_refund_failed", 10**9), Move("refund_failed", 3 * 10**9)]
    assert five.status == merge(five, seen(Kind.REFUND_CHANGED, 1100)).status == TopUpStatus.SETTLED
    assert merge(five, seen(Kind.REFUND_CHANGED, 1200)).status == TopUpStatus.REFUNDED


@pytest.mark.parametrize("beyond", [1, 3 * 10**9, ASKED])
@pytest.mark.parametrize("case", sorted(CASES))
def test_what_is_held_until_kyc_is_the_same_in_every_order(case: str, beyond: int) -> None:
    """Refunded or contested money is taken from what is held first; KYC may be completed anywhere in between."""
    observed, _ = CASES[case]
    ends: dict[bool, set[tuple[tuple[str, int], ...]]] = {False: set(), True: set()}
    for order in permutations(observed):
        for verified in (None, len(order) // 2, len(order)):
            state = State(ASKED)
            accounts: dict[str, int] = {}
            for step, each in enumerate(order, 1):
                after = merge(state, each)
                if after.credited and not state.credited and (verified is None or step <= verified):
                    after = replace(after, over_cap=beyond)
                if step == verified:
                    after = replace(after, over_cap=0)
                for move in moves(state, after):
                    _post(accounts, move)
                state = after
            contested = sum(each.amount for each in state.disputes.values() if each.status == DisputeStatus.OPEN)
            assert -accounts.get("held", 0) == (contested + kyc_held(state) if state.credited else 0)
            left = tuple(sorted((account, amount) for account, amount in accounts.items() if amount))
            ends[verified is not None].add(left)
    assert [len(each) for each in ends.values()] == [1, 1]


@pytest.mark.parametrize(
    ("paid", "credited", "beyond"), [(0, 100, 0), (1, 100, 1), (99, 100, 99), (100, 100, 100), (900, 100, 900)]
)
def test_what_is_beyond_the_cap(paid: int, credited: int, beyond: int) -> None:
    assert over_cap(credited, paid, 100) == beyond


def test_in_doubt() -> None:
    """A refund or a dispute of a payment that is not known to have been made."""
    for each in (HALF, OPENED, WON, INQUIRY, seen(Kind.REFUND_FAILED)):
        assert doubtful(State(ASKED), each)
        assert not doubtful(merge(State(ASKED), PAID), each)
    for each in (PAID, FAILED, EXPIRED, COMPLETED_UNPAID):
        assert not doubtful(State(ASKED), each)


def test_amounts_of_disputes() -> None:
    """More than the payment, or another currency: all of it. What an inquiry says of it is not yet the amount."""
    paid = merge(State(ASKED), PAID)
    for each in (seen(Kind.DISPUTE_OPENED, 2000, "du"), seen(Kind.DISPUTE_OPENED, 5, "du", currency="EUR")):
        assert moves(paid, merge(paid, each)) == [Move("hold", ASKED, "du")]
    assert moves(paid, merge(paid, seen(Kind.REFUND_CHANGED, 100, currency="EUR"))) == []
    asked = merge(paid, seen(Kind.DISPUTE_INQUIRY, 1000, "du"))
    assert moves(asked, merge(asked, seen(Kind.DISPUTE_OPENED, 300, "du", after=1))) == [Move("hold", 3 * 10**9, "du")]


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (AT - timedelta(minutes=6), False),
        (AT - timedelta(minutes=4), True),
        (AT + timedelta(hours=30), True),
        (AT + timedelta(days=2, minutes=4), True),
        (AT + timedelta(days=2, minutes=6), False),
        (AT + timedelta(days=365), False),
    ],
)
def test_times_that_cannot_be(told: datetime, believed: bool) -> None:
    """Before the top-up was begun, or in the future: then it is the time at which we learned it."""
    now = AT + timedelta(days=2)
    assert believable(told, AT, now) == (told if believed else now)


def test_questions_grow_rarer_but_do_not_end() -> None:
    now, times = AT, []
    while now < AT + timedelta(days=400):
        following = next_check(State(ASKED), AT, now)
        assert following is not None and following > now
        now = following
        times.append(now - AT)
    assert times[: len(FIRST)] == list(FIRST)
    pauses = [later - earlier for earlier, later in zip(times[len(FIRST) :], times[len(FIRST) + 1 :], strict=False)]
    assert pauses == sorted(pauses) and 15 < len(pauses) < 40


def test_questions_of_a_clock_that_was_set_back() -> None:
    """What was begun in the future is asked about as if it was begun now."""
    assert next_check(State(ASKED), AT + timedelta(days=400), AT) == AT + FIRST[0]


def test_what_is_asked_about() -> None:
    credited = State(ASKED, credited=ASKED, paid_at=AT)
    assert next_check(credited, AT, AT) is None
    assert next_check(State(ASKED, expired=True), AT, AT) is None
    for status in DisputeStatus:
        contested = State(ASKED, credited=ASKED, paid_at=AT, disputes={"du": Dispute(5, status, AT)})
        found = [next_check(contested, AT, AT + timedelta(days=days)) for days in (0, 100)]
        if status == DisputeStatus.WON:
            assert found == [None, None]
        else:
            assert found == [AT + timedelta(days=1), AT + timedelta(days=120)]
