"""Reconciliation with Stripe's stand-in: whatever events did not tell is found by comparing days, and posted once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import DayOutOfRange, ProviderUnavailable
from generated.models.onboarding import (
    DisputeStatus,
    ReconciledKind,
    Reconciliation,
    RefundStatus,
    TopUpStarted,
    TopUpStatus,
    User,
)
from generated.tables.onboarding import DISPUTE, LEDGER_ENTRY, RECONCILIATION, REFUND
from handlers.admin.acts import Acts
from handlers.payments import reconcile
from handlers.payments.settlement import Stale
from tests.server.audited import audit
from tests.server.payment_world import World, world

FEES = {"percent": 2.9, "fixed": 30, "dispute": 1500}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    """At the first hour of tomorrow: everything of a test that does not wait happens on one day."""
    with world(tmp_path, database_url) as found:
        now = found.clock.now()
        found.clock.ahead = datetime.combine(now.date() + timedelta(days=1), time(1), UTC) - now
        found.switch(webhooks="drop")
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def paid(site: World, user: User, cents: int = 1000) -> tuple[TopUpStarted, str]:
    """A payment of which no event tells: the top-up, and the payment at the provider."""
    started = site.start(user, cents)
    assert started.url is not None
    session = started.url.partition("#")[0].rpartition("/")[2]
    return started, str(site.act("pay", session=session)["payment_intent"])


def days_go_by(site: World, days: int = 1) -> int:
    """Night after night the day before is compared; how many comparisons that were."""
    compared = 0
    for _ in range(days):
        site.clock.ahead += timedelta(days=1)
        compared += site.payments.reconciler.run_once()
    return compared


def compared(site: World) -> list[Reconciliation]:
    rows = Store.of(RECONCILIATION, site.database).list_full(1000)["items"]
    return sorted((row for row in rows if row.provider == "stripe"), key=lambda row: row.day)


def today(site: World) -> date:
    return site.clock.now().date()


def only(site: World, day: date) -> Reconciliation:
    """What comparing this day brings for the provider that was paid with."""
    providers = site.handler.reconcile(site.context(None), day=day).providers
    (found,) = (each for each in providers if each.provider == "stripe")
    return found


def refunds(site: World) -> list[tuple[int, RefundStatus]]:
    return [(row.amount.cents, row.status) for row in Store.of(REFUND, site.database).list_full()["items"]]


def fees(site: World) -> int:
    """Cents on the account of fees."""
    entries = Store.of(LEDGER_ENTRY, site.database).find({"account": "fees"}, limit=1000)["items"]
    return sum(int(entry.amount) for entry in entries) // 10**7


# --- found and posted -----------------------------------------------------------------------------------------------


def test_nothing_differs_where_events_told_all(site: World, user: User) -> None:
    site.switch(webhooks="send")
    site.paid(user)
    second = site.paid(user, 2000)
    site.act("refund", payment_intent=site.payment(second), amount=500)
    site.settle()
    found = only(site, today(site))
    assert (found.ours.cents, found.theirs.cents, found.difference, found.items, found.found) == (2500, 2500, 0, [], 0)


def test_a_payment_of_which_nobody_told(site: World, user: User) -> None:
    started, _ = paid(site, user)
    days_go_by(site)
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10
    (day,) = compared(site)
    assert (day.ours.cents, day.theirs.cents, day.found, day.items) == (1000, 1000, 1, [])
    assert site.alerts() == []


def test_a_settled_payment_whose_refund_and_dispute_events_were_all_lost(site: World, user: User) -> None:
    site.switch(webhooks="send")
    started = site.paid(user)
    payment = site.payment(started)
    site.switch(webhook_lost=["charge.refunded", "refund.created", "refund.updated", "refund.failed"])
    days_go_by(site)
    site.act("refund", payment_intent=payment, amount=300)
    days_go_by(site)
    assert site.balance(user) == 7 and refunds(site) == [(300, RefundStatus.SUCCEEDED)]
    site.switch(webhooks="drop")
    dispute = site.act("dispute", payment_intent=payment, amount=700)["id"]
    days_go_by(site)
    billing = site.billing(user)
    assert billing is not None and (site.balance(user), billing.frozen) == (0, True)
    assert site.status(started) == TopUpStatus.DISPUTED
    site.act("dispute_lost", dispute=dispute)
    days_go_by(site, 8)  # the day on which it was opened is compared again
    (row,) = Store.of(DISPUTE, site.database).list_full()["items"]
    assert row.status == DisputeStatus.LOST
    site.act("dispute_reinstated", dispute=dispute)
    days_go_by(site)
    billing = site.billing(user)
    assert billing is not None and (site.balance(user), billing.frozen) == (7, False)
    assert site.status(started) == TopUpStatus.SETTLED
    assert site.alerts() == [] and sum(day.found for day in compared(site)) >= 3


def test_a_refund_that_comes_back_long_after(site: World, user: User) -> None:
    """The balance tells on that day, when the days of payment and refund are long past."""
    site.switch(webhooks="send")
    started = site.paid(user)
    first = site.act("refund", payment_intent=site.payment(started), amount=400)["id"]
    site.settle()
    site.switch(webhooks="drop")
    days_go_by(site, 10)
    assert site.balance(user) == 6
    site.act("refund", payment_intent=site.payment(started), amount=100)
    site.act("fail_refund", refund=first)
    days_go_by(site)
    assert site.balance(user) == 9
    assert sorted(refunds(site)) == [(100, RefundStatus.SUCCEEDED), (400, RefundStatus.FAILED)]
    assert compared(site)[-1].found == 3, "both refunds, and their total"


@pytest.mark.parametrize("end", ["inquire", "close_inquiry", "escalate", "dispute_won"])
def test_disputes_of_which_nobody_told(site: World, user: User, end: str) -> None:
    started, payment = paid(site, user)
    days_go_by(site)
    begun = "dispute" if end == "dispute_won" else "inquire"
    dispute = site.act(begun, payment_intent=payment)["id"]
    if end not in ("inquire", "dispute"):
        site.act(end, dispute=dispute)
    days_go_by(site)
    (row,) = Store.of(DISPUTE, site.database).list_full()["items"]
    expected = {"inquire": DisputeStatus.INQUIRY, "escalate": DisputeStatus.OPEN}.get(end, DisputeStatus.WON)
    assert row.status == expected
    assert site.balance(user) == (0 if end == "escalate" else 10)
    assert site.status(started) == (TopUpStatus.DISPUTED if end == "escalate" else TopUpStatus.SETTLED)


def test_a_refund_that_waits_and_arrives(site: World, user: User) -> None:
    site.switch(refunds_wait=True)
    _, payment = paid(site, user)
    refund = site.act("refund", payment_intent=payment, amount=400)["id"]
    days_go_by(site)
    assert refunds(site) == [(400, RefundStatus.PENDING)]
    site.act("settle_refund", refund=refund)
    days_go_by(site, 7)
    assert refunds(site) == [(400, RefundStatus.SUCCEEDED)]


# --- fees -----------------------------------------------------------------------------------------------------------


def test_fees_are_posted_once(site: World, user: User) -> None:
    site.switch(fees=FEES)
    _, payment = paid(site, user)
    day = today(site)
    assert only(site, day).fees.cents == 59 and fees(site) == 59
    assert only(site, day).fees.cents == 59 and fees(site) == 59, "compared again, nothing new"
    site.act("dispute", payment_intent=payment)
    assert only(site, day).fees.cents == 1559 and fees(site) == 1559
    days_go_by(site, 8)
    assert fees(site) == 1559 and sum(row.fees.cents for row in compared(site)) == 1559
    (receipt,) = [site.handler.receipt(site.context(user), top_up_sid=row.sid) for row in tops(site)]
    assert "fees" not in {entry.account for entry in receipt.entries}, "they are the house's"


def tops(site: World) -> list[Any]:
    return site.payments.settlement.top_ups.list_full()["items"]


def test_a_fee_in_other_money_is_a_difference(site: World, user: User) -> None:
    site.switch(fees=FEES)
    paid(site, user)
    store = site.sandbox.store
    (change,) = store.all("stripe", "balance_transaction")
    store.put("stripe", "balance_transaction", change | {"currency": "eur"})
    days_go_by(site)
    (day,) = compared(site)
    (item,) = day.items
    assert (item.kind, item.note, item.ref) == (ReconciledKind.FEE, "a fee in EUR", change["id"])
    assert day.fees == 0 and fees(site) == 0 and site.alerts() == ["reconciliation_differs"]


def test_fees_of_the_account_are_posted_once(site: World, user: User) -> None:
    """They belong to no payment, and no event tells of them."""
    site.start(user)
    day = today(site)
    site.act("account_fee", amount=200)
    assert only(site, day).fees.cents == 200 and fees(site) == 200
    site.act("account_fee", amount=300)
    site.act("account_fee", amount=-50)  # one is given back
    assert only(site, day).fees.cents == 450 and fees(site) == 450
    assert only(site, day).items == [] and site.alerts() == []
    days_go_by(site, 8)
    assert fees(site) == 450
    entries = Store.of(LEDGER_ENTRY, site.database).list_full(1000)["items"]
    assert sorted((each.account, each.amount.cents) for each in entries) == [
        ("cash:stripe", -300),
        ("cash:stripe", -200),
        ("cash:stripe", 50),
        ("fees", -50),
        ("fees", 200),
        ("fees", 300),
    ]
    assert {each.user_sid for each in entries} == {None}


def test_a_fee_of_the_account_in_other_money_is_a_difference(site: World, user: User) -> None:
    site.start(user)
    site.act("account_fee", amount=200, currency="eur")
    (item,) = only(site, today(site)).items
    assert (item.kind, item.note, item.payment_ref) == (ReconciledKind.FEE, "a fee in EUR", None)
    assert fees(site) == 0 and site.alerts() == ["reconciliation_differs"]


def test_the_audit_misses_a_fee_of_the_account(site: World, user: User) -> None:
    site.start(user)
    site.act("account_fee", amount=200)
    (day,) = [only(site, today(site))]
    store = Store.of(RECONCILIATION, site.database)
    store.patch(day.sid, {"fees": Money(day.fees + 1)})
    (found,) = audit(site.database)
    assert "2.00 were posted" in found.detail
    store.patch(day.sid, {"fees": day.fees})


def test_fees_of_other_programs_are_theirs(site: World, user: User) -> None:
    site.switch(fees=FEES)
    site.start(user)
    site.act("foreign", client_reference_id="somebody's", amount=5000)
    days_go_by(site)
    assert compared(site)[0].fees == 0 and fees(site) == 0


def test_the_audit_looks_at_compared_days(site: World, user: User) -> None:
    site.switch(fees=FEES)
    paid(site, user)
    days_go_by(site)
    (day,) = compared(site)
    store = Store.of(RECONCILIATION, site.database)
    store.patch(day.sid, {"difference": Money(1), "fees": Money(day.fees + 1)})
    found = [finding.detail for finding in audit(site.database)]
    assert len(found) == 2 and "differ by 0.000000001" in found[0] and "0.59 were posted" in found[1]
    store.patch(day.sid, {"difference": day.difference, "fees": day.fees})


# --- what is a difference, and what is not ----------------------------------------------------------------------------


def test_payments_of_other_programs(site: World, user: User) -> None:
    paid(site, user)
    for reference in ("order-17", None):
        foreign = site.act("foreign", client_reference_id=reference, amount=4000)["payment_intent"]
        site.act("refund", payment_intent=foreign, amount=100)
        site.act("dispute_lost", dispute=site.act("dispute", payment_intent=foreign, amount=50)["id"])
    days_go_by(site)
    (day,) = compared(site)
    assert (day.ours.cents, day.theirs.cents, day.items) == (1000, 1000, [])
    assert site.alerts() == [] and refunds(site) == []


def test_a_payment_in_other_money(site: World, user: User) -> None:
    """It is told, waits for a decision, and its euros are nowhere added to dollars."""
    paid(site, user, 2000)
    site.switch(settle_as={"amount": 900, "currency": "eur"})
    started, payment = paid(site, user, 1000)
    days_go_by(site)
    assert site.status(started) == TopUpStatus.NEEDS_REVIEW and site.balance(user) == 20
    (day,) = compared(site)
    (item,) = day.items
    assert (item.payment_ref, item.note, item.theirs) == (payment, "paid in EUR", None)
    assert (day.ours.cents, day.theirs.cents, day.difference) == (2000, 2000, 0)
    assert "reconciliation_differs" in site.alerts()


def test_one_that_waits_for_a_decision_and_an_overpayment(site: World, user: User) -> None:
    site.switch(settle_as={"amount": 1200})
    started, payment = paid(site, user)
    day = today(site)
    found = only(site, day)
    (item,) = found.items
    assert (item.note, item.ours, found.difference.cents) == ("waits for a decision", 0, -1200)
    context = site.context(None)
    site.handler.resolve_review(context, top_up_sid=started.top_up_sid, credit=True, reason="r")
    found = only(site, day)
    assert (found.ours.cents, found.theirs.cents, found.items) == (1200, 1200, [])
    assert "reconciliation_differs" not in site.alerts()
    site.act("refund", payment_intent=payment)
    days_go_by(site)
    assert (site.balance(user), only(site, day).items) == (0, [])


def test_a_payment_that_is_not_at_the_provider(site: World, user: User) -> None:
    started, payment = paid(site, user)
    days_go_by(site)
    intent = site.sandbox.store.get("stripe", "payment_intent", payment)
    assert intent is not None
    session = site.top_up(started.top_up_sid).session_ref
    found = site.sandbox.store.get("stripe", "checkout.session", session)
    assert found is not None
    site.sandbox.store.put("stripe", "payment_intent", intent | {"created": 1_000_000_000, "status": "canceled"})
    site.sandbox.store.put("stripe", "checkout.session", found | {"status": "expired"})
    day = only(site, today(site) - timedelta(days=1))
    (item,) = day.items
    assert (item.kind, item.note, item.ref) == (ReconciledKind.PAYMENT, "not paid at the provider", payment)
    assert day.difference.cents == 1000 and site.alerts() == ["reconciliation_differs"]


def test_a_mark_of_a_top_up_that_is_not_there(site: World, user: User) -> None:
    started, payment = paid(site, user)
    other = {"metadata": {"top_up_sid": "0000LOST"}}
    intent = site.sandbox.store.get("stripe", "payment_intent", payment)
    assert intent is not None
    site.sandbox.store.put("stripe", "payment_intent", intent | other)
    days_go_by(site)
    (item,) = compared(site)[0].items
    assert (item.note, item.top_up_sid) == ("not known here", None) and item.theirs is not None
    assert site.status(started) == TopUpStatus.OPEN, "the janitor asks about it"


def test_a_payment_begun_before_midnight_and_settled_after_it(site: World, user: User) -> None:
    started, _ = paid(site, user)
    ref = site.payments.checks.look(started.top_up_sid).payments[0].payment_ref
    intent = site.sandbox.store.get("stripe", "payment_intent", ref)
    assert intent is not None
    site.sandbox.store.put("stripe", "payment_intent", intent | {"created": intent["created"] - 86_400})
    for day in (today(site), today(site) - timedelta(days=1)):
        assert only(site, day).items == []


# --- which days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date.max, date.min, date(1969, 12, 31)])
def test_days_that_cannot_be_compared(site: World, user: User, day: date) -> None:
    with pytest.raises(DayOutOfRange) as refused:
        site.handler.reconcile(site.context(None), day=day)
    assert refused.value.data()["last"] == str(today(site))
    with pytest.raises(DayOutOfRange):
        site.handler.reconcile(site.context(None), day=today(site) + timedelta(days=1))
    assert only(site, date(1970, 1, 1)).items == []
    assert only(site, today(site)).compare_again_at is not None, "it is not over"


def test_each_day_once_and_again_after_7_and_60_days(site: World, user: User) -> None:
    assert site.payments.reconciler.run_once() == 0, "nothing was ever paid"
    site.start(user)
    first = today(site)
    assert site.payments.reconciler.run_once() == 0, "no day is over"
    assert days_go_by(site, 7) == 7
    assert days_go_by(site) == 2, "yesterday, and the first one again"
    assert site.payments.reconciler.run_once() == 0
    (again,) = [row.compare_again_at for row in compared(site) if row.day == first]
    assert again is not None and again.date() == first + timedelta(days=61) and len(compared(site)) == 8


def test_a_day_that_an_operator_compared_before_its_end_is_compared_after_it(site: World, user: User) -> None:
    site.start(user)
    day = today(site)
    only(site, day)
    started, _ = paid(site, user)
    assert days_go_by(site) == 1
    assert site.status(started) == TopUpStatus.SETTLED and compared(site)[0].day == day


def test_days_without_a_comparison_are_made_up_for(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody compared for weeks, save for one day that an operator asked for."""
    started, _ = paid(site, user)
    site.clock.ahead += timedelta(days=20)
    only(site, today(site) - timedelta(days=2))
    monkeypatch.setattr(reconcile, "DAYS_AT_ONCE", 12)
    assert site.payments.reconciler.run_once() == 12 and site.payments.reconciler.run_once() == 7
    assert site.status(started) == TopUpStatus.SETTLED and len(compared(site)) == 20


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_provider_that_is_silent_for_a_day(site: World, user: User) -> None:
    started, _ = paid(site, user)
    site.switch(api_fail={"status": 429, "count": 1000})
    for _ in range(2):
        site.clock.ahead += timedelta(days=1)
        with pytest.raises(ProviderUnavailable):
            site.payments.reconciler.run_once()
        with pytest.raises(ProviderUnavailable):
            site.handler.reconcile(site.context(None), day=today(site))
    assert compared(site) == []
    site.switch(api_fail={"status": 429, "count": 0})
    assert site.payments.reconciler.run_once() == 2
    assert site.status(started) == TopUpStatus.SETTLED


