"""Refunds that we start, one rule after the other, at a provider in memory: what may go back, what is asked, and what
is done where no answer came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AmountInvalid,
    ProviderRefused,
    ProviderUnavailable,
    RefundTooLarge,
    RefundUnsupported,
    TopUpNotSettled,
)
from generated.models.onboarding import (
    KycStatus,
    ProviderRefund,
    Refund,
    RefundOrder,
    RefundStatus,
    RefundSupport,
    TopUp,
)
from generated.models.onboarding import PaymentEventKind as Kind
from generated.routes import SERVICES
from generated.services.onboarding import PaymentsService
from generated.tables.onboarding import OPERATOR_ACT, REFUND, USER
from handlers.ledger.billing import billings
from handlers.payments import refunds as module
from handlers.payments.providers import Providers
from handlers.payments.refunds import LOOK_AFTER
from handlers.payments.service import PaymentsHandler
from handlers.payments.settlement import Stale
from tests.server.bought_plan import buy_plan
from tests.server.payment_house import START, House, payment_house

PENDING, SUCCEEDED = RefundStatus.PENDING, RefundStatus.SUCCEEDED
FAILED, CANCELED = RefundStatus.FAILED, RefundStatus.CANCELED
CENT = 10_000_000
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Fifteen dollars may be added before KYC."""
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as found:
        yield found


@pytest.fixture
def top_up(house: House) -> TopUp:
    """Ten dollars, paid."""
    return paid(house, house.top_up(house.user(1)))


class Bank:
    """What the provider answers to refunds; `orders` are those that it was given."""

    def __init__(self, house: House) -> None:
        self.orders: list[RefundOrder] = []
        self.error: Exception | None = None
        self.status = PENDING
        house.provider.refund = self.refund  # type: ignore[method-assign]

    def refund(self, order: RefundOrder) -> ProviderRefund:
        self.orders.append(order)
        if self.error is not None:
            raise self.error
        return named(order.refund_sid, order.amount.cents if order.amount else 0, self.status)


@pytest.fixture
def bank(house: House) -> Bank:
    return Bank(house)


def named(sid: str, cents: int, status: RefundStatus = SUCCEEDED) -> ProviderRefund:
    return ProviderRefund(
        refund_ref=f"re_{sid}", refund_sid=sid, status=status, amount_minor=cents, currency="USD", occurred_at=START
    )


def paid(house: House, top_up: TopUp, minor: int = 1000) -> TopUp:
    house.truth(top_up, 0)
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, minor))
    return house.payments.settlement.top_ups.get(top_up.sid)


def context(house: House) -> Context:
    return Context(ADMIN, house.clock, house.database, "test")


def refund(house: House, top_up: TopUp, cents: int | None = None, key: str | None = None) -> Refund:
    """As an operator's call asks for it."""
    service = local(PaymentsService, PaymentsHandler(house.payments, house.settings), SERVICES)
    return service.refund(context(house), top_up_sid=top_up.sid, amount_cents=cents, reason="asked for", key=key)


def rows(house: House) -> list[Refund]:
    return Store.of(REFUND, house.database).list_full(1000)["items"]


def refundable(house: House, top_up: TopUp) -> int:
    return house.payments.refunds.refundable(house.payments.settlement.top_ups.get(top_up.sid)).cents


def wait(house: House, time: timedelta = LOOK_AFTER) -> int:
    """How many refunds are gone on with after so long."""
    house.clock.ahead += time
    return house.payments.refunds.run_once()


def spend(house: House, top_up: TopUp, cents: int) -> None:
    buy_plan(house.payments.settlement.ledger, top_up.user_sid, cents * CENT, START)


# --- asked for ------------------------------------------------------------------------------------------------------


