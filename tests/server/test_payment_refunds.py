"""Money back: refunds at the provider and ours, each known by its reference, asked for once and followed to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.storage.store import Store
from generated.errors.onboarding import (
    AmountInvalid,
    NotInReview,
    ProviderUnavailable,
    RefundTooLarge,
    RefundUnsupported,
    TopUpNotSettled,
)
from generated.models.onboarding import RefundSource, RefundStatus, TopUpStatus, User
from generated.tables.onboarding import REFUND
from tests.server.bought_plan import buy_plan
from tests.server.payment_world import World, world

REFUNDED, FAILED = RefundStatus.SUCCEEDED, RefundStatus.FAILED
THEIRS, OURS = RefundSource.PROVIDER, RefundSource.OPERATOR


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def refunds(site: World) -> list[tuple[int, RefundStatus, RefundSource]]:
    items = Store.of(REFUND, site.database).list_full()["items"]
    return [(refund.amount.cents, refund.status, refund.started_by) for refund in items]


def test_refunds_at_the_provider(site: World, user: User) -> None:
    started = site.paid(user)
    site.act("refund", payment_intent=site.payment(started), amount=250)
    site.settle()
    assert site.balance(user) == 7.5 and site.status(started) == TopUpStatus.SETTLED
    site.act("refund", payment_intent=site.payment(started))
    site.settle()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED
    assert refunds(site) == [
        (250, RefundStatus.SUCCEEDED, RefundSource.PROVIDER),
        (750, RefundStatus.SUCCEEDED, RefundSource.PROVIDER),
    ]


def test_a_refund_of_spent_money_becomes_debt(site: World, user: User) -> None:
    started = site.paid(user)
    buy_plan(site.payments.settlement.ledger, user.sid, 9 * 10**9, site.clock.now())
    with pytest.raises(RefundTooLarge) as refused:
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=101, reason="asked")
    assert refused.value.refundable.cents == 100
    site.act("refund", payment_intent=site.payment(started))
    site.settle()
    assert site.balance(user) == -9


def test_a_refund_that_comes_back(site: World, user: User) -> None:
    started = site.paid(user)
    refund = site.act("refund", payment_intent=site.payment(started), amount=1000)
    site.settle()
    assert site.balance(user) == 0
    late = next(entry for entry in site.inbox() if entry.event_type == "charge.refunded")
    site.act("fail_refund", refund=refund["id"])
    site.settle()
    assert site.balance(user) == 10 and site.status(started) == TopUpStatus.SETTLED
    assert refunds(site) == [(1000, RefundStatus.FAILED, RefundSource.PROVIDER)]
    # The old total told once more, as a new event, is no news.
    body = json.loads(late.body)
    site.act("tell", type="charge.refunded", object=body["data"]["object"])
    site.settle()
    site.jobs()
    assert site.balance(user) == 10
    site.act("refund", payment_intent=site.payment(started), amount=1000)
    site.settle()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED


def test_our_refund(site: World, user: User) -> None:
    admin = site.context(None)
    started = site.start(user)
    with pytest.raises(TopUpNotSettled):
        site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="asked")
    site.pay(started)
    site.settle()
    for cents, error in ((0, AmountInvalid), (-1, AmountInvalid), (1001, RefundTooLarge)):
        with pytest.raises(error):
            site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=cents, reason="asked")
    first, again = (
        site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=400, reason="asked", key="k1")
        for _ in range(2)
    )
    assert first.sid == again.sid and first.refund_ref == again.refund_ref
    site.settle()
    assert site.balance(user) == 6
    site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="all of it")
    site.settle()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED
    assert refunds(site) == [
        (400, RefundStatus.SUCCEEDED, RefundSource.OPERATOR),
        (600, RefundStatus.SUCCEEDED, RefundSource.OPERATOR),
    ] or refunds(site) == [
        (600, RefundStatus.SUCCEEDED, RefundSource.OPERATOR),
        (400, RefundStatus.SUCCEEDED, RefundSource.OPERATOR),
    ]
    with pytest.raises(RefundTooLarge):
        site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="more")


def test_our_refund_of_which_nobody_tells(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(webhooks="drop")
    site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, reason="asked")
    with pytest.raises(RefundTooLarge):  # it is under way
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=1, reason="asked")
    site.clock.ahead += timedelta(minutes=1, seconds=1)
    site.jobs()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED


def test_our_refund_that_gets_no_answer(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(api_fail={"status": 503, "count": 3})
    with pytest.raises(ProviderUnavailable):
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=500, reason="asked")
    site.clock.ahead += timedelta(minutes=1, seconds=1)
    site.settle()
    site.settle()
    assert site.balance(user) == 5
    assert len(site.sandbox.store.all("stripe", "refund")) == 1


# --- by reference ---------------------------------------------------------------------------------------------------


def rows(site: World) -> dict[str | None, tuple[int, RefundStatus, RefundSource]]:
    """The refunds by their references at the provider: cents, status, and who started each."""
    items = Store.of(REFUND, site.database).list_full(1000)["items"]
    return {row.refund_ref: (row.amount.cents, row.status, row.started_by) for row in items}


def test_two_of_one_amount_are_told_apart_by_their_references(site: World, user: User) -> None:
    """Ours is under way while somebody refunds as much at the provider; then the bank sends one of them back."""
    started = site.paid(user)
    site.switch(webhooks="drop")
    ours = site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=300, reason="asked")
    theirs = site.act("refund", payment_intent=site.payment(started), amount=300)["id"]
    site.act("fail_refund", refund=ours.refund_ref)
    site.clock.ahead += timedelta(minutes=2)
    site.jobs()
    assert rows(site) == {ours.refund_ref: (300, FAILED, OURS), theirs: (300, REFUNDED, THEIRS)}
    assert site.balance(user) == 7 and site.top_up(started.top_up_sid).refunded.cents == 300


def test_a_refund_that_is_known_by_its_amount_first(site: World, user: User) -> None:
    """The total is told at once; as soon as the refund has a name, that is the same row and no second one."""
    started = site.paid(user)
    site.switch(webhook_lost=["refund.created", "refund.updated"])
    theirs = site.act("refund", payment_intent=site.payment(started), amount=300)["id"]
    site.settle()
    assert site.balance(user) == 7 and rows(site) == {None: (300, REFUNDED, THEIRS)}
    site.handler.recheck(site.context(None), top_up_sid=started.top_up_sid, reason="which refund is it?")
    assert site.balance(user) == 7 and rows(site) == {theirs: (300, REFUNDED, THEIRS)}


def test_a_refund_the_bank_sent_back_blocks_nothing(site: World, user: User) -> None:
    started, admin = site.paid(user), site.context(None)
    site.switch(refunds_wait=True)
    first = site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="asked")
    site.settle()
    assert rows(site) == {first.refund_ref: (1000, RefundStatus.PENDING, OURS)} and site.balance(user) == 0
    with pytest.raises(RefundTooLarge):
        site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=1, reason="more")
    site.switch(webhooks="drop", refunds_wait=False)
    site.act("fail_refund", refund=first.refund_ref)
    site.clock.ahead += timedelta(days=1)  # no event tells of it: the pending refund is asked about
    site.jobs()
    assert rows(site) == {first.refund_ref: (1000, FAILED, OURS)} and site.balance(user) == 10
    second = site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="to another card")
    site.clock.ahead += timedelta(minutes=2)
    site.jobs()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED
    assert rows(site)[second.refund_ref] == (1000, REFUNDED, OURS)


def test_a_refund_that_is_pending_for_days(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(webhooks="drop", refunds_wait=True)
    refund = site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, reason="asked")
    site.clock.ahead += timedelta(days=3)
    site.jobs()
    site.act("settle_refund", refund=refund.refund_ref)
    site.clock.ahead += timedelta(days=3)
    site.jobs()
    assert rows(site) == {refund.refund_ref: (1000, REFUNDED, OURS)}
    assert Store.of(REFUND, site.database).get(refund.sid).next_attempt_at is None


def test_what_waits_to_be_refunded_is_not_refunded_again(site: World, user: User) -> None:
    """Nothing of the credit was taken yet; the sum of what was asked for stays within the payment all the same."""
    started, admin = site.paid(user), site.context(None)
    site.switch(webhooks="drop", refunds_wait=True)

    def refund(cents: int) -> None:
        site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="asked", amount_cents=cents)

    refund(600)
    for cents in (401, 1000):
        with pytest.raises(RefundTooLarge):
            refund(cents)
    refund(400)
    with pytest.raises(RefundTooLarge):
        refund(1)
    assert sorted(amount for amount, _, _ in rows(site).values()) == [400, 600]


# --- asked for once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 2, 40])
def test_an_answer_that_is_lost(site: World, user: User, days: int) -> None:
    """The refund was carried out and nobody knows; later the vendor has forgotten its idempotency keys, too."""
    started, admin = site.paid(user), site.context(None)
    site.switch(webhooks="drop", answers_lost={"count": 3})
    with pytest.raises(ProviderUnavailable):
        site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=300, reason="asked", key="k")
    site.clock.ahead += timedelta(days=days, minutes=2)
    site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=300, reason="asked", key="k")
    site.clock.ahead += timedelta(minutes=2)
    site.jobs()
    (refund,) = site.sandbox.store.all("stripe", "refund")
    assert rows(site) == {refund["id"]: (300, REFUNDED, OURS)} and site.balance(user) == 7


def test_the_job_looks_before_it_asks_again(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(webhooks="drop", answers_lost={"count": 3})
    with pytest.raises(ProviderUnavailable):
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=300, reason="asked")
    site.act("forget_keys")
    site.clock.ahead += timedelta(minutes=2)
    site.jobs()
    assert len(site.sandbox.store.all("stripe", "refund")) == 1 and site.balance(user) == 7


def test_a_request_that_never_arrived_is_made_again(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(api_fail={"status": 429, "count": 1_000})
    with pytest.raises(ProviderUnavailable):
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, amount_cents=300, reason="asked")
    for _ in range(5):
        site.clock.ahead += timedelta(days=2)
        site.payments.refunds.run_once()
    (waiting,) = Store.of(REFUND, site.database).list_full()["items"]
    assert waiting.next_attempt_at is not None and waiting.next_attempt_at - site.clock.now() > timedelta(hours=40)
    site.switch(api_fail={"status": 429, "count": 0})
    site.clock.ahead += timedelta(days=3)
    site.settle()
    site.settle()
    assert len(site.sandbox.store.all("stripe", "refund")) == 1 and site.balance(user) == 7


def test_each_is_an_act(site: World, user: User) -> None:
    started = site.paid(user)
    for _ in range(2):
        site.handler.refund(
            site.context(None), top_up_sid=started.top_up_sid, amount_cents=400, reason="asked for", key="k"
        )
    (act,) = site.acts()
    assert (act.act, act.subject, act.reason) == ("payments.refund", started.top_up_sid, "asked for")
    assert act.before == {"refundable": "10.00"} and act.after is not None and act.after["refundable"] == "6.00"
    site.settle()


# --- an overpayment -------------------------------------------------------------------------------------------------


def test_a_refund_takes_the_excess_first(site: World, user: User) -> None:
    """12 were paid for 10: of a refund of 5 the user's balance gives 3."""
    site.switch(settle_as={"amount": 1200})
    started, admin = site.start(user), site.context(None)
    site.pay(started)
    site.settle()
    site.handler.resolve_review(admin, top_up_sid=started.top_up_sid, credit=True, reason="the rest goes back")
    assert site.balance(user) == 10 and site.top_up(started.top_up_sid).excess.cents == 200
    with pytest.raises(RefundTooLarge) as refused:
        site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=1201, reason="asked")
    assert refused.value.refundable.cents == 1200
    site.handler.refund(admin, top_up_sid=started.top_up_sid, amount_cents=200, reason="the excess")
    site.settle()
    assert site.balance(user) == 10 and site.status(started) == TopUpStatus.SETTLED
    site.act("refund", payment_intent=site.payment(started), amount=300)
    site.settle()
    assert site.balance(user) == 7
    billing = site.billing(user)
    assert billing is not None and billing.lifetime_paid.cents == 1000
    site.handler.refund(admin, top_up_sid=started.top_up_sid, reason="all of it")
    site.settle()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.REFUNDED


