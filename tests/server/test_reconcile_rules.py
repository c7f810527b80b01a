"""The rules by which days are compared, one after the other, with a provider in memory: which days, which payments,
what is asked about, what is written down, and who has to know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import DayOutOfRange, ProviderUnavailable
from generated.models.onboarding import (
    BalanceChange,
    DisputeStatus,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
    Reconciliation,
    RefundStatus,
    SessionState,
    TopUp,
    TransactionKind,
)
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TopUpStatus as Status
from generated.tables.onboarding import OPERATOR_ALERT, PROVIDER_FEE, RECONCILIATION
from handlers.ledger.billing import billings
from handlers.payments import reconcile as module
from handlers.payments.providers import Providers
from handlers.payments.reconcile import FIRST_DAY, Reconciler
from handlers.payments.service import Payments
from handlers.payments.settlement import Stale
from tests.server.payment_house import START, House, payment_house
from tests.server.stub_provider import StubProvider

CENT = 10_000_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = START.date()
MIDNIGHT = datetime.combine(TODAY, time(), UTC)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


@pytest.fixture
def reconciler(house: House) -> Reconciler:
    return house.payments.reconciler


@pytest.fixture
def logged(reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Event and subject of each line."""
    lines: list[tuple[str, str]] = []

    def line(event: str, fields: dict[str, Any], level: str) -> None:
        lines.append((event, fields.get("day") or fields["payment"]))

    monkeypatch.setattr(reconciler._log, "line", line)
    return lines


# --- what is there --------------------------------------------------------------------------------------------------


def payment(top_up: TopUp, **fields: Any) -> ProviderPayment:
    told = {"payment_ref": f"pi_{top_up.sid}", "session_ref": top_up.session_ref, "top_up_sid": top_up.sid}
    paid = {"state": PaymentState.SUCCEEDED, "amount_minor": 1000, "currency": "USD", "occurred_at": START}
    return ProviderPayment.model_validate({**told, **paid, **fields})


def truth(house: House, top_up: TopUp, *payments: ProviderPayment) -> None:
    """What the provider knows of a checkout."""
    house.provider.sessions[top_up.session_ref] = ProviderSession(
        session_ref=top_up.session_ref, state=SessionState.COMPLETE, payments=list(payments)
    )


def refund(cents: int = 300, at: datetime = START, ref: str = "re") -> ProviderRefund:
    return ProviderRefund(
        refund_ref=ref, status=RefundStatus.SUCCEEDED, amount_minor=cents, currency="USD", occurred_at=at
    )


def dispute(status: DisputeStatus = DisputeStatus.OPEN, at: datetime = START) -> ProviderDispute:
    return ProviderDispute(dispute_ref="du", status=status, amount_minor=400, currency="USD", occurred_at=at)


def fee(top_up: TopUp, cents: int = 59, ref: str = "", **fields: Any) -> BalanceChange:
    payment_ref = f"pi_{top_up.sid}"
    told = {"change_ref": f"txn_{ref or payment_ref}", "external_ref": ref or payment_ref, "payment_ref": payment_ref}
    return BalanceChange.model_validate({**told, "fee_minor": cents, "currency": "USD", "occurred_at": START, **fields})


def begun(house: House, number: int = 1) -> TopUp:
    """Ten dollars, paid by now; no event has told of it."""
    top_up = house.top_up(house.user(number))
    truth(house, top_up, payment(top_up))
    return top_up


def settled(house: House, number: int = 1, at: datetime = START) -> TopUp:
    """The same, and an event has told of it."""
    top_up = begun(house, number)
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, at=at))
    return row(house, top_up)


def row(house: House, top_up: TopUp) -> TopUp:
    return house.payments.settlement.top_ups.get(top_up.sid)


def forget(house: House, top_up: TopUp) -> None:
    """The provider knows nothing of it any more."""
    del house.provider.sessions[top_up.session_ref]


