"""The rules of settlement one by one, without webhooks: which payment an event is about, what is written down of it,
and who has to know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountInvalid, NotInReview, TopUpNotOpen
from generated.models.onboarding import (
    DisputeStatus,
    KycStatus,
    PaymentEvent,
    ProviderRefund,
    RefundStatus,
    TopUp,
    User,
)
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TopUpStatus as Status
from generated.tables.onboarding import DISPUTE, NOTICE, OPERATOR_ALERT, PAYMENT_EVENT, REFUND, USER, TopUpNew
from handlers.ledger.billing import billings
from handlers.payments.fetching import LEARNED
from handlers.payments.settlement import (
    HELD,
    RELEASED,
    ProviderEvent,
    Settlement,
    Stale,
    Unmatched,
    of_another_payment,
    reached,
)
from handlers.payments.states import UNNAMED, Dispute, Observation
from tests.server.payment_house import START, House, payment_house

CENT = 10_000_000
SECOND = timedelta(seconds=1)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Fifteen dollars may be added before KYC."""
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as found:
        yield found


@pytest.fixture
def settlement(house: House) -> Settlement:
    return house.payments.settlement


@pytest.fixture
def top_up(house: House) -> TopUp:
    """Of ten dollars, not paid yet."""
    return house.top_up(house.user(1))


def event(
    kind: Kind,
    minor: int = 1000,
    *,
    at: datetime = START,
    payment: str | None = "pi",
    currency: str = "USD",
    ref: str = UNNAMED,
    fetched: bool = False,
    name: str = "",
    **fields: Any,
) -> ProviderEvent:
    observation = Observation(kind, minor, currency, at, ref, fetched)
    return ProviderEvent(LEARNED + (name or kind), ref or payment or "cs", observation, payment, **fields)


PAID = event(Kind.PAYMENT_SUCCEEDED)


def begun(house: House, user: User) -> TopUp:
    """Another top-up of ten dollars, whatever the cap says of it."""
    new: TopUpNew = {
        "user_sid": user.sid,
        "provider": "stub",
        "session_ref": f"cs_{user.sid}",
        "amount": Money(1000 * CENT),
    }
    return house.payments.settlement.top_ups.new(new, house.clock.now())


def apply(house: House, top_up: TopUp, *events: ProviderEvent, rev: int | None = None) -> TopUp:
    settlement = house.payments.settlement
    return settlement.ledger.transaction(lambda: settlement.apply(top_up.sid, events, rev))


def events(house: House) -> list[PaymentEvent]:
    return Store.of(PAYMENT_EVENT, house.database).list_full(1000)["items"]


def kept(house: House) -> list[tuple[str, str]]:
    return [(each.kind.value, each.status.value) for each in events(house)]


def notices(house: House) -> list[tuple[str, str, str]]:
    found = Store.of(NOTICE, house.database).list_full(1000)["items"]
    return [(each.kind, each.occasion, each.text) for each in found]


def alerts(house: House) -> list[tuple[str, str, str]]:
    """Those that are up."""
    found = Store.of(OPERATOR_ALERT, house.database).list_full(1000)["items"]
    return [(each.kind, each.subject, each.detail) for each in found if each.cleared_at is None]


def balances(house: House, user_sid: str) -> dict[str, int]:
    """The user's accounts in cents, those with something on them; credit is positive."""
    return {
        part: -amount // CENT for part, amount in house.payments.settlement.ledger.balances(user_sid).items() if amount
    }


def suspense(house: House) -> int:
    entries = house.payments.settlement.ledger.entries.find({"account": "suspense"}, limit=1000)["items"]
    return -sum(int(entry.amount) for entry in entries) // CENT


# --- what is written down -------------------------------------------------------------------------------------------