def test_what_is_written_down_and_asked_of_the_provider(house: House, bank: Bank, top_up: TopUp) -> None:
    house.clock.ahead = timedelta(microseconds=900_000)
    house.provider.sessions.clear()  # a new one is not looked for
    made = refund(house, top_up, 300)
    assert (made.refund_ref, made.amount.cents, made.status) == (f"re_{made.sid}", 300, PENDING)
    assert (made.top_up_sid, made.user_sid, made.provider) == (top_up.sid, top_up.user_sid, "stub")
    assert (made.started_by, made.reason, made.settled_at) == ("operator", "asked for", None)
    assert (made.created_at, made.next_attempt_at) == (START, START + MINUTE)
    assert rows(house) == [made]
    (order,) = bank.orders
    assert (order.refund_sid, order.payment_ref, order.amount, order.reason) == (
        made.sid,
        top_up.payment_ref,
        made.amount,
        "asked for",
    )
    (act,) = Store.of(OPERATOR_ACT, house.database).list_full()["items"]
    assert (act.act, act.subject, act.reason) == ("payments.refund", top_up.sid, "asked for")
    assert (act.arguments, act.before) == ({"amount_cents": 300}, {"refundable": "10.00"})
    assert act.after == {"refundable": "7.00", "refund": made.sid}
    assert balance(house, top_up) == 1000, "the ledger follows what the provider tells"


def balance(house: House, top_up: TopUp) -> int:
    """In cents."""
    billing = billings(house.database).one({"user_sid": top_up.user_sid})
    assert billing is not None
    return billing.credit_balance.cents


@pytest.mark.parametrize("cents", [0, -1])
def test_an_amount_that_is_none(house: House, bank: Bank, top_up: TopUp, cents: int) -> None:
    with pytest.raises(AmountInvalid):
        house.payments.refunds.start(context(house), top_up.sid, cents, "asked for")
    assert rows(house) == [] and bank.orders == []


def test_all_or_the_last_cent(house: House, bank: Bank, top_up: TopUp) -> None:
    assert refund(house, top_up, 1).amount.cents == 1
    assert refund(house, top_up).amount.cents == 999
    with pytest.raises(RefundTooLarge) as refused:
        refund(house, top_up)
    assert refused.value.refundable == 0
    assert len(rows(house)) == len(bank.orders) == 2


def test_more_than_there_is(house: House, bank: Bank, top_up: TopUp) -> None:
    with pytest.raises(RefundTooLarge) as refused:
        refund(house, top_up, 1001)
    assert refused.value.refundable.cents == 1000
    assert rows(house) == [] and bank.orders == []
    with pytest.raises(TopUpNotSettled):
        refund(house, house.top_up(house.user(2)), 100)


@pytest.mark.parametrize(
    ("support", "cents", "allowed"),
    [
        (RefundSupport.NONE, 1000, False),
        (RefundSupport.FULL, 999, False),
        (RefundSupport.FULL, 1000, True),
        (RefundSupport.PARTIAL, 1, True),
        (None, 1000, False),
    ],
)
def test_what_a_provider_can_do(
    house: House,
    bank: Bank,
    top_up: TopUp,
    monkeypatch: pytest.MonkeyPatch,
    support: RefundSupport | None,
    cents: int,
    allowed: bool,
) -> None:
    """None: it is not on offer any more."""
    if support is None:
        monkeypatch.setattr(house.payments.refunds, "_providers", Providers({}))
    else:
        able = house.provider.capabilities().model_copy(update={"refunds": support})
        monkeypatch.setattr(house.provider, "capabilities", lambda: able)
    if allowed:
        assert refund(house, top_up, cents).status == PENDING
        return
    with pytest.raises(RefundUnsupported) as refused:
        refund(house, top_up, cents)
    assert refused.value.data()["provider"] == "stub" and rows(house) == []


# --- how much may go back -------------------------------------------------------------------------------------------


def test_the_unspent_rest_without_what_is_under_way(house: House, bank: Bank, top_up: TopUp) -> None:
    assert refundable(house, top_up) == 1000
    spend(house, top_up, 250)
    assert refundable(house, top_up) == 750
    refund(house, top_up, 300)
    assert refundable(house, top_up) == 450
    house.truth(top_up, 300, refunds=[named(rows(house)[0].sid, 300)])
    assert wait(house) == 1
    assert refundable(house, top_up) == 450, "it is in the total now"
    spend(house, top_up, 900)
    assert refundable(house, top_up) == 0


