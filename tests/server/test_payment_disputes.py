"""Disputes, from whatever tells of them: inquiry, chargeback, lost, won on appeal; in every order, and by asking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import pytest

from codegen.runtime.storage.store import Store
from codegen.runtime.values import sid
from generated.models.onboarding import DisputeStatus, InboxState, PaymentEventKind, TopUpStatus, User
from generated.tables.onboarding import DISPUTE
from handlers.app import build
from handlers.payments.settlement import ProviderEvent
from handlers.payments.states import Observation
from tests.server.payment_world import World, world


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def standing(site: World, user: User) -> tuple[float, float, bool]:
    """Dollars of balance, dollars held, and whether spending is frozen."""
    billing = site.billing(user)
    assert billing is not None
    return site.balance(user), -site.payments.settlement.ledger.balances(user.sid)["held"] / 10**9, billing.frozen


def status(site: World) -> DisputeStatus:
    (kept,) = Store.of(DISPUTE, site.database).list_full()["items"]
    assert (kept.closed_at is not None) == (kept.status in (DisputeStatus.WON, DisputeStatus.LOST))
    return kept.status


FREE, HELD, GONE = (10.0, 0.0, False), (0.0, 10.0, True), (0.0, 0.0, True)


@pytest.mark.parametrize("won", [True, False])
def test_won_or_lost(site: World, user: User, won: bool) -> None:
    started = site.paid(user)
    dispute = site.act("dispute", payment_intent=site.payment(started))
    site.settle()
    assert standing(site, user) == HELD and site.status(started) == TopUpStatus.DISPUTED
    site.act("dispute_won" if won else "dispute_lost", dispute=dispute["id"])
    site.settle()
    assert standing(site, user) == (FREE if won else GONE)
    assert site.status(started) == (TopUpStatus.SETTLED if won else TopUpStatus.DISPUTED)
    assert status(site) == (DisputeStatus.WON if won else DisputeStatus.LOST)
    assert site.start(user, 500).url  # whoever is frozen may still pay


def test_an_inquiry_that_becomes_a_chargeback(site: World, user: User) -> None:
    started = site.paid(user)
    dispute = site.act("inquire", payment_intent=site.payment(started))["id"]
    site.settle()
    assert standing(site, user) == FREE and status(site) == DisputeStatus.INQUIRY
    assert site.status(started) == TopUpStatus.SETTLED
    site.switch(webhook_lost=["charge.dispute.funds_withdrawn"])  # only dispute.updated is heard
    site.act("escalate", dispute=dispute)
    site.settle()
    assert standing(site, user) == HELD and status(site) == DisputeStatus.OPEN


def test_an_inquiry_that_comes_to_nothing(site: World, user: User) -> None:
    started = site.paid(user)
    dispute = site.act("inquire", payment_intent=site.payment(started))["id"]
    site.act("close_inquiry", dispute=dispute)
    site.settle()
    assert standing(site, user) == FREE and status(site) == DisputeStatus.WON


def test_only_the_withdrawal_is_heard(site: World, user: User) -> None:
    started = site.paid(user)
    site.switch(webhook_lost=["charge.dispute.created"])
    site.act("dispute", payment_intent=site.payment(started))
    site.settle()
    assert standing(site, user) == HELD


def test_lost_then_won_on_appeal(site: World, user: User) -> None:
    started = site.paid(user)
    dispute = site.act("dispute", payment_intent=site.payment(started))["id"]
    site.act("dispute_lost", dispute=dispute)
    site.settle()
    assert standing(site, user) == GONE
    site.switch(webhook_lost=["charge.dispute.updated"])  # only funds_reinstated is heard
    site.act("dispute_reinstated", dispute=dispute)
    site.settle()
    assert standing(site, user) == FREE and site.status(started) == TopUpStatus.SETTLED
    assert status(site) == DisputeStatus.WON
    kinds = [entry.reason for entry in site.handler.receipt(site.context(user), top_up_sid=started.top_up_sid).entries]
    assert kinds[-2:] == ["Dispute won after all: amount given back"] * 2


def test_all_orders_of_a_dispute_that_is_lost_and_won(site: World) -> None:
    """Each event of a whole dispute on its own way: 120 orders, or the reversed half of them on the slower database."""
    types = ["checkout.session.completed"] + [
        f"charge.dispute.{step}" for step in ("created", "funds_withdrawn", "closed", "funds_reinstated")
    ]
    orders = list(permutations(types))
    for number, order in enumerate(orders[::6]):
        user = site.user(str(number + 1))
        site.switch(webhooks="hold")
        started = site.start(user)
        site.pay(started)
        intent = site.sandbox.store.all("stripe", "payment_intent")[0]["id"]
        dispute = site.act("dispute", payment_intent=intent)["id"]
        site.act("dispute_lost", dispute=dispute)
        site.act("dispute_reinstated", dispute=dispute)
        held = {each["event"] for each in site.deliveries() if each["held"]}
        events = {each["id"]: each["type"] for each in site.sandbox.store.all("stripe", "event") if each["id"] in held}
        ranked = sorted(events, key=lambda event: order.index(events[event]) if events[event] in order else 9)
        site.act("release", order=ranked)
        site.settle()
        assert standing(site, user) == FREE and site.status(started) == TopUpStatus.SETTLED, order
    assert {entry.state for entry in site.inbox()} <= {InboxState.APPLIED, InboxState.IGNORED}


def test_a_payment_that_is_found_disputed(site: World, user: User) -> None:
    """No event at all: who asks about the payment learns of the dispute, and goes on asking until it is won."""
    site.switch(webhooks="drop")
    started = site.start(user)
    site.pay(started)
    intent = site.sandbox.store.all("stripe", "payment_intent")[0]["id"]
    dispute = site.act("dispute", payment_intent=intent)["id"]

    def found() -> tuple[float, float, bool]:
        assert site.wait_until_due(started)
        site.payments.checks.run_once()
        return standing(site, user)

    assert found() == HELD and site.status(started) == TopUpStatus.DISPUTED
    assert found() == HELD
    site.act("dispute_lost", dispute=dispute)
    assert found() == GONE
    site.clock.ahead += timedelta(days=60)
    site.act("dispute_reinstated", dispute=dispute)
    assert found() == FREE
    assert not site.wait_until_due(started)


def test_what_an_operator_said_last_counts(site: World, user: User) -> None:
    """Unfrozen by an operator after a lost dispute; a dispute that is opened afterwards freezes again."""
    first, second = site.paid(user), site.paid(user)
    lost = site.act("dispute", payment_intent=site.payment(first))["id"]
    site.act("dispute_lost", dispute=lost)
    site.settle()
    assert standing(site, user) == (10.0, 0.0, True)
    site.freeze(user, on=False)
    assert standing(site, user) == (10.0, 0.0, False)
    other = site.act("dispute", payment_intent=site.payment(second))["id"]
    site.settle()
    assert standing(site, user) == (0.0, 10.0, True)
    site.act("dispute_won", dispute=other)
    site.act("dispute_reinstated", dispute=lost)
    site.settle()
    assert standing(site, user) == (20.0, 0.0, False)


@pytest.mark.parametrize("told", [1, 1924992000], ids=["1970", "2031"])
def test_events_that_cannot_say_when(site: World, user: User, told: int) -> None:
    """They come late and the wrong way round: how the dispute stands is asked for, whatever came last."""
    started = site.paid(user)
    site.switch(webhooks="hold", event_time=told)
    dispute = site.act("dispute", payment_intent=site.payment(started))["id"]
    site.act("dispute_won", dispute=dispute)
    events = [each["event"] for each in site.deliveries() if each["held"]]
    site.switch(webhooks="send")
    for event in reversed(events):
        site.act("repeat", event=event)
        site.settle()
        site.clock.ahead += timedelta(minutes=1)
        assert standing(site, user) == FREE and site.status(started) == TopUpStatus.SETTLED
    assert {entry.state for entry in site.inbox()} <= {InboxState.APPLIED, InboxState.IGNORED}


@pytest.mark.parametrize("unfrozen_first", [True, False])
def test_a_restart_with_a_clock_that_was_put_back(
    site: World, user: User, unfrozen_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said last about freezing counts: a dispute that was lost, or an operator, though it was by an earlier
    clock."""
    started = site.paid(user)
    dispute = site.act("dispute", payment_intent=site.payment(started))["id"]

    def restart() -> None:
        now = time.time_ns
        monkeypatch.setattr(sid, "_last", 0)
        monkeypatch.setattr(sid, "time", SimpleNamespace(time_ns=lambda: now() - 86_400 * 10**9))
        build(site.settings, site.database, site.clock, shared=[site.payments])

    def lose() -> None:
        site.act("dispute_lost", dispute=dispute)
        site.settle()

    def unfreeze() -> None:
        site.freeze(user, on=False)

    first, last = (unfreeze, lose) if unfrozen_first else (lose, unfreeze)
    first()
    restart()
    last()
    billing = site.billing(user)
    assert billing is not None and billing.frozen is unfrozen_first


def test_two_of_the_same_second(site: World, user: User) -> None:
    """A dispute that is opened does not come after its end because of a part of a second that nothing keeps."""
    started = site.paid(user)
    top_up, ref = site.top_up(started.top_up_sid), site.payment(started)
    second = site.clock.now().replace(microsecond=0)

    def told(kind: PaymentEventKind, microsecond: int) -> ProviderEvent:
        observation = Observation(kind, 1000, "USD", second.replace(microsecond=microsecond), "du_1")
        return ProviderEvent(f"check:{kind}", "du_1", observation, ref)

    settlement = site.payments.settlement
    events = [told(PaymentEventKind.DISPUTE_WON, 0), told(PaymentEventKind.DISPUTE_OPENED, 900_000)]
    for event in events:
        settlement.ledger.transaction(partial(settlement.apply, top_up.sid, [event]))
    assert standing(site, user) == FREE and status(site) == DisputeStatus.WON
