"""Unanswered is not unpaid: a top-up whose fate nobody tells is asked about without end, and an operator can decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import NotInReview, ProviderUnavailable, TopUpNotOpen
from generated.models.onboarding import TopUp, TopUpStarted, TopUpStatus, User
from generated.tables.onboarding import TOP_UP
from handlers.payments.schedule import OVERDUE
from tests.server.payment_world import World, world

AWAY = {"status": 429, "count": 1_000_000}
BACK = {"status": 429, "count": 0}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def paid_in_silence(site: World, user: User, cents: int = 2000) -> TopUpStarted:
    """A payment of which no webhook tells, at a provider that does not answer."""
    site.switch(webhooks="drop")
    started = site.start(user, cents)
    site.pay(started)
    site.switch(api_fail=AWAY)
    return started


def wait_in_vain(site: World, started: TopUpStarted, until: timedelta) -> list[timedelta]:
    """Ask whenever it is time; when that was."""
    times = []
    while site.clock.ahead < until:
        assert site.wait_until_due(started), "it is asked about again"
        assert site.payments.checks.run_once() == 1
        assert site.status(started) == TopUpStatus.OPEN
        times.append(site.clock.ahead)
    return times


def overdue(site: World, started: TopUpStarted) -> None:
    wait_in_vain(site, started, OVERDUE + timedelta(days=1))


# --- two checkouts for one top-up -----------------------------------------------------------------------------------


def paid_on_the_first_of_two(site: World, user: User) -> TopUp:
    """The first request's answer was lost, and the provider forgot it: the janitor made another checkout, and closed
    that one. Then the first one was paid, as its event tells."""
    site.switch(answers_lost={"count": 3})
    with pytest.raises(ProviderUnavailable):
        site.start(user, 1000)
    site.act("forget_keys")
    site.clock.ahead += timedelta(minutes=6)
    site.jobs()
    second, first = site.sandbox.store.all("stripe", "checkout.session")
    site.act("pay", session=first["id"])
    site.settle()
    (top_up,) = Store.of(TOP_UP, site.database).list_full()["items"]
    assert (top_up.status, top_up.session_ref) == (TopUpStatus.SETTLED, second["id"])
    return top_up


def test_a_payment_on_another_checkout_than_ours_is_asked_about(site: World, user: User) -> None:
    top_up = paid_on_the_first_of_two(site, user)
    assert top_up.payment_ref is not None
    site.switch(webhooks="drop")
    site.act("refund", payment_intent=top_up.payment_ref, amount=300)
    site.act("dispute", payment_intent=top_up.payment_ref, amount=500)
    day = site.clock.now().date()
    (found,) = (each for each in site.handler.reconcile(site.context(None), day=day).providers if each.found)
    assert (found.found, found.items) == (3, [])
    assert site.top_up(top_up.sid).status == TopUpStatus.DISPUTED and site.balance(user) == 2


def test_a_refund_of_a_payment_on_another_checkout_is_not_asked_for_twice(site: World, user: User) -> None:
    top_up = paid_on_the_first_of_two(site, user)
    site.switch(webhooks="drop", answers_lost={"count": 3})
    with pytest.raises(ProviderUnavailable):
        site.handler.refund(site.context(None), top_up_sid=top_up.sid, amount_cents=300, reason="r")
    site.act("forget_keys")
    site.clock.ahead += timedelta(days=2)
    site.payments.refunds.run_once()
    assert [each["amount"] for each in site.sandbox.store.all("stripe", "refund")] == [300]
    assert site.balance(user) == 7


# --- the provider does not answer -----------------------------------------------------------------------------------


def test_an_outage_at_every_planned_question(site: World, user: User) -> None:
    started = paid_in_silence(site, user)
    times = wait_in_vain(site, started, timedelta(days=300))
    assert 20 < len(times) < 200
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[-1] > timedelta(days=7) and pauses[-1] > 10 * pauses[0], "ever more rarely"
    assert site.alerts() == ["payment_unknown"]
    site.switch(api_fail=BACK)
    assert site.wait_until_due(started)
    site.payments.checks.run_once()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 20
    assert site.alerts() == [] and not site.wait_until_due(started)


def test_a_provider_that_is_not_on_offer_any_more(site: World, user: User) -> None:
    started = paid_in_silence(site, user)
    payments, site.payments = site.payments, site.without_providers()
    overdue(site, started)
    assert site.alerts() == ["payment_unknown"]
    site.payments = payments
    site.switch(api_fail=BACK)
    site.wait_until_due(started)
    site.payments.checks.run_once()
    assert site.status(started) == TopUpStatus.SETTLED


def test_one_that_is_silent_does_not_keep_others_waiting(site: World, user: User) -> None:
    """Of many that are due at a silent provider one is asked about at a time."""
    site.switch(webhooks="drop")
    for _ in range(3):
        site.start(user, 500)
    site.switch(api_fail=AWAY)
    site.clock.ahead += timedelta(minutes=6)
    assert [site.payments.checks.run_once() for _ in range(4)] == [1, 1, 1, 0]


def test_a_row_that_cannot_be_asked_about_does_not_stop_the_others(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.switch(webhooks="drop")
    first, second = site.start(user, 500), site.start(user, 600)
    for started in (first, second):
        site.pay(started)
    provider = site.payments.providers["stripe"]
    fetch, broken = provider.fetch_session, site.top_up(first.top_up_sid).session_ref

    def failing(session_ref: str) -> object:
        if session_ref == broken:
            raise ValueError("this row breaks whoever asks")
        return fetch(session_ref)

    monkeypatch.setattr(provider, "fetch_session", failing)
    site.clock.ahead += timedelta(minutes=6)
    assert site.payments.checks.run_once() == 2
    assert (site.status(first), site.status(second)) == (TopUpStatus.OPEN, TopUpStatus.SETTLED)
    overdue(site, first)
    assert site.alerts() == ["payment_unknown"]


# --- it answers, and yet nobody knows -------------------------------------------------------------------------------


def test_a_bank_debit_that_takes_weeks(site: World, user: User) -> None:
    started = site.start(user)
    site.pay(started, "bank_debit")
    site.settle()
    wait_in_vain(site, started, timedelta(days=40))
    assert site.alerts() == ["payment_unknown"]
    with pytest.raises(NotInReview):  # nobody has paid: that is not what waits for a decision
        site.handler.resolve_review(site.context(None), top_up_sid=started.top_up_sid, credit=True, reason="hm")
    site.act("settle_delayed", session=site.top_up(started.top_up_sid).session_ref)
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10
    assert site.alerts() == []


def test_a_provider_that_has_forgotten(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nobody to ask: an operator has it, and an event or a comparison may still tell."""
    started = paid_in_silence(site, user)
    site.switch(api_fail=BACK)

    def forgotten(session_ref: str) -> object:
        raise NotFound

    monkeypatch.setattr(site.payments.providers["stripe"], "fetch_session", forgotten)
    while site.wait_until_due(started):
        site.payments.checks.run_once()
    assert site.status(started) == TopUpStatus.OPEN and site.alerts() == ["payment_unknown"]