def test_what_is_written_down_of_a_payment(house: House, settlement: Settlement, top_up: TopUp) -> None:
    at = START - 60 * SECOND + timedelta(microseconds=700_000)
    found = apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, at=at))
    assert found == settlement.top_ups.get(top_up.sid)
    assert (found.status, found.payment_ref, found.settled_at) == (Status.SETTLED, "pi", START - 60 * SECOND)
    assert (found.url, found.next_check_at, found.review_reason) == (None, None, None)
    assert (found.refunded, found.excess, found.over_cap, found.held) == (0, 0, 0, 0)
    (told,) = events(house)
    assert (told.provider, told.provider_event_id, told.external_ref) == ("stub", "check:payment_succeeded", "pi")
    assert (told.user_sid, told.top_up_sid, told.kind, told.status) == (
        top_up.user_sid,
        top_up.sid,
        Kind.PAYMENT_SUCCEEDED,
        "applied",
    )
    assert (told.amount_minor, told.currency, told.occurred_at) == (1000, "USD", START - 60 * SECOND)
    assert notices(house) == [
        ("payment_settled", f"payment_settled:{top_up.sid}", "Your payment of $10.00 has arrived.")
    ]
    assert balances(house, top_up.user_sid) == {"purchased": 1000}
    (posted,) = settlement.ledger.transactions.list_full()["items"]
    assert (posted.posting_key, posted.effective_at) == ("payment:stub:pi", START - 60 * SECOND)
    state = settlement.state(found)
    assert (state.asked, state.credited, state.paid_at) == (1000 * CENT, 1000 * CENT, found.settled_at)
    assert (state.review, state.failed, state.expired, state.refund_failed) == (None, False, False, False)
    assert settlement.lot_of(found) is not None and settlement.lot_of(top_up) is None


def test_a_time_that_cannot_be_is_kept_as_it_was_told_and_counts_as_now(house: House, top_up: TopUp) -> None:
    told = START + timedelta(days=365)
    house.clock.ahead = timedelta(minutes=1)
    found = apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, at=told))
    assert found.settled_at == START + timedelta(minutes=1)
    assert events(house)[0].occurred_at == told
    billing = billings(house.database).one({"user_sid": top_up.user_sid})
    assert billing is not None and billing.first_paid_at == found.settled_at


def test_what_is_told_twice_counts_once(house: House, top_up: TopUp) -> None:
    once = apply(house, top_up, PAID, PAID)
    assert apply(house, top_up, PAID) == once
    assert apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, fetched=True, name="asked")) == once
    assert kept(house) == [("payment_succeeded", "applied")]
    assert balances(house, top_up.user_sid) == {"purchased": 1000}
    assert apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, name="again")) == once
    assert kept(house)[1:] == [("payment_succeeded", "ignored")]
    assert len(notices(house)) == 1


def test_what_changes_nothing_is_kept_all_the_same(house: House, settlement: Settlement, top_up: TopUp) -> None:
    before = settlement.top_ups.get(top_up.sid)
    assert apply(house, top_up, event(Kind.PAYMENT_PENDING, payment=None)) == before
    assert apply(house, top_up, event(Kind.PAYMENT_FAILED, payment=None, believed=False)) == before
    assert kept(house) == [("payment_pending", "ignored"), ("payment_failed", "ignored")]
    assert notices(house) == []


def test_what_was_asked_is_told_apart_by_when_it_was_asked(house: House, settlement: Settlement, top_up: TopUp) -> None:
    """A total that fell was a refund that came back; it may be refunded again."""
    apply(house, top_up, PAID)
    for total in (300, 0, 300, 300):
        house.clock.ahead += SECOND
        apply(house, top_up, event(Kind.REFUND_CHANGED, total, fetched=True, name="asked"))
        assert balances(house, top_up.user_sid) == {"purchased": 1000 - total}
    assert kept(house)[1:] == [
        ("refund_changed", "applied"),
        ("refund_failed", "applied"),
        ("refund_changed", "applied"),
    ]
    names = [each.provider_event_id for each in events(house)[1:]]
    assert len(set(names)) == 3 and all(re.fullmatch(r"check:asked:\d+", name) for name in names)
    assert settlement.state(settlement.top_ups.get(top_up.sid)).refund_failed
    apply(house, top_up, event(Kind.REFUND_CHANGED, 1000))
    assert balances(house, top_up.user_sid) == {"purchased": 700}, "an event's total counts no more"


def test_whoever_asked_before_somebody_wrote_is_refused(house: House, settlement: Settlement, top_up: TopUp) -> None:
    with pytest.raises(Stale):
        apply(house, top_up, PAID, rev=top_up.rev + 1)
    found = apply(house, top_up, PAID, rev=top_up.rev)
    with pytest.raises(Stale):
        apply(house, top_up, event(Kind.REFUND_CHANGED), rev=top_up.rev)
    assert settlement.top_ups.get(top_up.sid) == found