# --- what comes of it -----------------------------------------------------------------------------------------------


def compare(house: House, day: date = TODAY) -> Reconciliation:
    (found,) = house.payments.reconciler.day(day).providers
    return found


def cents(found: Reconciliation) -> tuple[int, int, int]:
    """Ours, theirs, and the difference, all of them whole cents."""
    amounts = int(found.ours), int(found.theirs), int(found.difference)
    assert [amount % CENT for amount in amounts] == [0, 0, 0]
    ours, theirs, difference = (amount // CENT for amount in amounts)
    return ours, theirs, difference


def items(found: Reconciliation) -> list[tuple[str, str | None, str]]:
    return [(item.kind.value, item.ref, item.note) for item in found.items]


def compared(house: House) -> list[date]:
    return sorted(each.day for each in Store.of(RECONCILIATION, house.database).list_full(1000)["items"])


def alerts(house: House) -> list[tuple[str, str, str]]:
    found = Store.of(OPERATOR_ALERT, house.database).list_full(1000)["items"]
    return [(each.kind, each.subject, each.detail) for each in found if each.cleared_at is None]


def posted_fees(house: House) -> int:
    entries = house.payments.settlement.ledger.entries.find({"account": "fees"}, limit=1000)["items"]
    return sum(int(entry.amount) for entry in entries) // CENT


def balance(house: House, top_up: TopUp) -> int:
    billing = billings(house.database).one({"user_sid": top_up.user_sid})
    return billing.credit_balance.cents if billing is not None else 0


# --- a day ----------------------------------------------------------------------------------------------------------


def test_what_is_written_down_of_a_day(house: House, reconciler: Reconciler) -> None:
    settled(house, 1)
    top_up = settled(house, 2)
    house.provider.changes += [fee(top_up), fee(top_up, 41, "re")]
    house.clock.ahead = HOUR + timedelta(microseconds=900_000)
    report = reconciler.day(TODAY)
    (found,) = report.providers
    assert found == Store.of(RECONCILIATION, house.database).one({"provider": "stub", "day": TODAY})
    assert (report.day, report.difference, cents(found)) == (TODAY, 0, (2000, 2000, 0))
    assert (found.items, found.found, found.fees.cents, posted_fees(house)) == ([], 0, 100, 100)
    assert (found.checked_at, found.compare_again_at) == (START + HOUR, MIDNIGHT + DAY)
    assert alerts(house) == []
    house.clock.ahead = 2 * DAY
    again = compare(house)
    assert (again.sid, again.checked_at, again.compare_again_at) == (found.sid, START + 2 * DAY, MIDNIGHT + 8 * DAY)
    assert (again.fees, posted_fees(house)) == (found.fees, 100), "posted once"


def test_what_nobody_told_is_found_and_counted(house: House) -> None:
    top_up = begun(house)
    found = compare(house)
    assert (cents(found), found.found, found.items) == ((1000, 1000, 0), 1, [])
    assert row(house, top_up).status == Status.SETTLED and balance(house, top_up) == 1000
    told = payment(top_up, refunded_minor=300, refunds=[refund()], disputes=[dispute()], state=PaymentState.ON_HOLD)
    truth(house, top_up, told)
    found = compare(house)
    assert (cents(found), found.found, found.items) == ((700, 700, 0), 4, []), "1, and payment, refund and dispute"
    assert balance(house, top_up) == 300 and alerts(house) == []
    assert compare(house).found == 4


def test_a_payment_that_waits_for_a_person_is_a_difference_until_it_is_decided(house: House) -> None:
    top_up = begun(house)
    truth(house, top_up, payment(top_up, amount_minor=1200))
    found = compare(house)
    assert items(found) == [("payment", f"pi_{top_up.sid}", "waits for a decision")]
    assert cents(found) == (0, 1200, -1200) and found.found == 0
    detail = "1 differences, -$12.00 in all: waits for a decision"
    assert ("reconciliation_differs", f"stub:{TODAY}", detail) in alerts(house)


def test_a_payment_that_is_not_there(house: House, reconciler: Reconciler) -> None:
    top_up, other = settled(house, 1), settled(house, 2)
    forget(house, top_up)
    forget(house, other)
    report = reconciler.day(TODAY)
    (found,) = report.providers
    refs = sorted(f"pi_{each.sid}" for each in (top_up, other))
    assert items(found) == [("payment", ref, "not paid at the provider") for ref in refs]
    assert cents(found) == (2000, 0, 2000) and report.difference.cents == 2000
    detail = "2 differences, $20.00 in all: not paid at the provider"
    assert alerts(house) == [("reconciliation_differs", f"stub:{TODAY}", detail)]
    for each in (top_up, other):
        truth(house, each, payment(each))
    assert compare(house).items == [] and alerts(house) == []


def test_payments_of_other_programs_are_not_compared(house: House) -> None:
    ours = settled(house)
    foreign = payment(ours, payment_ref="pi_foreign", session_ref="cs_foreign", top_up_sid=None)
    theirs = ours.model_copy(update={"session_ref": "cs_foreign"})
    truth(house, theirs, foreign)
    house.provider.changes.append(fee(ours, payment_ref="pi_foreign", external_ref="pi_foreign", change_ref="txn"))
    found = compare(house)
    assert (cents(found), found.items, found.fees, posted_fees(house)) == ((1000, 1000, 0), [], 0, 0)


def test_our_mark_on_what_we_do_not_know(house: House) -> None:
    known = settled(house)
    lost = payment(known, payment_ref="pi_lost", session_ref="cs_lost", top_up_sid="0000LOST")
    truth(house, known.model_copy(update={"session_ref": "cs_lost"}), lost)
    found = compare(house)
    assert items(found) == [("payment", "pi_lost", "not known here")]
    assert cents(found) == (1000, 2000, -1000) and found.items[0].top_up_sid is None


def test_a_payment_that_is_found_by_our_mark_alone(house: House) -> None:
    top_up = house.top_up(house.user(1))
    truth(house, top_up, payment(top_up, session_ref=None))
    assert compare(house).items == [] and balance(house, top_up) == 1000


def test_what_was_refunded_beyond_what_was_paid_leaves_nothing(house: House) -> None:
    """Ours is never below zero; the provider counts for itself."""
    top_up = settled(house)
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 1200))
    house.clock.ahead = HOUR
    found = compare(house)
    assert found.ours.cents == 1000, "asked, the provider says that nothing was refunded"
    truth(house, top_up, payment(top_up, state=PaymentState.REFUNDED, refunded_minor=1000))
    assert cents(compare(house)) == (0, 0, 0)