def test_an_overpayment_and_what_is_held(house: House, bank: Bank) -> None:
    user = house.user(2)
    first = paid(house, house.top_up(user))
    other = house.payments.settlement.top_ups.new(
        {"user_sid": user.sid, "provider": "stub", "session_ref": "cs_other", "amount": Money(1000 * CENT)}, START
    )
    held = paid(house, other)
    assert held.held.cents == 500
    assert (refundable(house, first), refundable(house, held)) == (1000, 1000)
    house.receive(house.told(held, Kind.REFUND_CHANGED, 300))
    assert refundable(house, held) == 700
    house.receive(house.told(held, Kind.REFUND_CHANGED, 800, mark="more"))
    assert refundable(house, held) == 200
    over = paid(house, house.top_up(house.user(3)), 1200)
    house.payments.decisions.resolve_review(context(house), over.sid, True, None, "the rest goes back")
    assert refundable(house, over) == 1200
    house.receive(house.told(over, Kind.REFUND_CHANGED, 150))
    assert refundable(house, over) == 1050
    house.receive(house.told(over, Kind.REFUND_CHANGED, 500, mark="more"))
    assert refundable(house, over) == 700


def test_never_more_than_what_was_paid_and_not_refunded(house: House, bank: Bank) -> None:
    """What a won dispute gives back comes into the payment's own lot, though it was held of others."""
    user = house.user(2)
    Store.of(USER, house.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    top_up, *_ = (paid(house, house.top_up(user)) for _ in range(3))
    spend(house, top_up, 1000)
    assert refundable(house, top_up) == 0
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 800))
    for after, kind in enumerate((Kind.DISPUTE_OPENED, Kind.DISPUTE_WON)):
        house.receive(house.told(top_up, kind, 400, at=START + after * MINUTE))
    assert refundable(house, top_up) == 200


# --- what the provider answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(RefundStatus))
def test_each_answer(house: House, bank: Bank, top_up: TopUp, status: RefundStatus) -> None:
    bank.status = status
    made = refund(house, top_up, 300)
    assert (made.status, made.refund_ref) == (status, f"re_{made.sid}")
    assert made.next_attempt_at == (None if status in (FAILED, CANCELED) else START + MINUTE)
    assert refundable(house, top_up) == (1000 if status in (FAILED, CANCELED) else 700)


def test_one_that_is_refused(house: House, bank: Bank, top_up: TopUp) -> None:
    bank.error = ProviderRefused(provider="stub", detail="closed account")
    for _ in range(2):
        with pytest.raises(ProviderRefused):
            refund(house, top_up, 300, key="once")
    (row,) = rows(house)
    assert (row.status, row.next_attempt_at, row.refund_ref) == (CANCELED, None, None)
    assert len(bank.orders) == 1 and refundable(house, top_up) == 1000
    assert wait(house) == 0


def test_one_that_is_not_answered_is_looked_for_and_then_asked_for_again(
    house: House, bank: Bank, top_up: TopUp
) -> None:
    bank.error = ProviderUnavailable(provider="stub")
    with pytest.raises(ProviderUnavailable):
        refund(house, top_up, 300)
    (row,) = rows(house)
    assert (row.status, row.next_attempt_at, row.refund_ref) == (PENDING, START + MINUTE, None)
    bank.error = None
    assert wait(house, LOOK_AFTER - timedelta(seconds=1)) == 0
    assert wait(house, timedelta(seconds=1)) == 1
    (found,) = rows(house)
    assert (found.sid, found.refund_ref) == (row.sid, f"re_{row.sid}")
    assert [order.refund_sid for order in bank.orders] == [row.sid, row.sid]