# --- which payment --------------------------------------------------------------------------------------------------


def test_a_second_payment_on_one_checkout(house: House, settlement: Settlement, top_up: TopUp) -> None:
    assert settlement.find("stub", top_up.session_ref, None) == top_up
    first = apply(house, top_up, PAID)
    assert settlement.find("stub", top_up.session_ref, "pi") == first
    house.clock.ahead = 9 * SECOND
    assert apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, payment="pi_2", name="second")) == first
    second = settlement.find("stub", top_up.session_ref, "pi_2")
    assert second is not None and second.sid != first.sid
    assert (second.user_sid, second.provider, second.session_ref, second.payment_ref) == (
        top_up.user_sid,
        "stub",
        top_up.session_ref,
        "pi_2",
    )
    assert (second.amount, second.created_at, second.status) == (top_up.amount, top_up.created_at, Status.SETTLED)
    apply(house, top_up, event(Kind.REFUND_CHANGED, 400, payment="pi_2"))
    assert [int(settlement.top_ups.get(each.sid).refunded) // CENT for each in (first, second)] == [0, 400]
    for kind in (Kind.REFUND_CHANGED, Kind.REFUND_FAILED, Kind.DISPUTE_OPENED):
        with pytest.raises(Unmatched):
            apply(house, top_up, event(kind, 100, payment="pi_3"))
    assert apply(house, top_up, event(Kind.PAYMENT_FAILED, payment="pi_4")) == settlement.top_ups.get(first.sid)


def test_of_several_on_a_checkout_the_unpaid_one_or_else_the_first(
    house: House, settlement: Settlement, top_up: TopUp
) -> None:
    first = apply(house, top_up, PAID)
    apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, payment="pi_2", name="second"))
    assert settlement.find("stub", top_up.session_ref, None) == first
    assert settlement.find("stub", top_up.session_ref, "pi_unknown") == first
    unpaid = house.top_up(house.user(2))
    settlement.top_ups.patch(unpaid.sid, {"session_ref": top_up.session_ref})
    found = settlement.find("stub", top_up.session_ref, "pi_unknown")
    assert found is not None and found.sid == unpaid.sid


def test_what_is_found_by_our_mark(house: House, settlement: Settlement, top_up: TopUp) -> None:
    assert settlement.find("stub", "cs_unknown", "pi_unknown", top_up.sid) == top_up
    assert settlement.find("stub", None, None, top_up.sid) == top_up
    assert settlement.find("other", None, None, top_up.sid) is None
    assert settlement.find("stub", None, None, "0000LOST") is None
    assert settlement.find("stub", None, None) is None
    assert settlement.find("other", top_up.session_ref, None) is None


@pytest.mark.parametrize("kind", list(Kind))
def test_money_that_goes_back_of_another_payment(kind: Kind, top_up: TopUp) -> None:
    goes_back = kind.value.startswith(("refund", "dispute"))
    paid = top_up.model_copy(update={"payment_ref": "pi"})
    assert of_another_payment(paid, "pi_2", kind) is goes_back
    assert not of_another_payment(paid, "pi", kind)
    assert not of_another_payment(paid, None, kind)
    assert not of_another_payment(top_up, "pi_2", kind)


def test_a_checkout_that_is_not_known_yet(house: House, settlement: Settlement, top_up: TopUp) -> None:
    assert reached(top_up)
    assert settlement.adopt(top_up, "cs_other") == top_up
    begun = settlement.top_ups.patch(top_up.sid, {"session_ref": top_up.sid})
    assert not reached(begun)
    adopted = settlement.adopt(begun, "cs_other")
    assert adopted.session_ref == "cs_other" and adopted == settlement.top_ups.get(top_up.sid)


# --- what ends without money ----------------------------------------------------------------------------------------


