"""Before KYC a user may spend so much of what was paid in: open checkouts count, and what comes beyond it is held."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import KycCap, RefundTooLarge
from generated.models.onboarding import DisputeStatus, KycStatus, TopUp, TopUpStatus, User
from generated.models.onboarding import PaymentEventKind as Kind
from generated.tables.onboarding import NOTICE, TOP_UP, USER
from handlers.ledger.standing import Standings
from tests.server.payment_house import START, House, payment_house

DOLLAR = 10**9


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Without KYC a user may add fifteen dollars; a top-up is of ten."""
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as found:
        yield found


def patch_kyc(house: House, user: User, status: KycStatus) -> None:
    """KYC comes to an end, in one transaction with what follows from it."""
    settlement = house.payments.settlement

    def work() -> None:
        Store.of(USER, house.database).patch(user.sid, {"kyc_status": status})
        if status == KycStatus.COMPLETED:
            settlement.release(user.sid)

    house.database.run(work)


def opened(house: House, user: User, count: int) -> list[TopUp]:
    """Checkouts that were opened while KYC was completed; it no longer is."""
    patch_kyc(house, user, KycStatus.COMPLETED)
    top_ups = [house.top_up(user) for _ in range(count)]
    patch_kyc(house, user, KycStatus.EXPIRED)
    return top_ups


def pay(house: House, top_up: TopUp) -> None:
    house.truth(top_up, refunded=0)
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED))


def held(house: House, user: User) -> tuple[float, float, float]:
    """What can be spent, what is held before KYC by the ledger, and by the payments; in dollars."""
    standing = Standings(house.database, house.payments.settlement.ledger, house.clock).of(user.sid)
    rows = Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]
    return (
        standing.balance / DOLLAR,
        standing.held_for_kyc / DOLLAR,
        sum(int(each.held) for each in rows) / DOLLAR,
    )


def at_once(*works: Callable[[], object]) -> None:
    """All of it at the same time, in a thread each; the first error is raised."""
    gate, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait()
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]


# --- when a checkout is opened --------------------------------------------------------------------------------------


def test_open_checkouts_count(house: House) -> None:
    user = house.user(1)
    first = house.top_up(user)
    with pytest.raises(KycCap) as refused:
        house.start(user)
    assert (refused.value.cap.cents, refused.value.paid.cents) == (1500, 0)
    assert refused.value.open is not None and refused.value.open.cents == 1000
    house.payments.checks.cancel(first.sid)
    assert house.top_up(user).url


def test_one_that_is_looked_at_counts(house: House) -> None:
    """It may still be credited."""
    user = house.user(1)
    odd = house.top_up(user)
    house.receive(house.told(odd, Kind.PAYMENT_SUCCEEDED, 900))
    assert house.payments.settlement.top_ups.get(odd.sid).status == TopUpStatus.NEEDS_REVIEW
    with pytest.raises(KycCap):
        house.start(user)


def test_what_went_back_leaves_room(house: House) -> None:
    """A checkout is refused only where what is paid on it would be held."""
    user = house.user(1)
    first = house.top_up(user)
    pay(house, first)
    with pytest.raises(KycCap):
        house.start(user)
    house.truth(first, refunded=400)
    house.receive(house.told(first, Kind.REFUND_CHANGED, 400))
    with pytest.raises(KycCap) as refused:
        house.start(user)
    assert refused.value.paid.cents == 600
    house.receive(house.told(first, Kind.REFUND_CHANGED, 500, mark="_2"))
    second = house.top_up(user)
    pay(house, second)
    house.jobs()
    assert held(house, user) == (15, 0, 0)
    with pytest.raises(KycCap) as refused:
        house.start(user)
    assert refused.value.paid.cents == 1500


def test_what_is_contested_leaves_room_until_it_is_won(house: House) -> None:
    user = house.user(1)
    first = house.top_up(user)
    pay(house, first)
    house.receive(house.told(first, Kind.DISPUTE_OPENED))
    second = house.top_up(user)
    house.receive(house.told(first, Kind.DISPUTE_WON, at=START + timedelta(seconds=9)))
    with pytest.raises(KycCap) as refused:
        house.start(user)
    assert refused.value.paid.cents == 1000 and refused.value.open is not None and refused.value.open.cents == 1000
    pay(house, second)
    assert held(house, user) == (15, 5, 5)


def test_two_are_opened_at_once(house: House) -> None:
    for number in range(1, 5):
        user = house.user(number)
        refused: list[KycCap] = []

        def start(user: User = user, refused: list[KycCap] = refused) -> None:
            try:
                house.start(user)
            except KycCap as error:
                refused.append(error)

        at_once(start, start, start)
        assert len(refused) == 2
        assert len(Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]) == 1


