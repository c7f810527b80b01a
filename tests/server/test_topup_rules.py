"""The rules of starting a top-up: amounts, phones, the cap before KYC, how often, and what a provider may answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import DeclaredError, RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AmountInvalid,
    AmountOutOfRange,
    KycCap,
    PhoneRequired,
    ProviderRefused,
    ProviderUnavailable,
)
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    KycStatus,
    PaymentCapabilities,
    PaymentEventKind,
    PaymentMethod,
    SessionState,
    TopUp,
    TopUpStarted,
    TopUpStatus,
    User,
)
from generated.tables.onboarding import USER
from handlers.payments.providers import Providers
from handlers.payments.topups import TopUps
from tests.server.payment_house import START, House, payment_house
from tests.server.stub_provider import StubProvider

HOUR = timedelta(hours=1)


class Bank(StubProvider):
    """Takes what `methods` say, and fails where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.methods = [PaymentMethod.CHECKOUT]
        self.raises: DeclaredError | None = None
        self.answers: Checkout | None = None

    def capabilities(self) -> PaymentCapabilities:
        return super().capabilities().model_copy(update={"methods": self.methods})

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        made = super().create_checkout(order)
        if self.raises is not None:
            raise self.raises
        return self.answers or made


class Call:
    """A call with a key: tried again, it is given the same sid."""

    def __init__(self) -> None:
        self.sid, self.decided = new_sid(), list[DeclaredError]()

    def begin(self) -> str:
        return self.sid

    def decide(self, error: DeclaredError) -> None:
        self.decided.append(error)