@pytest.mark.parametrize(("cents", "balance"), [(None, 10), (1, 0.01), (1000, 10)])
def test_an_operator_says_how_much_is_credited(site: World, user: User, cents: int | None, balance: float) -> None:
    site.switch(settle_as={"currency": "eur"})
    started, admin = site.start(user), site.context(None)
    site.pay(started)
    site.settle()
    for wrong in (0, -1, 1001):
        with pytest.raises(AmountInvalid):
            site.handler.resolve_review(
                admin, top_up_sid=started.top_up_sid, credit=True, reason="r", amount_cents=wrong
            )
    site.handler.resolve_review(admin, top_up_sid=started.top_up_sid, credit=True, reason="r", amount_cents=cents)
    assert site.balance(user) == balance
    (act,) = site.acts()
    assert (act.act, act.arguments) == ("payments.resolve_review", {"credit": True, "amount_cents": cents})
    assert act.before is not None and act.before["credited"] == "0.00"
    assert act.after is not None and float(act.after["credited"]) == balance


def test_money_back_in_other_money(site: World, user: User) -> None:
    """Nobody converts it: it waits for a person, who takes what it is worth and says that it was seen."""
    site.switch(settle_as={"currency": "eur"})
    started, admin = site.start(user), site.context(None)
    site.pay(started)
    site.settle()
    sid = started.top_up_sid
    site.handler.resolve_review(admin, top_up_sid=sid, credit=True, reason="9 dollars", amount_cents=900)
    with pytest.raises(RefundUnsupported):  # ten dollars are not ten euros
        site.handler.refund(admin, top_up_sid=sid, reason="asked for")
    assert refunds(site) == [] and site.alerts() == []
    for number in (1, 2):
        site.act("refund", payment_intent=site.payment(started), amount=100)
        site.settle()
        assert site.balance(user) == 9 and site.status(started) == TopUpStatus.SETTLED
        assert site.alerts() == ["payment_review"]
        with pytest.raises(NotInReview):
            site.handler.resolve_review(admin, top_up_sid=sid, credit=True, reason="no")
        kept = site.handler.resolve_review(admin, top_up_sid=sid, credit=False, reason="90 cents")
        assert kept.status == TopUpStatus.SETTLED and site.alerts() == []
        with pytest.raises(NotInReview):
            site.handler.resolve_review(admin, top_up_sid=sid, credit=False, reason="again")
        assert len(site.acts()) == 1 + number
    site.jobs()
    assert site.balance(user) == 9 and site.alerts() == []