# --- what of other days belongs to it -------------------------------------------------------------------------------


def test_a_refund_of_a_payment_of_another_day(house: House) -> None:
    top_up = settled(house)
    house.clock.ahead = DAY
    truth(house, top_up, payment(top_up, refunded_minor=300, refunds=[refund(at=START + DAY)]))
    found = compare(house, TODAY + DAY)
    assert (cents(found), found.found, found.items) == ((0, 0, 0), 2, []), "the payment is not of this day"
    assert balance(house, top_up) == 700


def test_a_difference_about_a_payment_of_another_day_counts(house: House) -> None:
    top_up = settled(house)
    house.clock.ahead = DAY
    euros = refund(at=START + DAY).model_copy(update={"currency": "EUR"})
    truth(house, top_up, payment(top_up, refunds=[euros]))
    found = compare(house, TODAY + DAY)
    assert items(found) == [("refund", "re", "refunded in EUR")] and cents(found) == (1000, 1000, 0)


def test_a_payment_begun_before_midnight_and_settled_after_it(house: House) -> None:
    top_up = settled(house)
    truth(house, top_up, payment(top_up, occurred_at=START - DAY))
    found = compare(house)
    assert (cents(found), found.items) == ((1000, 1000, 0), [])
    assert compare(house, TODAY - DAY).items == []