# --- when it is paid ------------------------------------------------------------------------------------------------


def test_six_are_paid_at_once(house: House) -> None:
    user = house.user(1)
    top_ups = opened(house, user, 6)
    at_once(*(lambda top_up=top_up: pay(house, top_up) for top_up in top_ups))
    house.jobs()
    assert held(house, user) == (15, 45, 45)
    kinds = [each.kind for each in Store.of(NOTICE, house.database).find({"user_sid": user.sid})["items"]]
    assert sorted(kinds) == ["payment_held"] * 5 + ["payment_settled"]
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == (60, 0, 0)
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == (60, 0, 0)


def test_paid_while_kyc_is_completed(house: House) -> None:
    """Whichever comes first, nothing stays held."""
    for number in range(1, 7):
        user = house.user(number)
        first, second, third = opened(house, user, 3)
        pay(house, first)
        at_once(
            lambda: pay(house, second),  # noqa: B023
            lambda: patch_kyc(house, user, KycStatus.COMPLETED),  # noqa: B023
            lambda: pay(house, third),  # noqa: B023
        )
        house.jobs()
        assert held(house, user) == (30, 0, 0)


def test_a_checkout_that_was_closed_is_paid_all_the_same(house: House) -> None:
    user = house.user(1)
    first = house.top_up(user)
    house.payments.checks.cancel(first.sid)
    second = house.top_up(user)
    pay(house, second)
    pay(house, first)
    house.jobs()
    assert held(house, user) == (15, 5, 5)


def test_a_second_payment_on_one_checkout(house: House) -> None:
    user = house.user(1)
    top_up = house.top_up(user)
    pay(house, top_up)
    session = house.provider.sessions[top_up.session_ref]
    second = session.payments[0].model_copy(update={"payment_ref": f"pj_{top_up.sid}"})
    session.payments.append(second)
    again = house.told(top_up, Kind.PAYMENT_SUCCEEDED, mark="_2").replace(b"pi_", b"pj_")
    house.receive(again)
    house.jobs()
    assert held(house, user) == (15, 5, 5)


def test_debt_is_not_paid_from_what_is_held(house: House) -> None:
    """Usage that was posted stays owed; held money pays it once it is released."""
    user = house.user(1)
    first, second, third = opened(house, user, 3)
    pay(house, first)
    pay(house, second)
    ledger = house.payments.settlement.ledger
    spend(house, user, 17)
    pay(house, third)
    assert held(house, user) == (-2, 15, 15)
    assert ledger.balances(user.sid)["receivable"] == 2 * DOLLAR
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == (13, 0, 0)


def spend(house: House, user: User, dollars: int) -> None:
    from generated.models.onboarding import TransactionKind
    from handlers.ledger import wallet as rules

    ledger = house.payments.settlement.ledger
    ledger.transaction(
        lambda: ledger.post(
            user_sid=user.sid,
            kind=TransactionKind.USAGE,
            key=f"usage:{user.sid}:{dollars}",
            source="usage:n@c:p:1",
            reason="test",
            effective_at=START,
            draw=lambda wallet: rules.charge(wallet, "revenue:llm", dollars * DOLLAR),
        )
    )