# --- what an operator can do ----------------------------------------------------------------------------------------


def test_recheck(site: World, user: User) -> None:
    """Whatever is known of it: also one that had ended."""
    started = paid_in_silence(site, user)
    admin = site.context(None)
    with pytest.raises(ProviderUnavailable):
        site.handler.recheck(admin, top_up_sid=started.top_up_sid, reason="the payer asks")
    assert site.acts() == []
    site.payments.settlement.top_ups.patch(started.top_up_sid, {"status": TopUpStatus.EXPIRED, "next_check_at": None})
    site.switch(api_fail=BACK)
    found = site.handler.recheck(admin, top_up_sid=started.top_up_sid, reason="the payer asks")
    assert found.status == TopUpStatus.SETTLED and site.balance(user) == 20
    (act,) = site.acts()
    assert (act.act, act.subject, act.reason) == ("payments.recheck", started.top_up_sid, "the payer asks")
    assert ((act.before or {})["status"], (act.before or {})["credited"]) == ("expired", "0.00")
    assert ((act.after or {})["status"], (act.after or {})["credited"]) == ("settled", "20.00")


def test_close_without_an_answer(site: World, user: User) -> None:
    started = paid_in_silence(site, user)
    overdue(site, started)
    closed = site.handler.close(site.context(None), top_up_sid=started.top_up_sid, reason="nobody knows it any more")
    assert (closed.status, closed.next_check_at, site.alerts()) == (TopUpStatus.EXPIRED, None, [])
    (act,) = site.acts()
    assert (act.act, act.reason) == ("payments.close", "nobody knows it any more")
    assert ((act.before or {})["status"], (act.after or {})["status"]) == ("open", "expired")
    with pytest.raises(TopUpNotOpen):
        site.handler.close(site.context(None), top_up_sid=started.top_up_sid, reason="again")
    # It was paid all the same: whatever tells of it later, it is credited.
    site.switch(api_fail=BACK)
    site.handler.recheck(site.context(None), top_up_sid=started.top_up_sid, reason="the payer has a receipt")
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 20