@pytest.mark.parametrize("at", [MIDNIGHT, MIDNIGHT + DAY - timedelta(seconds=1)])
def test_the_seconds_of_a_day(house: House, at: datetime) -> None:
    house.clock.ahead = at - START
    top_up = house.top_up(house.user(1))
    truth(house, top_up, payment(top_up, occurred_at=at))
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, at=at))
    forget(house, top_up)
    house.clock.ahead = 2 * DAY
    assert [cents(compare(house, TODAY + days * DAY))[0] for days in (-1, 0, 1)] == [0, 1000, 0]


def test_what_moved_the_balance_and_is_in_no_list_of_the_day_is_asked_about(house: House) -> None:
    top_up = settled(house)
    house.clock.ahead = DAY
    truth(house, top_up, payment(top_up, refunded_minor=300, refunds=[refund()]))
    house.provider.changes.append(fee(top_up, 0, "re", occurred_at=START + DAY))
    found = compare(house, TODAY + DAY)
    assert found.items == [] and balance(house, top_up) == 700


def test_where_nothing_differs_nobody_is_asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(house)

    def silent(*_: object) -> object:
        raise ProviderUnavailable(provider="stub")

    monkeypatch.setattr(house.provider, "fetch_session", silent)
    assert compare(house).items == []


# --- what we hold ---------------------------------------------------------------------------------------------------


def test_refunds_and_disputes_are_compared_by_their_names(house: House) -> None:
    top_up = settled(house)
    told = payment(top_up, refunded_minor=300, refunds=[refund()], disputes=[dispute()], state=PaymentState.ON_HOLD)
    truth(house, top_up, told)
    compare(house)
    changed = refund().model_copy(update={"status": RefundStatus.PENDING})
    ours = house.payments.reconciler._ours("stub", f"pi_{top_up.sid}")
    assert ours is not None
    assert (ours.top_up_sid, ours.asked, ours.net, ours.waits) == (top_up.sid, 1000 * CENT, 700 * CENT, False)
    assert ours.refunds == {"re": (300 * CENT, RefundStatus.SUCCEEDED)}
    assert ours.disputes == {"du": (400 * CENT, DisputeStatus.OPEN)}
    assert house.payments.reconciler._ours("stub", "pi_unknown") is None
    assert house.payments.reconciler._ours("other", f"pi_{top_up.sid}") is None
    truth(house, top_up, told.model_copy(update={"refunds": [changed]}))
    assert compare(house).found == 3 + 1, "payment, refund and dispute; then the refund again"


def test_what_was_found_is_counted_one_by_one(house: House) -> None:
    """Two refunds are two, and a refund that has the name of its payment is another thing than that."""
    top_up = settled(house)
    named = [refund(ref="re"), refund(ref=f"pi_{top_up.sid}")]
    truth(house, top_up, payment(top_up, refunded_minor=600, refunds=named))
    assert compare(house).found == 3, "the payment and both"


def test_an_overpayment_is_ours_until_it_goes_back(house: House) -> None:
    top_up = house.top_up(house.user(1))
    truth(house, top_up, payment(top_up, amount_minor=1200))
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, 1200))
    context = Context(ADMIN, house.clock, house.database, "test")
    house.payments.decisions.resolve_review(context, top_up.sid, True, None, "looked at")
    assert cents(compare(house)) == (1200, 1200, 0)


def test_a_payment_with_more_refunds_and_disputes_than_a_page(house: House) -> None:
    top_up = settled(house)
    inquiries = [
        dispute(DisputeStatus.INQUIRY).model_copy(update={"dispute_ref": f"du_{number}"}) for number in range(101)
    ]
    refunds = [refund(1, ref=f"re_{number}") for number in range(101)]
    truth(house, top_up, payment(top_up, refunded_minor=101, refunds=refunds, disputes=inquiries))
    found = compare(house)
    assert (cents(found), found.found, found.items) == ((899, 899, 0), 203, [])