def test_whoever_completes_kyc(house: House) -> None:
    """Where it is forgotten to release what is held, a job does it."""
    user = house.user(1)
    for top_up in opened(house, user, 2):
        pay(house, top_up)
    assert house.payments.settlement.release_due() == 0
    Store.of(USER, house.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    assert held(house, user) == (15, 5, 5)
    assert [house.payments.settlement.release_due() for _ in range(2)] == [1, 0]
    assert held(house, user) == (20, 0, 0)


def test_one_that_cannot_be_released_does_not_stop_the_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settlement = house.payments.settlement
    users = [house.user(number) for number in (1, 2)]
    for user in users:
        for top_up in opened(house, user, 2):
            pay(house, top_up)
        Store.of(USER, house.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    release = settlement.release
    broken = min(user.sid for user in users)

    def failing(user_sid: str) -> None:
        if user_sid == broken:
            raise ValueError("this row breaks whoever releases it")
        release(user_sid)

    monkeypatch.setattr(settlement, "release", failing)
    with pytest.raises(ValueError, match="breaks"):
        settlement.release_due()
    monkeypatch.undo()
    assert settlement.release_due() == 1
    assert [held(house, user) for user in users] == [(20, 0, 0)] * 2


# --- what the user is told ------------------------------------------------------------------------------------------


def told(house: House, user: User) -> list[tuple[str, str]]:
    found = Store.of(NOTICE, house.database).find({"user_sid": user.sid}, limit=100)["items"]
    return [(each.kind, each.text) for each in sorted(found, key=lambda each: each.sid)]


def test_a_user_is_told_that_held_money_is_released(house: House) -> None:
    user, _ = half_held(house)
    patch_kyc(house, user, KycStatus.COMPLETED)
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert house.payments.settlement.release_due() == 0
    assert told(house, user)[2:] == [
        ("payment_released", "$5.00 of your payment of $10.00 was held and is yours to spend now.")
    ]


def test_debt_ends_by_what_is_released(house: House) -> None:
    user, _ = half_held(house)
    spend(house, user, 17)
    billing = house.payments.settlement.ledger.billings.one({"user_sid": user.sid})
    assert billing is not None and billing.debt_since is not None
    patch_kyc(house, user, KycStatus.COMPLETED)
    billing = house.payments.settlement.ledger.billings.one({"user_sid": user.sid})
    assert billing is not None and (billing.credit_balance, billing.debt_since) == (3 * DOLLAR, None)


# --- when another payment goes back ---------------------------------------------------------------------------------


def three(house: House) -> tuple[User, list[TopUp]]:
    """Thirty dollars, fifteen beyond the cap: five of the second payment are held, and all of the third."""
    user = house.user(1)
    top_ups = opened(house, user, 3)
    for top_up in top_ups:
        pay(house, top_up)
    house.jobs()
    assert held(house, user) == (15, 15, 15)
    return user, top_ups


def each_held(house: House, top_ups: list[TopUp]) -> list[int]:
    return [house.payments.settlement.top_ups.get(each.sid).held.cents for each in top_ups]


def test_a_refund_makes_room_under_the_cap(house: House) -> None:
    user, top_ups = three(house)
    first, second, third = top_ups
    house.receive(house.told(first, Kind.REFUND_CHANGED, 300))
    assert each_held(house, top_ups) == [0, 200, 1000] and held(house, user) == (15, 12, 12)
    assert told(house, user)[-1][0] == "payment_released" and "$3.00 of your payment" in told(house, user)[-1][1]
    house.receive(house.told(first, Kind.REFUND_CHANGED, 1000, mark="_2"))
    assert each_held(house, top_ups) == [0, 0, 500] and held(house, user) == (15, 5, 5)
    house.receive(house.told(third, Kind.REFUND_CHANGED, 1000))
    assert held(house, user) == (10, 0, 0)
    house.receive(house.told(second, Kind.REFUND_CHANGED, 1000))
    assert held(house, user) == (0, 0, 0)


def test_a_refund_that_came_back_takes_the_room_away(house: House) -> None:
    user, top_ups = three(house)
    house.receive(house.told(top_ups[0], Kind.REFUND_CHANGED, 1000))
    assert held(house, user) == (15, 5, 5)
    house.truth(top_ups[0], refunded=0)
    house.payments.checks.recheck(top_ups[0].sid, lambda: None)
    assert each_held(house, top_ups) == [0, 500, 1000] and held(house, user) == (15, 15, 15)
    assert [kind for kind, _ in told(house, user)[-2:]] == ["payment_held"] * 2
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == (30, 0, 0)


def test_what_was_spent_meanwhile_is_no_debt(house: House) -> None:
    user, top_ups = three(house)
    house.receive(house.told(top_ups[0], Kind.REFUND_CHANGED, 1000))
    spend(house, user, 15)
    assert held(house, user) == (0, 5, 5)
    house.truth(top_ups[0], refunded=0)
    house.payments.checks.recheck(top_ups[0].sid, lambda: None)
    assert held(house, user) == (0, 15, 15)
    assert house.payments.settlement.ledger.balances(user.sid)["receivable"] == 0


@pytest.mark.parametrize("ending", [Kind.DISPUTE_WON, Kind.DISPUTE_LOST])
def test_a_dispute_makes_room_as_long_as_the_money_may_go(house: House, ending: Kind) -> None:
    user, top_ups = three(house)
    house.receive(house.told(top_ups[0], Kind.DISPUTE_OPENED, 1000))
    assert held(house, user) == (15, 5, 5)
    house.receive(house.told(top_ups[0], ending, 1000, at=START.replace(second=1)))
    assert held(house, user) == ((15, 15, 15) if ending == Kind.DISPUTE_WON else (15, 5, 5))


def test_every_order_of_three_payments_that_go_back(house: House) -> None:
    """Whatever went back first, and whenever KYC is completed: the same is left to spend, to hold and to owe."""
    ends: dict[bool, set[tuple[float, float, float]]] = {True: set(), False: set()}
    number = 100
    for verified in (False, True):
        steps: list[object] = [0, 1, 2, *(["kyc"] if verified else [])]
        for order in permutations(steps):
            number += 1
            user = house.user(number)
            top_ups = opened(house, user, 3)
            for top_up in top_ups:
                pay(house, top_up)
            for step in order:
                if isinstance(step, int):
                    minor = (400, 700, 100)[step]
                    house.receive(house.told(top_ups[step], Kind.REFUND_CHANGED, minor))
                else:
                    patch_kyc(house, user, KycStatus.COMPLETED)
            ends[verified].add(held(house, user))
    assert ends == {False: {(15, 3, 3)}, True: {(18, 0, 0)}}


def test_two_payments_go_back_at_once(house: House) -> None:
    user, top_ups = three(house)
    at_once(*(lambda each=each: house.receive(house.told(each, Kind.REFUND_CHANGED, 1000)) for each in top_ups[:2]))
    house.jobs()
    assert held(house, user) == (10, 0, 0)


# --- when it goes back ----------------------------------------------------------------------------------------------


def half_held(house: House, number: int = 1) -> tuple[User, TopUp]:
    """Ten dollars are paid after ten others: five of them are held."""
    user = house.user(number)
    first, second = opened(house, user, 2)
    pay(house, first)
    pay(house, second)
    house.jobs()
    assert held(house, user) == (15, 5, 5)
    return user, house.payments.settlement.top_ups.get(second.sid)


def test_a_refund_takes_what_is_held_first(house: House) -> None:
    user, top_up = half_held(house)
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 300))
    assert held(house, user) == (15, 2, 2)
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 700, mark="_2"))
    assert held(house, user) == (13, 0, 0)
    # It came back.
    house.truth(top_up, refunded=300)
    house.payments.checks.recheck(top_up.sid, lambda: None)
    assert held(house, user) == (15, 2, 2)
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == (17, 0, 0)