METHODS = ("list_payments", "list_refunds", "list_disputes", "list_balance_changes", "fetch_session")


@pytest.mark.parametrize("method", METHODS)
def test_an_error_midway_leaves_the_day_undone(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    started, _ = paid(site, user)
    provider = site.payments.providers["stripe"]
    with monkeypatch.context() as broken:

        def silent(*_: object, **__: object) -> object:
            raise ProviderUnavailable(provider="stripe", detail="cut off")

        broken.setattr(provider, method, silent)
        site.clock.ahead += timedelta(days=1)
        with pytest.raises(ProviderUnavailable):
            site.payments.reconciler.run_once()
    assert compared(site) == []
    assert site.payments.reconciler.run_once() == 1 and site.status(started) == TopUpStatus.SETTLED


def killed(*arguments: object, **named: object) -> None:
    raise KeyboardInterrupt


def test_killed_before_the_day_is_written_down(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    site.switch(fees=FEES)
    started, _ = paid(site, user)
    with monkeypatch.context() as broken:
        broken.setattr(reconcile, "next_comparison", killed)
        site.clock.ahead += timedelta(days=1)
        with pytest.raises(KeyboardInterrupt):
            site.payments.reconciler.run_once()
    assert compared(site) == [] and site.balance(user) == 10 and fees(site) == 59
    assert site.payments.reconciler.run_once() == 1
    assert site.balance(user) == 10 and fees(site) == 59 and site.status(started) == TopUpStatus.SETTLED
    assert compared(site)[0].fees.cents == 59


def test_an_operators_comparison_and_its_act_are_written_down_together(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(site, user)
    with monkeypatch.context() as broken:
        broken.setattr(Acts, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            site.handler.reconcile(site.context(None), day=today(site), reason="before the books are closed")
    assert compared(site) == [] and site.acts() == []
    site.handler.reconcile(site.context(None), day=today(site), reason="once more")
    (act,) = site.acts()
    assert (act.reason, len(compared(site))) == ("once more", 1)


def test_one_provider_that_is_silent_keeps_no_other_from_being_compared(site: World, user: User) -> None:
    """What was compared is written down with an act that names it, and the call says that not all was."""
    paid(site, user)
    site.switch(api_fail={"status": 429, "count": 1000})
    with pytest.raises(ProviderUnavailable):
        site.handler.reconcile(site.context(None), day=today(site), reason="r")
    assert [each.provider for each in Store.of(RECONCILIATION, site.database).list_full()["items"]] == ["clickpesa"]
    (act,) = site.acts()
    assert act.after == {"providers": {"clickpesa": {"difference": "0.00", "found": 0}}}


def test_one_payment_that_fails_leaves_the_day_undone_and_the_others_found(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = [paid(site, user, cents)[0] for cents in (500, 600, 700)]
    broken = site.top_up(several[1].top_up_sid).session_ref
    provider = site.payments.providers["stripe"]
    fetch = provider.fetch_session

    def failing(session_ref: str) -> object:
        if session_ref == broken:
            raise ValueError("this one breaks whoever asks")
        return fetch(session_ref)

    with monkeypatch.context() as patched:
        patched.setattr(provider, "fetch_session", failing)
        site.clock.ahead += timedelta(days=1)
        with pytest.raises(ValueError, match="this one breaks"):
            site.payments.reconciler.run_once()
    assert compared(site) == [] and site.balance(user) == 12
    site.payments.reconciler.run_once()
    assert site.balance(user) == 18 and len(compared(site)) == 1


def test_a_payment_that_somebody_else_writes_to_meanwhile(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, _ = paid(site, user)
    look = site.payments.checks.look
    busy = [Stale(), Stale()]

    def stale(sid: str) -> object:
        if busy:
            raise busy.pop()
        return look(sid)

    monkeypatch.setattr(site.payments.checks, "look", stale)
    days_go_by(site)
    assert site.status(started) == TopUpStatus.SETTLED
    _, payment = paid(site, user)
    busy += [Stale(), Stale(), Stale()]
    site.clock.ahead += timedelta(days=1)
    with pytest.raises(Stale):
        site.payments.reconciler.run_once()
    assert len(compared(site)) == 1 and payment


def test_two_at_the_same_time(site: World, user: User) -> None:
    site.switch(fees=FEES)
    for cents in (500, 600, 700):
        _, payment = paid(site, user, cents)
        site.act("refund", payment_intent=payment, amount=100)
    day = today(site)
    site.clock.ahead += timedelta(days=1)
    begin = threading.Barrier(3)
    failures: list[BaseException] = []

    def compare() -> None:
        begin.wait()
        try:
            only(site, day)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=compare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {type(failure).__name__ for failure in failures} <= {"Conflict"}
    site.payments.reconciler.run_once()
    assert site.balance(user) == 15 and fees(site) == 30 * 3 + 14 + 17 + 20
    assert [(row.day, row.items, row.fees.cents) for row in compared(site)] == [(day, [], 141)]


def test_more_than_a_page_of_everything(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.stripe.provider.PAGE", 3)
    site.switch(fees=FEES)
    payments = [paid(site, user, 500 + number)[1] for number in range(7)]
    for payment in payments:
        site.act("refund", payment_intent=payment, amount=100)
        site.act("dispute", payment_intent=payment, amount=50)
    days_go_by(site)
    (day,) = compared(site)
    assert day.items == [] and day.ours == day.theirs and day.ours.cents == 7 * 400 + 21
    assert len(refunds(site)) == 7 and len(Store.of(DISPUTE, site.database).list_full()["items"]) == 7
    assert fees(site) == day.fees.cents == 7 * 1530 + sum(round((500 + number) * 0.029) for number in range(7))


def test_over_rpc(database_url: str, tmp_path: Path) -> None:
    """A day that nobody can compare is a declared error."""
    with world(tmp_path, database_url, admin_secret="x" * 30) as site:
        errors = []
        for day in (
            "9999-12-31",
            "0001-01-01",
            str(datetime.now(UTC).date() + timedelta(days=2)),
            str(datetime.now(UTC).date()),
        ):
            call = {"jsonrpc": "2.0", "id": 1, "method": "payments.reconcile", "params": {"day": day}}
            headers = {"X-Hero-Onboarding-Admin-Secret": "x" * 30}
            answer = site.http.post(f"{site.site_url}/rpc", json=call, headers=headers).json()
            errors.append(answer["error"]["code"] if "error" in answer else answer["result"]["difference"])
        assert errors == [1117, 1117, 1117, "0.00"]
        (act,) = site.acts()
        assert (act.act, act.subject, act.reason) == (
            "payments.reconcile",
            str(datetime.now(UTC).date()),
            "no reason given",
        )
        nothing = {"difference": "0.00", "found": 0}
        assert act.after == {"providers": {"clickpesa": nothing, "stripe": nothing}}