def test_a_refund_without_a_name_is_in_the_total_only(house: House) -> None:
    top_up = settled(house)
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 300))
    ours = house.payments.reconciler._ours("stub", f"pi_{top_up.sid}")
    assert ours is not None and (ours.net, ours.refunds) == (700 * CENT, {})
    truth(house, top_up, payment(top_up, refunded_minor=300))
    assert cents(compare(house)) == (700, 700, 0)


# --- fees -----------------------------------------------------------------------------------------------------------


def test_a_fee_in_other_money_is_a_difference(house: House) -> None:
    top_up = settled(house)
    house.provider.changes += [fee(top_up, 59, "euros", currency="EUR"), fee(top_up, 0, "none", currency="EUR")]
    house.provider.changes.append(fee(top_up, 41))
    found = compare(house)
    (item,) = found.items
    assert (item.kind.value, item.ref, item.payment_ref) == ("fee", "txn_euros", f"pi_{top_up.sid}")
    assert (item.top_up_sid, item.note, item.ours, item.theirs) == (top_up.sid, "a fee in EUR", None, None)
    assert (found.fees.cents, posted_fees(house), cents(found)) == (41, 41, (1000, 1000, 0))


def test_a_fee_of_a_payment_that_is_found_by_our_mark(house: House) -> None:
    """It was begun on another day, and nothing is known of it but whose it is."""
    top_up = house.top_up(house.user(1))
    forget(house, top_up)
    house.provider.changes.append(fee(top_up, top_up_sid=top_up.sid))
    assert compare(house).fees.cents == 59 and posted_fees(house) == 59


def test_a_fee_of_the_account_is_the_house_s(house: House) -> None:
    top_up = settled(house)
    monthly = {"payment_ref": None, "top_up_sid": top_up.sid}
    house.provider.changes += [fee(top_up, 200, "month", **monthly), fee(top_up, 0, "free", **monthly)]
    house.provider.changes.append(fee(top_up, 100, "euros", currency="EUR", **monthly))
    found = compare(house)
    assert (found.fees.cents, posted_fees(house), cents(found)) == (200, 200, (1000, 1000, 0))
    (item,) = found.items
    assert (item.ref, item.payment_ref, item.top_up_sid, item.note) == ("txn_euros", None, None, "a fee in EUR")
    (posted,) = house.payments.settlement.ledger.transactions.find({"kind": TransactionKind.PROVIDER_FEE})["items"]
    assert (posted.user_sid, posted.posting_key, posted.effective_at) == (None, "fee:stub:txn_month", START)


def test_each_fee_is_posted_for_its_change(house: House) -> None:
    top_up = settled(house)
    house.provider.changes += [fee(top_up, 59), fee(top_up, -20, "back", occurred_at=START + HOUR)]
    assert compare(house).fees.cents == posted_fees(house) == 39
    posted = house.payments.settlement.ledger.transactions.find({"source": f"payment:stub:pi_{top_up.sid}"})["items"]
    assert [(each.posting_key, each.kind, each.effective_at, each.reason) for each in posted[1:]] == [
        (f"fee:stub:txn_pi_{top_up.sid}", "provider_fee", START, "Fee of the payment provider"),
        ("fee:stub:txn_back", "provider_fee", START + HOUR, "Fee of the payment provider"),
    ]
    assert balance(house, top_up) == 1000, "fees are the house's"
    kept = Store.of(PROVIDER_FEE, house.payments.settlement.ledger.database).find({})["items"]
    assert [(each.change_ref, each.user_sid, each.occurred_at) for each in kept] == [
        (f"txn_pi_{top_up.sid}", top_up.user_sid, START),
        ("txn_back", top_up.user_sid, START + HOUR),
    ]


# --- which days -----------------------------------------------------------------------------------------------------


