"""The state machine of payments: whatever the order, however often it is told, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TopUpStatus
from handlers.ledger import wallet as rules
from handlers.ledger.wallet import Wallet
from handlers.payments.states import Move, News, State, doubtful, learn, learn_all, moves

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = 10 * 10**9


def news(kind: Kind, minor: int = 1000, ref: str = "", currency: str = "USD", fetched: bool = False) -> News:
    return News(kind, minor, currency, AT, ref, fetched)


COMPLETED_UNPAID = news(Kind.PAYMENT_PENDING)
PAID = news(Kind.PAYMENT_SUCCEEDED)
FAILED = news(Kind.PAYMENT_FAILED)
EXPIRED = news(Kind.SESSION_EXPIRED, 0)
HALF, WHOLE = news(Kind.REFUND_CHANGED, 500), news(Kind.REFUND_CHANGED, 1000)
OPENED, WON, LOST = (news(kind, 400, "du_1") for kind in (Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, Kind.DISPUTE_LOST))
SECOND = news(Kind.DISPUTE_OPENED, 100, "du_2")

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
        [news(Kind.PAYMENT_SUCCEEDED, 1000, currency="EUR"), HALF, OPENED, EXPIRED],
        TopUpStatus.NEEDS_REVIEW,
    ),
    "another amount": ([news(Kind.PAYMENT_SUCCEEDED, 900), HALF, OPENED, WON], TopUpStatus.NEEDS_REVIEW),
}


def run(told: list[News], granted: int = 0) -> tuple[State, dict[str, int], list[Move]]:
    """The last state, what the ledger holds by account, and every move."""
    state, posted, accounts = State(ASKED), [], {"granted": -granted} if granted else {}
    for each in told:
        after = learn(state, each)
        assert (after is state) == (after == state), "news that tells nothing leaves the very same object"
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
        "refund": lambda: rules.refund(wallet, "stripe", move.amount, None),
        "refund_failed": lambda: rules.refund_failed(wallet, "stripe", move.amount, None),
        "hold": lambda: rules.dispute_opened(wallet, move.amount, None),
        "release": lambda: rules.dispute_won(wallet, move.amount, None),
        "loss": lambda: rules.dispute_lost(wallet, "stripe", move.amount),
    }
    acts[move.act]()
    for line in wallet.lines:
        name = line.account.rpartition(":")[2]
        # Without lots everything that is taken is owed; what counts is the sum of both.
        name = "credit" if name in ("purchased", "receivable") else name
        accounts[name] = accounts.get(name, 0) + line.amount


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_order_ends_the_same(case: str) -> None:
    told, status = CASES[case]
    first, held, _ = run(told)
    assert first.status == status
    for order in set(permutations(told)):
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
def test_told_again_is_told_once(data: st.DataObject) -> None:
    told, _ = CASES[data.draw(st.sampled_from(sorted(CASES)))]
    order = data.draw(st.permutations(told))
    again = data.draw(st.lists(st.sampled_from(told), max_size=6))
    mixed = data.draw(st.permutations([*order, *again]))
    once, held, posted = run(list(order))
    state, accounts, _ = run(mixed)
    assert (state.status, accounts) == (once.status, held)
    assert run([*order, *again])[2] == posted, "what was told before moves nothing"


@given(st.lists(st.sampled_from(sorted({each for told, _ in CASES.values() for each in told}, key=repr)), max_size=12))
def test_no_news_ever_breaks_the_house(told: list[News]) -> None:
    """Any news whatever: never credited twice or beyond what was asked, never more returned than came."""
    state, accounts, posted = run(told)
    assert sum(move.amount for move in posted if move.act == "top_up") in (0, ASKED)
    returned = {
        act: sum(move.amount for move in posted if move.act == act)
        for act in ("refund", "refund_failed", "hold", "release", "loss")
    }
    assert 0 <= returned["refund"] - returned["refund_failed"] <= ASKED
    assert returned["release"] + returned["loss"] <= returned["hold"]
    assert all(move.amount > 0 for move in posted)
    assert sum(accounts.values()) == 0
    assert learn_all(state, told) is state, "what was told before tells nothing"


def test_a_refund_that_came_back() -> None:
    """After it single events' totals are old news; only what is fetched counts."""
    state = learn_all(State(ASKED), [PAID, WHOLE])
    came_back = learn(state, news(Kind.REFUND_CHANGED, 0, fetched=True))
    assert [(move.act, move.amount) for move in moves(state, came_back)] == [("refund_failed", ASKED)]
    assert came_back.refund_failed and came_back.status == TopUpStatus.SETTLED
    assert learn(came_back, WHOLE) is came_back and doubtful(came_back, WHOLE)
    again = learn(came_back, news(Kind.REFUND_CHANGED, 1000, fetched=True))
    assert [(move.act, move.amount) for move in moves(came_back, again)] == [("refund", ASKED)]


def test_in_doubt() -> None:
    """A refund or a dispute of a payment that is not known to have been made."""
    for each in (HALF, OPENED, WON, news(Kind.REFUND_FAILED)):
        assert doubtful(State(ASKED), each)
        assert not doubtful(learn(State(ASKED), PAID), each)
    for each in (PAID, FAILED, EXPIRED, COMPLETED_UNPAID):
        assert not doubtful(State(ASKED), each)


def test_amounts_of_disputes() -> None:
    """More than the payment, or another currency: all of it."""
    paid = learn(State(ASKED), PAID)
    for each in (news(Kind.DISPUTE_OPENED, 2000, "du"), news(Kind.DISPUTE_OPENED, 5, "du", currency="EUR")):
        assert moves(paid, learn(paid, each)) == [Move("hold", ASKED, "du")]
    assert moves(paid, learn(paid, news(Kind.REFUND_CHANGED, 100, currency="EUR"))) == []