def test_all_that_was_not_spent_can_be_refunded(house: House) -> None:
    user, top_up = half_held(house)
    refunds = house.payments.refunds
    assert refunds.refundable(top_up).cents == 1000
    spend(house, user, 12)  # ten of the first payment, two of this one
    assert held(house, user) == (3, 5, 5)
    assert refunds.refundable(top_up).cents == 800
    context = Context(ADMIN, house.clock, house.database, "test")
    with pytest.raises(RefundTooLarge):
        refunds.start(context, top_up.sid, 801, "too much")
    refunds.start(context, top_up.sid, 800, "asked for")
    house.truth(top_up, refunded=800)
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 800))
    house.jobs()
    assert held(house, user) == (0, 0, 0)


@pytest.mark.parametrize("ending", [DisputeStatus.WON, DisputeStatus.LOST])
@pytest.mark.parametrize("cents", [300, 1000])
def test_a_dispute_takes_what_is_held_first(house: House, cents: int, ending: DisputeStatus) -> None:
    user, top_up = half_held(house)
    house.receive(house.told(top_up, Kind.DISPUTE_OPENED, cents))
    balance = 15 - max(cents / 100 - 5, 0)
    kyc = max(5 - cents / 100, 0)
    assert held(house, user) == (balance, kyc, kyc)
    assert house.payments.settlement.ledger.balances(user.sid)["held"] == -(cents / 100 + kyc) * DOLLAR
    kind = Kind.DISPUTE_WON if ending == DisputeStatus.WON else Kind.DISPUTE_LOST
    house.receive(house.told(top_up, kind, cents))
    assert held(house, user) == ((15, 5, 5) if ending == DisputeStatus.WON else (balance, kyc, kyc))
    patch_kyc(house, user, KycStatus.COMPLETED)
    assert held(house, user) == ((20, 0, 0) if ending == DisputeStatus.WON else (20 - cents / 100, 0, 0))


def test_every_order_with_kyc_in_between(house: House) -> None:
    """However the news come, and whenever KYC is completed: the same is left."""
    ends = set()
    for number, order in enumerate(permutations((Kind.REFUND_CHANGED, Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, "kyc"))):
        user, top_up = half_held(house, number + 1)
        house.truth(top_up, refunded=200)
        for step in order:
            if step == "kyc":
                patch_kyc(house, user, KycStatus.COMPLETED)
            else:
                minor = 200 if step == Kind.REFUND_CHANGED else 800
                later = START.replace(second=int(step == Kind.DISPUTE_WON))
                house.receive(house.told(top_up, Kind(step), minor, at=later))
        house.jobs()
        ends.add(held(house, user))
    assert ends == {(18, 0, 0)}