def nights(house: House, count: int) -> list[int]:
    """How many days are compared in each night."""
    found = []
    for _ in range(count):
        house.clock.ahead += DAY
        found.append(house.payments.reconciler.run_once())
    return found


def test_every_day_from_the_first_top_up_on_and_again_after_7_and_60_days(house: House, reconciler: Reconciler) -> None:
    assert reconciler.run_once() == 0
    house.top_up(house.user(1))
    assert reconciler.run_once() == 0, "no day is over"
    assert nights(house, 9) == [1, 1, 1, 1, 1, 1, 1, 2, 2]
    assert compared(house) == [TODAY + days * DAY for days in range(9)]
    assert reconciler.run_once() == 0
    first = Store.of(RECONCILIATION, house.database).one({"provider": "stub", "day": TODAY})
    assert first is not None and first.compare_again_at == MIDNIGHT + 61 * DAY
    house.clock.ahead = 61 * DAY
    monthly = [reconciler.run_once() for _ in range(4)]
    assert monthly[:2] == [31, 29] and monthly[2:] == [0, 0]


def test_a_day_that_was_asked_for_before_its_end_is_compared_after_it(house: House, reconciler: Reconciler) -> None:
    house.top_up(house.user(1))
    compare(house)
    house.clock.ahead = MIDNIGHT + DAY - START - timedelta(seconds=1)
    assert reconciler.run_once() == 0
    house.clock.ahead += timedelta(seconds=1)
    assert reconciler.run_once() == 1


def test_days_that_cannot_be_compared(house: House, reconciler: Reconciler) -> None:
    for day in (date.min, FIRST_DAY - DAY, TODAY + DAY, date.max):
        with pytest.raises(DayOutOfRange) as refused:
            reconciler.day(day)
        assert (refused.value.first, refused.value.last) == (date(1970, 1, 1), TODAY)
    for day in (date(1970, 1, 1), TODAY):
        assert reconciler.day(day).day == day