def test_one_that_arrived_though_nobody_said_so_is_not_asked_for_again(house: House, bank: Bank, top_up: TopUp) -> None:
    bank.error = ProviderUnavailable(provider="stub")
    with pytest.raises(ProviderUnavailable):
        refund(house, top_up, 300)
    (row,) = rows(house)
    house.truth(top_up, 300, refunds=[named(row.sid, 300)])
    assert wait(house) == 1
    (found,) = rows(house)
    assert (found.sid, found.refund_ref, found.status, found.next_attempt_at) == (
        row.sid,
        f"re_{row.sid}",
        SUCCEEDED,
        None,
    )
    assert len(bank.orders) == 1 and balance(house, top_up) == 700
    assert wait(house, timedelta(days=9)) == 0


def test_the_same_call_made_again_goes_on_where_it_was_cut_off(house: House, bank: Bank, top_up: TopUp) -> None:
    bank.error = ProviderUnavailable(provider="stub")
    with pytest.raises(ProviderUnavailable):
        refund(house, top_up, 300, key="once")
    bank.error = None
    made = refund(house, top_up, 300, key="once")
    assert made.refund_ref == f"re_{made.sid}" and rows(house) == [made] and len(bank.orders) == 2
    assert refund(house, top_up, 300, key="once") == made and len(bank.orders) == 2


def test_a_call_that_finds_its_refund_answered_asks_nobody(house: House, bank: Bank, top_up: TopUp) -> None:
    """The answer was written down, but the call was cut off before it ended."""

    class Call:
        def begin(self) -> str:
            return "01M8J88M65P20FDVCRNJSEF7J0"

        def decide(self, error: DeclaredError) -> None: ...

    called = Context(ADMIN, house.clock, house.database, "test", Call())
    made = house.payments.refunds.start(called, top_up.sid, 300, "asked for")
    house.provider.sessions.clear()  # nothing can be looked for
    assert house.payments.refunds.start(called, top_up.sid, 300, "asked for") == made
    assert len(bank.orders) == 1 and len(rows(house)) == 1


def test_a_webhook_that_is_quicker_than_the_answer(house: House, bank: Bank, top_up: TopUp) -> None:
    ask = house.provider.refund

    def quick(order: RefundOrder) -> ProviderRefund:
        answer = ask(order)
        house.truth(top_up, 300, refunds=[named(order.refund_sid, 300)])
        house.payments.checks.recheck(top_up.sid, lambda: None)
        return answer

    house.provider.refund = quick  # type: ignore[method-assign]
    made = refund(house, top_up, 300)
    assert (made.status, made.refund_ref, made.next_attempt_at) == (SUCCEEDED, f"re_{made.sid}", None)
    assert rows(house) == [made]


def test_a_refund_that_was_named_before_we_knew_it_for_ours(house: House, bank: Bank, top_up: TopUp) -> None:
    """A provider that does not tell ours apart: what it named is one row with the answer."""
    ask = house.provider.refund

    def quick(order: RefundOrder) -> ProviderRefund:
        answer = ask(order)
        unmarked = named(order.refund_sid, 300, PENDING).model_copy(update={"refund_sid": None})
        house.truth(top_up, 300, refunds=[unmarked])
        house.payments.checks.recheck(top_up.sid, lambda: None)
        assert len(rows(house)) == 2
        return answer

    house.provider.refund = quick  # type: ignore[method-assign]
    made = refund(house, top_up, 300)
    assert rows(house) == [made]
    assert (made.refund_ref, made.settled_at, made.started_by) == (f"re_{made.sid}", START, "operator")


# --- the job --------------------------------------------------------------------------------------------------------


def unanswered(house: House, bank: Bank, *top_ups: TopUp) -> None:
    bank.error = ProviderUnavailable(provider="stub")
    for each in top_ups:
        with pytest.raises(ProviderUnavailable):
            refund(house, each, 100)
    bank.orders.clear()