def test_a_payment_that_failed(house: House, settlement: Settlement, top_up: TopUp) -> None:
    settlement.top_ups.patch(top_up.sid, {"url": "https://stub.example/pay"})
    failed = apply(house, top_up, event(Kind.PAYMENT_FAILED))
    assert (failed.status, failed.url, failed.next_check_at) == (Status.FAILED, None, None)
    assert settlement.state(failed).failed and not settlement.state(failed).expired
    text = "Your payment of $10.00 did not go through."
    assert notices(house) == [("payment_failed", f"payment_failed:{top_up.sid}", text)]
    assert apply(house, top_up, PAID).status == Status.SETTLED, "the payer tried again"
    assert [kind for kind, _, _ in notices(house)] == ["payment_failed", "payment_settled"]


def test_a_checkout_that_expired(house: House, settlement: Settlement, top_up: TopUp) -> None:
    expired = apply(house, top_up, event(Kind.SESSION_EXPIRED, 0, payment=None))
    assert expired.status == Status.EXPIRED
    assert settlement.state(expired).expired and not settlement.state(expired).failed
    apply(house, top_up, event(Kind.PAYMENT_FAILED))
    assert notices(house) == [], "nobody waits for it any more"


def test_what_names_no_payment_is_about_its_own_checkout(house: House, settlement: Settlement, top_up: TopUp) -> None:
    other = house.top_up(house.user(2))
    for each, name in ((other, "1"), (top_up, "2")):
        apply(house, each, event(Kind.SESSION_EXPIRED, 0, payment=None, name=name))
        assert settlement.top_ups.get(each.sid).status == Status.EXPIRED


def test_what_stays_open_is_asked_about_again(house: House, settlement: Settlement, top_up: TopUp) -> None:
    house.clock.ahead = timedelta(minutes=5)
    url = settlement.top_ups.get(top_up.sid).url
    found = apply(house, top_up, event(Kind.REFUND_FAILED, 100))
    assert (found.status, found.url) == (Status.OPEN, url) and url is not None
    assert found.next_check_at == START + timedelta(hours=1)
    assert settlement.state(found).refund_failed


def test_waiting_no_more(house: House, settlement: Settlement, top_up: TopUp) -> None:
    house.clock.ahead = timedelta(days=6)
    house.provider.sessions.clear()
    house.payments.checks.run_once()
    assert [(kind, subject) for kind, subject, _ in alerts(house)] == [("payment_unknown", top_up.sid)]

    def close() -> TopUp:
        return settlement.ledger.transaction(lambda: settlement.close(top_up.sid, "close:1"))

    closed = close()
    assert closed.status == Status.EXPIRED and closed == settlement.top_ups.get(top_up.sid)
    assert alerts(house) == [] and notices(house) == []
    with pytest.raises(TopUpNotOpen):
        close()
    assert apply(house, top_up, PAID).status == Status.SETTLED


# --- what a person has to look at -----------------------------------------------------------------------------------


def decide(house: House, top_up: TopUp, credit: bool, cents: int | None = None) -> TopUp:
    """With the operator's act, which the audit asks for."""
    context = Context(ADMIN, house.clock, house.database, "test")
    return house.payments.decisions.resolve_review(context, top_up.sid, credit, cents, "looked at")


def test_a_payment_that_differs_waits_for_a_person(house: House, settlement: Settlement, top_up: TopUp) -> None:
    at = START + 30 * SECOND
    house.clock.ahead = timedelta(minutes=1)
    found = apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, 999, at=at))
    reason = "9.99 USD were paid, 10.00 asked for"
    assert (found.status, found.review_reason, found.settled_at) == (Status.NEEDS_REVIEW, reason, None)
    assert kept(house) == [("payment_succeeded", "needs_review")]
    assert alerts(house) == [("payment_review", top_up.sid, reason)]
    assert notices(house) == [] and balances(house, top_up.user_sid) == {}
    state = settlement.state(found)
    assert (state.review, state.paid_at, state.credited) == (reason, at, 0)
    apply(house, top_up, event(Kind.PAYMENT_FAILED))
    assert alerts(house) == [("payment_review", top_up.sid, reason)]
    house.clock.ahead = timedelta(days=3)
    credited = decide(house, top_up, True)
    assert credited == settlement.top_ups.get(top_up.sid)
    assert (credited.status, credited.settled_at, credited.excess) == (Status.SETTLED, at, 0)
    assert settlement.state(credited).review is None
    assert alerts(house) == [] and balances(house, top_up.user_sid) == {"purchased": 999}
    assert [text for _, _, text in notices(house)] == ["Your payment of $9.99 has arrived."]
    with pytest.raises(NotInReview):
        decide(house, top_up, True)