class Desk:
    """Where a user starts top-ups at a bank."""

    def __init__(self, house: House, *, rate_limits: bool = False) -> None:
        self.house, self.bank = house, Bank()
        settings = house.settings.model_copy(update={"rate_limits": rate_limits})
        self.top_ups = TopUps(house.database, house.clock, settings, Providers({"bank": self.bank}))
        self.user = house.user(1)

    def start(self, cents: int = 1000, phone: str | None = None, call: Call | None = None) -> TopUpStarted:
        context = Context(Caller("user", self.user.sid), self.house.clock, self.house.database, "test", call or Call())
        return self.top_ups.start(context, self.user.sid, "bank", cents, phone)

    def found(self, started: TopUpStarted) -> TopUp:
        return self.house.payments.settlement.top_ups.get(started.top_up_sid)

    def verified(self) -> User:
        return Store.of(USER, self.house.database).patch(self.user.sid, {"kyc_status": KycStatus.COMPLETED})


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Fifteen dollars may be added before KYC."""
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500, public_url="https://hero.example") as found:
        yield found


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def test_a_top_up_is_written_down_and_asked_of_its_provider(desk: Desk) -> None:
    call = Call()
    desk.house.clock.ahead = timedelta(milliseconds=900)
    started = desk.start(1000, call=call)
    found = desk.found(started)
    assert (started.top_up_sid, started.url, started.status) == (call.sid, found.url, TopUpStatus.OPEN)
    assert (found.user_sid, found.provider, found.amount) == (desk.user.sid, "bank", Money.from_cents(1000))
    assert (found.session_ref, found.url) == (f"cs_{call.sid}", f"https://stub.example/cs_{call.sid}")
    assert (found.created_at, found.next_check_at, found.expires_at) == (START, START + timedelta(minutes=5), None)
    (order,) = desk.bank.orders
    assert order == CheckoutOrder(
        top_up_sid=call.sid,
        user_sid=desk.user.sid,
        amount=Money.from_cents(1000),
        description="Hero credit",
        return_url=f"https://hero.example/payment/return?top_up={call.sid}",
        cancel_url=f"https://hero.example/payment/return?top_up={call.sid}&cancelled=1",
    )
    assert call.decided == []


def test_amounts_lie_between_those_of_the_site(desk: Desk) -> None:
    desk.verified()
    for cents in (0, -1):
        with pytest.raises(AmountInvalid):
            desk.start(cents)
    for cents in (1, 499, 100_001):
        with pytest.raises(AmountOutOfRange) as refused:
            desk.start(cents)
        limits = (refused.value.minimum, refused.value.maximum)
        assert limits == (Money.from_cents(500), Money.from_cents(100_000))
    assert desk.bank.orders == []
    assert [desk.found(desk.start(cents)).amount.cents for cents in (500, 100_000)] == [500, 100_000]


def test_a_phone_is_asked_for_where_nothing_else_pays(desk: Desk) -> None:
    phone = "255700000000"
    assert desk.found(desk.start(500, phone)).phone is None, "a checkout asks nothing of a phone"
    desk.bank.methods = [PaymentMethod.USSD_PUSH]
    with pytest.raises(PhoneRequired):
        desk.start(500)
    started = desk.start(500, phone)
    assert desk.found(started).phone == desk.bank.orders[-1].phone == phone
    desk.bank.methods = [PaymentMethod.USSD_PUSH, PaymentMethod.CHECKOUT]
    assert desk.found(desk.start(500)).phone is None


def test_the_same_call_again_makes_no_second_top_up(desk: Desk) -> None:
    call = Call()
    assert desk.start(call=call) == desk.start(call=call)
    assert len(desk.bank.orders) == 1, "it is known where it is"


# --- what a provider answers ----------------------------------------------------------------------------------------


def test_without_an_answer_it_stays_open_and_is_asked_for_again(desk: Desk) -> None:
    call = Call()
    desk.bank.raises = ProviderUnavailable(provider="bank")
    with pytest.raises(ProviderUnavailable):
        desk.start(call=call)
    top_up = desk.house.payments.settlement.top_ups.get(call.sid)
    assert (top_up.status, top_up.session_ref, call.decided) == (TopUpStatus.OPEN, call.sid, [])
    assert top_up.next_check_at == START + timedelta(minutes=5)
    desk.bank.raises = None
    assert desk.start(call=call).url is not None
    assert [order.top_up_sid for order in desk.bank.orders] == [call.sid] * 2


def test_what_a_provider_refuses_is_the_outcome(desk: Desk) -> None:
    call, refusal = Call(), ProviderRefused(provider="bank", detail="no such account")
    desk.bank.raises = refusal
    with pytest.raises(ProviderRefused):
        desk.start(call=call)
    top_up = desk.house.payments.settlement.top_ups.get(call.sid)
    assert (top_up.status, top_up.next_check_at, call.decided) == (TopUpStatus.FAILED, None, [refusal])
    desk.bank.raises = None
    assert desk.start(call=call).status == TopUpStatus.FAILED
    assert len(desk.bank.orders) == 1, "it is not asked for again"


def test_a_refusal_without_a_call_is_written_down_too(desk: Desk) -> None:
    desk.bank.raises = ProviderUnavailable(provider="bank")
    call = Call()
    with pytest.raises(ProviderUnavailable):
        desk.start(call=call)
    desk.bank.raises = ProviderRefused(provider="bank", detail="no")
    with pytest.raises(ProviderRefused):
        desk.top_ups.open(desk.house.payments.settlement.top_ups.get(call.sid))
    assert desk.house.payments.settlement.top_ups.get(call.sid).status == TopUpStatus.FAILED


def test_whoever_was_quicker_keeps_the_checkout(desk: Desk) -> None:
    started = desk.start()
    desk.bank.answers = Checkout(session_ref="cs_other", url="https://stub.example/other", state=SessionState.OPEN)
    again = desk.top_ups.open(desk.found(started))
    assert (again.session_ref, again.url) == (f"cs_{started.top_up_sid}", started.url)
    assert desk.found(started) == again


def test_what_a_provider_tells_once_is_kept(desk: Desk) -> None:
    ends = START + HOUR
    call = Call()
    ref = f"cs_{call.sid}"
    desk.bank.answers = Checkout(
        session_ref=ref, url="https://stub.example/a", state=SessionState.OPEN, expires_at=ends
    )
    started = desk.start(call=call)
    assert (desk.found(started).url, desk.found(started).expires_at) == ("https://stub.example/a", ends)
    desk.bank.answers = Checkout(session_ref=ref, state=SessionState.OPEN)
    again = desk.top_ups.open(desk.found(started))
    assert (again.url, again.expires_at) == ("https://stub.example/a", ends)
    later = Checkout(session_ref=ref, url="https://stub.example/b", state=SessionState.OPEN, expires_at=ends + HOUR)
    desk.bank.answers = later
    again = desk.top_ups.open(desk.found(started))
    assert (again.url, again.expires_at) == (later.url, later.expires_at)


# --- how much and how often -------------------------------------------------------------------------------------------


def test_before_kyc_so_much_in_all_may_be_asked_for(desk: Desk) -> None:
    desk.start(600)
    with pytest.raises(KycCap) as refused:
        desk.start(901)
    assert (refused.value.cap, refused.value.paid) == (Money.from_cents(1500), Money(0))
    assert refused.value.open == Money.from_cents(600)
    desk.start(900)
    with pytest.raises(KycCap):
        desk.start(500)
    desk.verified()
    assert desk.start(100_000).url is not None


def test_what_was_paid_counts_before_kyc_and_what_went_back_does_not(house: House) -> None:
    desk = Desk(house)
    paid = house.top_up(desk.user)
    house.receive(house.told(paid, PaymentEventKind.PAYMENT_SUCCEEDED))
    house.jobs()
    with pytest.raises(KycCap) as refused:
        desk.start(501)
    assert (refused.value.paid, refused.value.open) == (Money.from_cents(1000), Money(0))
    house.receive(house.told(paid, PaymentEventKind.REFUND_CHANGED, 400))
    house.jobs()
    with pytest.raises(KycCap) as refused:
        desk.start(901)
    assert refused.value.paid == Money.from_cents(600)
    assert desk.start(900).url is not None


def test_thirty_top_ups_may_be_started_within_an_hour(house: House) -> None:
    desk = Desk(house, rate_limits=True)
    desk.verified()
    call = Call()
    first = desk.start(500, call=call)
    house.clock.ahead = timedelta(minutes=1)
    for _ in range(29):
        desk.start(500)
    house.clock.ahead = HOUR - timedelta(seconds=1)
    with pytest.raises(RateLimited):
        desk.start(500)
    assert desk.start(500, call=call) == first, "nothing is started by it"
    house.clock.ahead = HOUR
    desk.start(500)
    with pytest.raises(RateLimited):
        desk.start(500)


def test_a_site_without_rate_limits_starts_as_many_as_it_is_asked_for(desk: Desk) -> None:
    desk.verified()
    assert len({desk.start(500).top_up_sid for _ in range(31)}) == 31