def test_it_waits_ever_longer_but_without_end(house: House, bank: Bank, top_up: TopUp) -> None:
    unanswered(house, bank, top_up)
    waits = []
    for _ in range(40):
        (row,) = rows(house)
        assert row.next_attempt_at is not None
        waits.append(row.next_attempt_at - house.clock.now())
        assert wait(house, waits[-1]) == 1
    assert waits[0] == waits[1] == waits[2] == LOOK_AFTER and waits == sorted(waits)
    age = house.clock.now() - START
    assert age / 7 < waits[-1] < age / 5
    assert len(bank.orders) == 40


def test_a_provider_that_is_silent_is_not_asked_about_each(house: House, bank: Bank) -> None:
    unanswered(house, bank, *(paid(house, house.top_up(house.user(number))) for number in (1, 2, 3)))
    assert wait(house) == 1 and len(bank.orders) == 1
    bank.error = None
    assert wait(house) == 3 and len(bank.orders) == 4


@pytest.mark.parametrize("error", [ValueError("broken"), ProviderRefused(provider="stub", detail="no"), NotFound()])
def test_one_that_fails_does_not_stop_the_others(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    top_ups = [paid(house, house.top_up(house.user(number))) for number in (1, 2, 3)]
    unanswered(house, bank, *top_ups)
    bank.error, logged = None, list[tuple[str, object]]()

    def failing(fetch: Callable[[str], object], ref: str) -> object:
        if ref in (top_ups[1].session_ref, top_ups[1].payment_ref):
            raise error
        return fetch(ref)

    for name in ("fetch_session", "fetch_payment"):
        monkeypatch.setattr(house.provider, name, partial(failing, getattr(house.provider, name)))
    log = house.payments.refunds._log
    monkeypatch.setattr(log, "line", lambda event, fields, level: logged.append((event, fields["refund"])))
    assert wait(house) == 3
    answered = [row.refund_ref is not None for row in rows(house)]
    assert answered == [True, False, True] and len(bank.orders) == 2
    expected = [("refund not followed up", rows(house)[1].sid)] if isinstance(error, ValueError) else []
    assert logged == expected


def test_a_payment_whose_checkout_is_forgotten_is_gone_on_with(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered(house, bank, paid(house, house.top_up(house.user(1))))
    bank.error = None

    def forgotten(session_ref: str) -> object:
        raise NotFound

    monkeypatch.setattr(house.provider, "fetch_session", forgotten)
    assert wait(house) == 1
    assert [row.refund_ref is not None for row in rows(house)] == [True]


def test_so_many_at_once(house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.BATCH == 50
    unanswered(house, bank, *(paid(house, house.top_up(house.user(number))) for number in (1, 2, 3)))
    bank.error = None
    monkeypatch.setattr(module, "BATCH", 2)
    assert wait(house) == 2 and house.payments.refunds.run_once() == 1


def test_one_that_somebody_else_learns_of_meanwhile(
    house: House, bank: Bank, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered(house, bank, top_up)
    with pytest.raises(ProviderUnavailable):
        refund(house, top_up, 200, key="once")
    bank.error = None
    bank.orders.clear()

    def stale(*_: object) -> None:
        raise Stale

    with monkeypatch.context() as patched:
        patched.setattr(house.payments.settlement, "apply", stale)
        assert refund(house, top_up, 200, key="once") == rows(house)[1]
        assert wait(house) == 2
    assert bank.orders == [] and [row.refund_ref for row in rows(house)] == [None, None]
    assert wait(house, timedelta(hours=1)) == 2 and len(bank.orders) == 2


def test_what_was_read_before_it_was_asked_about_is_not_applied(
    house: House, bank: Bank, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer may be older than what a webhook tells while it is on its way."""
    unanswered(house, bank, top_up)
    bank.error, fetch = None, house.provider.fetch_session

    def slow(session_ref: str) -> object:
        session = fetch(session_ref)
        house.receive(house.told(top_up, Kind.REFUND_CHANGED, 400))
        return session

    with monkeypatch.context() as patched:
        patched.setattr(house.provider, "fetch_session", slow)
        assert wait(house) == 1
    assert house.payments.settlement.top_ups.get(top_up.sid).refunded.cents == 400 and bank.orders == []