@pytest.mark.parametrize(
    ("minor", "currency", "cents", "credited", "excess"),
    [
        (1500, "USD", None, 1000, 500),
        (1500, "USD", 400, 400, 1100),
        (1500, "USD", 1000, 1000, 500),
        (1500, "USD", 1001, None, None),
        (999, "USD", 999, 999, 0),
        (999, "USD", 1000, None, None),
        (999, "USD", 1, 1, 998),
        (999, "USD", 0, None, None),
        (1500, "EUR", None, 1000, 0),
        (100, "EUR", 1000, 1000, 0),
        (100, "EUR", 1001, None, None),
    ],
)
def test_how_much_of_it_is_credited(
    house: House,
    settlement: Settlement,
    top_up: TopUp,
    minor: int,
    currency: str,
    cents: int | None,
    credited: int | None,
    excess: int | None,
) -> None:
    apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, minor, currency=currency))
    if credited is None:
        with pytest.raises(AmountInvalid):
            decide(house, top_up, True, cents)
        assert settlement.top_ups.get(top_up.sid).status == Status.NEEDS_REVIEW
        return
    found = decide(house, top_up, True, cents)
    assert (found.status, found.excess.cents) == (Status.SETTLED, excess)
    assert balances(house, top_up.user_sid) == {"purchased": credited} and suspense(house) == excess


@pytest.mark.parametrize("cents", [None, 0, 5000])
def test_it_is_not_credited(house: House, top_up: TopUp, cents: int | None) -> None:
    apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, 1500))
    found = decide(house, top_up, False, cents)
    assert (found.status, found.excess, found.settled_at) == (Status.FAILED, 0, None)
    assert balances(house, top_up.user_sid) == {} and alerts(house) == [] and notices(house) == []


def test_what_nobody_has_to_decide(house: House, settlement: Settlement, top_up: TopUp) -> None:
    for told in ((), (event(Kind.PAYMENT_FAILED),), (PAID,)):
        apply(house, top_up, *told)
        with pytest.raises(NotInReview):
            settlement.ledger.transaction(lambda: settlement.decide(top_up.sid, True, None, "decision:1"))


def test_a_refund_in_other_money_is_looked_at(house: House, top_up: TopUp) -> None:
    euros = event(Kind.REFUND_CHANGED, 300, currency="EUR", name="euros")
    apply(house, top_up, PAID)
    for harmless in (
        event(Kind.REFUND_CHANGED, 0, currency="EUR", name="none"),
        event(Kind.DISPUTE_INQUIRY, 300, currency="EUR", ref="du", name="no refund"),
        event(Kind.REFUND_CHANGED, 300, currency="EUR", name="not believed", believed=False),
    ):
        apply(house, top_up, harmless)
    assert alerts(house) == [] and "needs_review" not in [status for _, status in kept(house)]
    found = apply(house, top_up, euros)
    assert kept(house)[-1] == ("refund_changed", "needs_review")
    assert alerts(house) == [("payment_review", top_up.sid, "300 of EUR's smallest unit were refunded, not dollars")]
    assert found.refunded == 0 and balances(house, top_up.user_sid) == {"purchased": 1000}
    assert house.payments.settlement.seen(top_up.sid) is True and alerts(house) == []
    assert house.payments.settlement.seen(top_up.sid) is False
    other = house.top_up(house.user(2))
    apply(house, other, event(Kind.REFUND_CHANGED, 300, currency="EUR", payment="pi_2", name="before it is paid"))
    assert kept(house)[-1] == ("refund_changed", "ignored")


# --- what is held before KYC ----------------------------------------------------------------------------------------