def test_close_closes_the_checkout_too(site: World, user: User) -> None:
    started = site.start(user)
    closed = site.handler.close(site.context(None), top_up_sid=started.top_up_sid, reason="asked by the user")
    assert closed.status == TopUpStatus.EXPIRED
    assert "expired" in site.http.get(str(started.url).partition("#")[0]).text
    site.settle()


def test_what_is_paid_is_not_closed(site: World, user: User) -> None:
    started = paid_in_silence(site, user)
    site.switch(api_fail=BACK)
    found = site.handler.close(site.context(None), top_up_sid=started.top_up_sid, reason="asked by the user")
    assert found.status == TopUpStatus.SETTLED and site.balance(user) == 20
    assert [(act.after or {})["status"] for act in site.acts()] == ["settled"]


def test_close_of_a_debit_that_never_arrives(site: World, user: User) -> None:
    started = site.start(user)
    site.pay(started, "bank_debit")
    site.settle()
    overdue(site, started)
    assert site.handler.close(site.context(None), top_up_sid=started.top_up_sid, reason="the bank says no").status == (
        TopUpStatus.EXPIRED
    )
    site.act("settle_delayed", session=site.top_up(started.top_up_sid).session_ref)
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


# --- what a user can do ---------------------------------------------------------------------------------------------


def test_cancel(site: World, user: User) -> None:
    started = site.start(user)
    other = site.context(site.user("2"))
    with pytest.raises(NotFound):
        site.handler.cancel(other, top_up_sid=started.top_up_sid)
    assert site.handler.cancel(site.context(user), top_up_sid=started.top_up_sid).status == TopUpStatus.EXPIRED
    assert "expired" in site.http.get(str(started.url).partition("#")[0]).text
    with pytest.raises(TopUpNotOpen):
        site.handler.cancel(site.context(user), top_up_sid=started.top_up_sid)
    site.settle()


def test_cancel_of_what_is_paid(site: World, user: User) -> None:
    started = paid_in_silence(site, user)
    with pytest.raises(ProviderUnavailable):
        site.handler.cancel(site.context(user), top_up_sid=started.top_up_sid)
    site.switch(api_fail=BACK)
    assert site.handler.cancel(site.context(user), top_up_sid=started.top_up_sid).status == TopUpStatus.SETTLED
    under_way = site.start(user, 700)
    site.pay(under_way, "bank_debit")
    assert site.handler.cancel(site.context(user), top_up_sid=under_way.top_up_sid).status == TopUpStatus.OPEN