def test_all_providers_are_compared(house: House) -> None:
    top_up = settled(house)
    forget(house, top_up)
    providers = Providers({"stub": house.provider, "other": StubProvider()})
    both = Payments.over(house.database, house.clock, house.settings, providers, Log(lambda _: None))
    report = both.reconciler.day(TODAY)
    assert [(each.provider, each.difference.cents) for each in report.providers] == [("stub", 1000), ("other", 0)]
    assert report.difference.cents == 1000
    house.clock.ahead = DAY
    assert both.reconciler.run_once() == 1, "nothing was ever paid by way of the other"


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_day_that_fails_stays_due_and_others_are_compared(
    house: House, reconciler: Reconciler, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.top_up(house.user(1))
    house.clock.ahead = 4 * DAY
    broken, asked = (
        {TODAY + DAY: ValueError("first"), TODAY + 2 * DAY: ValueError("second")},
        house.provider.list_refunds,
    )

    def failing(day: date, *, cursor: str | None = None) -> object:
        if day in broken:
            raise broken[day]
        return asked(day, cursor=cursor)

    monkeypatch.setattr(house.provider, "list_refunds", failing)
    with pytest.raises(ValueError, match="first"):
        reconciler.run_once()
    assert compared(house) == [TODAY, TODAY + 3 * DAY]
    assert logged == [("day not compared", str(day)) for day in broken]
    broken.clear()
    assert reconciler.run_once() == 2 and len(compared(house)) == 4


def test_days_that_go_on_failing_keep_no_later_one_from_being_compared(
    house: House, reconciler: Reconciler, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.top_up(house.user(1))
    fail = 33
    house.clock.ahead = (fail + module.DAYS_AT_ONCE + 2) * DAY
    asked = house.provider.list_refunds

    def failing(day: date, *, cursor: str | None = None) -> object:
        if day < TODAY + fail * DAY:
            raise ValueError("cannot be read")
        return asked(day, cursor=cursor)

    monkeypatch.setattr(house.provider, "list_refunds", failing)
    for _ in range(2):  # the second run goes on
        with pytest.raises(ValueError, match="cannot be read"):
            reconciler.run_once()
    days = compared(house)
    assert (days[0], days[-1]) == (TODAY + fail * DAY, house.clock.now().date() - DAY)
    assert len(days) == module.DAYS_AT_ONCE + 2


def test_a_provider_that_is_silent_is_not_asked_about_every_day(
    house: House, reconciler: Reconciler, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.top_up(house.user(1))
    house.clock.ahead = 4 * DAY

    def silent(*_: object, **__: object) -> object:
        raise ProviderUnavailable(provider="stub")

    monkeypatch.setattr(house.provider, "list_payments", silent)
    with pytest.raises(ProviderUnavailable):
        reconciler.run_once()
    assert logged == [("day not compared", str(TODAY))] and compared(house) == []
    with pytest.raises(ProviderUnavailable):
        reconciler.day(TODAY)


def test_one_payment_that_fails_leaves_the_day_undone_and_the_others_found(
    house: House, reconciler: Reconciler, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    top_ups = [begun(house, number) for number in (1, 2, 3, 4)]
    house.provider.changes.append(fee(top_ups[0]))
    fetch = house.provider.fetch_session
    errors = {top_ups[1].session_ref: ValueError("first"), top_ups[2].session_ref: ValueError("second")}

    def failing(session_ref: str) -> object:
        if session_ref in errors:
            raise errors[session_ref]
        return fetch(session_ref)

    monkeypatch.setattr(house.provider, "fetch_session", failing)
    with pytest.raises(ValueError, match="first"):
        reconciler.day(TODAY)
    assert logged == [("payment not compared", f"pi_{each.sid}") for each in top_ups[1:3]]
    assert [balance(house, each) for each in top_ups] == [1000, 0, 0, 1000]
    assert compared(house) == [] and posted_fees(house) == 59
    errors.clear()
    assert compare(house).found == 2


def test_a_provider_that_falls_silent_midway(
    house: House, reconciler: Reconciler, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    top_ups = [begun(house, number) for number in (1, 2)]
    house.provider.changes.append(fee(top_ups[0]))

    def silent(session_ref: str) -> object:
        raise ProviderUnavailable(provider="stub")

    monkeypatch.setattr(house.provider, "fetch_session", silent)
    with pytest.raises(ProviderUnavailable):
        reconciler.day(TODAY)
    assert logged == [] and compared(house) == [] and posted_fees(house) == 0


@pytest.mark.parametrize(("busy", "found"), [(0, True), (2, True), (3, False)])
def test_a_payment_that_somebody_else_writes_to_meanwhile(
    house: House, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch, busy: int, found: bool
) -> None:
    top_up, look = begun(house), house.payments.checks.look
    stale = [Stale() for _ in range(busy)]

    def looking(sid: str) -> object:
        if stale:
            raise stale.pop()
        return look(sid)

    monkeypatch.setattr(house.payments.checks, "look", looking)
    if found:
        assert compare(house).items == []
    else:
        with pytest.raises(Conflict):
            reconciler.day(TODAY)
        assert compared(house) == []
    assert row(house, top_up).status == (Status.SETTLED if found else Status.OPEN)


def test_a_checkout_that_the_provider_has_forgotten(
    house: House, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows the payment, but knows no checkout by its name: that the payment is there is not certain."""
    top_up = begun(house)

    def unknown(session_ref: str) -> object:
        raise NotFound

    monkeypatch.setattr(house.provider, "fetch_session", unknown)
    found = compare(house)
    assert (found.items, row(house, top_up).status) == ([], Status.OPEN)
    monkeypatch.undo()
    assert compare(house).found == 1 and row(house, top_up).status == Status.SETTLED


def test_how_much_at_once() -> None:
    assert (module.DAYS_AT_ONCE, module.TRIES) == (31, 3)