def test_what_is_beyond_the_cap_is_held_and_released(house: House, settlement: Settlement, top_up: TopUp) -> None:
    user = Store.of(USER, house.database).get(top_up.user_sid)
    second, third = begun(house, user), begun(house, user)
    assert apply(house, top_up, PAID).over_cap == 0
    found = apply(house, second, event(Kind.PAYMENT_SUCCEEDED, payment="pi_2", name="2"))
    assert (found.over_cap.cents, found.held.cents) == (500, 500)
    text = f"Your payment of $10.00 has arrived. $5.00 of it {HELD}"
    assert notices(house)[-1] == ("payment_held", f"payment_held:{second.sid}", text)
    found = apply(house, third, event(Kind.PAYMENT_SUCCEEDED, payment="pi_3", name="3"))
    assert (found.over_cap.cents, found.held.cents, settlement.state(found).over_cap) == (1500, 1000, 1500 * CENT)
    assert balances(house, user.sid) == {"purchased": 1500, "held": 1500}
    assert settlement.release_due() == 0
    found = apply(house, third, event(Kind.REFUND_CHANGED, 400, payment="pi_3"))
    assert (found.over_cap.cents, found.held.cents) == (1500, 600)
    house.clock.ahead = timedelta(hours=1)
    Store.of(USER, house.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    assert settlement.release_due() == 1 and settlement.release_due() == 0
    assert balances(house, user.sid) == {"purchased": 2600}
    for each in (second, third):
        released = settlement.top_ups.get(each.sid)
        assert (released.over_cap, released.held, released.settled_at) == (0, 0, START)
    assert [(kind, text) for kind, _, text in notices(house)[-2:]] == [
        ("payment_released", f"${dollars}.00 of your payment of $10.00 {RELEASED}") for dollars in (5, 6)
    ]
    (release,) = [
        each for each in settlement.ledger.transactions.list_full()["items"] if each.source == "payment:stub:pi_2"
    ][-1:]
    assert (release.kind, release.effective_at) == ("kyc_release", START + timedelta(hours=1))
    assert release.posting_key == "payment:stub:pi_2:kyc_release:kyc_completed"
    assert apply(house, begun(house, user), event(Kind.PAYMENT_SUCCEEDED, payment="pi_4", name="4")).over_cap == 0


def test_what_goes_back_of_one_payment_leaves_room_for_others(
    house: House, settlement: Settlement, top_up: TopUp
) -> None:
    user = Store.of(USER, house.database).get(top_up.user_sid)
    second, third = begun(house, user), begun(house, user)
    for number, each in enumerate((top_up, second, third), 1):
        apply(house, each, event(Kind.PAYMENT_SUCCEEDED, payment=f"pi_{number}", name=f"{number}"))

    def held() -> list[int]:
        return [settlement.top_ups.get(each.sid).held.cents for each in (top_up, second, third)]

    def told() -> list[str]:
        return [f"{kind}: {text}" for kind, occasion, text in notices(house)[3:] if occasion.startswith(kind)]

    assert held() == [0, 500, 1000]
    house.clock.ahead = timedelta(minutes=1)
    apply(house, top_up, event(Kind.REFUND_CHANGED, 600, payment="pi_1", fetched=True, name="asked"))
    assert held() == [0, 0, 900]
    assert told() == [
        f"payment_released: $5.00 of your payment of $10.00 {RELEASED}",
        f"payment_released: $1.00 of your payment of $10.00 {RELEASED}",
    ]
    house.clock.ahead = timedelta(minutes=2)
    apply(house, top_up, event(Kind.REFUND_CHANGED, 0, payment="pi_1", fetched=True, name="asked"))
    assert held() == [0, 500, 1000]
    assert told()[2:] == [
        f"payment_held: $5.00 of your payment of $10.00 {HELD}",
        f"payment_held: $1.00 of your payment of $10.00 {HELD}",
    ]
    apply(house, top_up, event(Kind.DISPUTE_OPENED, 1000, payment="pi_1", ref="du"))
    assert held() == [0, 0, 500] and settlement.state(settlement.top_ups.get(third.sid)).freed == 1000 * CENT
    posted = settlement.ledger.transactions.find({"source": "payment:stub:pi_2"})["items"][1:]
    assert [each.kind for each in posted] == ["kyc_hold", "kyc_release", "kyc_hold", "kyc_release"]
    assert {each.effective_at for each in posted} == {START}


def test_a_first_payment_of_just_the_cap(house: House, settlement: Settlement, top_up: TopUp) -> None:
    settlement._cap = Money(1000 * CENT)
    assert apply(house, top_up, PAID).over_cap == 0


def test_what_went_back_before_leaves_room_at_once(house: House, top_up: TopUp) -> None:
    second = begun(house, Store.of(USER, house.database).get(top_up.user_sid))
    apply(house, top_up, PAID, event(Kind.REFUND_CHANGED, 600))
    found = apply(house, second, event(Kind.PAYMENT_SUCCEEDED, payment="pi_2", name="2"))
    assert (found.over_cap.cents, found.held.cents) == (500, 0)
    assert [kind for kind, _, _ in notices(house)] == ["payment_settled", "payment_settled"]
    assert balances(house, top_up.user_sid) == {"purchased": 1400}


def test_an_excess_that_goes_back_leaves_no_room(house: House, settlement: Settlement, top_up: TopUp) -> None:
    second = begun(house, Store.of(USER, house.database).get(top_up.user_sid))
    apply(house, top_up, event(Kind.PAYMENT_SUCCEEDED, 1200))
    decide(house, top_up, True)
    apply(house, second, event(Kind.PAYMENT_SUCCEEDED, payment="pi_2", name="2"))
    for refunded, held in ((200, 500), (300, 400)):
        apply(house, top_up, event(Kind.REFUND_CHANGED, refunded, name=f"{refunded}"))
        assert settlement.top_ups.get(second.sid).held.cents == held


def test_one_who_cannot_be_released_does_not_stop_the_others(
    house: House, settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [house.user(number) for number in (1, 2, 3)]
    for number, user in enumerate(users):
        for payment in (f"pi_{number}_a", f"pi_{number}_b"):
            apply(house, begun(house, user), event(Kind.PAYMENT_SUCCEEDED, payment=payment, name=payment))
        Store.of(USER, house.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    release = Settlement.release

    def failing(self: Settlement, user_sid: str) -> None:
        if user_sid == users[1].sid:
            raise ValueError("this one cannot be released")
        release(self, user_sid)

    with monkeypatch.context() as broken:
        broken.setattr(Settlement, "release", failing)
        with pytest.raises(ValueError, match="this one cannot"):
            settlement.release_due()
    assert [balances(house, user.sid).get("held", 0) for user in users] == [0, 500, 0]
    assert settlement.release_due() == 1


# --- disputes -------------------------------------------------------------------------------------------------------


def disputes(house: House) -> list[tuple[str, int, DisputeStatus, datetime, datetime | None]]:
    found = Store.of(DISPUTE, house.database).list_full(1000)["items"]
    return [(each.dispute_ref, each.amount.cents, each.status, each.opened_at, each.closed_at) for each in found]


def test_what_is_written_down_of_a_dispute(house: House, settlement: Settlement, top_up: TopUp) -> None:
    apply(house, top_up, PAID)
    opened, half = START + SECOND, timedelta(microseconds=500_000)
    house.clock.ahead = timedelta(hours=1)

    def told(kind: Kind, minor: int, at: datetime, fetched: bool = False) -> TopUp:
        return apply(house, top_up, event(kind, minor, at=at, ref="du", fetched=fetched, name=f"{kind}{at}"))

    found = told(Kind.DISPUTE_OPENED, 400, opened + half)
    assert disputes(house) == [("du", 400, DisputeStatus.OPEN, opened, None)]
    (row,) = Store.of(DISPUTE, house.database).list_full()["items"]
    assert (row.top_up_sid, row.user_sid, row.provider) == (top_up.sid, top_up.user_sid, "stub")
    assert (found.status, found.next_check_at) == (Status.DISPUTED, START + timedelta(hours=25))
    assert balances(house, top_up.user_sid) == {"purchased": 600, "held": 400}
    assert settlement.state(found).disputes == {"du": Dispute(400 * CENT, DisputeStatus.OPEN, opened)}
    lost = opened + 60 * SECOND
    found = told(Kind.DISPUTE_LOST, 400, lost + half)
    assert disputes(house) == [("du", 400, DisputeStatus.LOST, opened, lost)]
    assert settlement.state(found).disputes == {"du": Dispute(400 * CENT, DisputeStatus.LOST, lost)}
    assert balances(house, top_up.user_sid) == {"purchased": 600}
    again = lost + 60 * SECOND
    told(Kind.DISPUTE_OPENED, 400, again, fetched=True)
    assert disputes(house) == [("du", 400, DisputeStatus.OPEN, again, None)]
    won = again + 60 * SECOND
    found = told(Kind.DISPUTE_WON, 400, won)
    assert disputes(house) == [("du", 400, DisputeStatus.WON, again, won)]
    assert (found.status, found.next_check_at) == (Status.SETTLED, None)
    assert balances(house, top_up.user_sid) == {"purchased": 1000}


def test_a_dispute_that_is_over_when_it_is_first_told_of(house: House, settlement: Settlement, top_up: TopUp) -> None:
    apply(house, top_up, PAID)
    lost = START + SECOND
    apply(house, top_up, event(Kind.DISPUTE_LOST, 400, at=lost, ref="du"))
    assert disputes(house) == [("du", 400, DisputeStatus.LOST, lost, lost)]
    apply(house, top_up, event(Kind.DISPUTE_INQUIRY, 300, at=lost, ref="du_2"))
    assert disputes(house)[1:] == [("du_2", 300, DisputeStatus.INQUIRY, lost, None)]
    assert balances(house, top_up.user_sid) == {"purchased": 600}


def test_an_inquiry_that_becomes_a_dispute_of_more(house: House, top_up: TopUp) -> None:
    apply(house, top_up, PAID, event(Kind.DISPUTE_INQUIRY, 300, ref="du"))
    apply(house, top_up, event(Kind.DISPUTE_OPENED, 400, at=START + SECOND, ref="du"))
    assert disputes(house) == [("du", 400, DisputeStatus.OPEN, START + SECOND, None)]
    assert balances(house, top_up.user_sid) == {"purchased": 600, "held": 400}


def test_a_dispute_without_a_name_has_that_of_its_payment(house: House, settlement: Settlement, top_up: TopUp) -> None:
    apply(house, top_up, PAID)
    found = apply(house, top_up, event(Kind.DISPUTE_OPENED, 400))
    assert disputes(house) == [("pi", 400, DisputeStatus.OPEN, START, None)]
    assert settlement.state(found).disputes == {UNNAMED: Dispute(400 * CENT, DisputeStatus.OPEN, START)}
    apply(house, top_up, event(Kind.DISPUTE_OPENED, 400, at=START + SECOND, ref="du", name="named"))
    assert [(ref, status) for ref, _, status, _, _ in disputes(house)] == [
        ("pi", DisputeStatus.WON),
        ("du", DisputeStatus.OPEN),
    ]
    assert balances(house, top_up.user_sid) == {"purchased": 600, "held": 400}


def test_more_disputes_than_a_page(house: House, settlement: Settlement, top_up: TopUp) -> None:
    names = [f"du_{number}" for number in range(101)]
    inquiries = [event(Kind.DISPUTE_INQUIRY, 1, ref=name, name=name) for name in names]
    found = apply(house, top_up, PAID, *inquiries)
    assert settlement.state(found).disputes.keys() == set(names)


def test_refunds_are_written_down_with_the_total(house: House, top_up: TopUp) -> None:
    apply(house, top_up, PAID)
    found = apply(house, top_up, event(Kind.REFUND_CHANGED, 300, at=START + SECOND))
    assert (found.refunded.cents, found.status) == (300, Status.SETTLED)
    assert apply(house, top_up, event(Kind.REFUND_CHANGED, 1000, name="all")).status == Status.REFUNDED
    rows = Store.of(REFUND, house.database).list_full()["items"]
    assert [row.amount.cents for row in rows] == [1000]
    apply(house, top_up, event(Kind.REFUND_CHANGED, 100, name="old"))
    assert Store.of(REFUND, house.database).list_full()["items"] == rows


def test_names_are_learned_though_the_total_is_known(house: House, top_up: TopUp) -> None:
    apply(house, top_up, PAID, event(Kind.REFUND_CHANGED, 300))
    named = ProviderRefund(refund_ref="re", status=RefundStatus.SUCCEEDED, amount_minor=300, currency="USD")
    apply(house, top_up, event(Kind.REFUND_CHANGED, 300, fetched=True, name="asked", refunds=(named,)))
    rows = Store.of(REFUND, house.database).list_full()["items"]
    assert [(row.refund_ref, row.amount.cents) for row in rows] == [("re", 300)]
