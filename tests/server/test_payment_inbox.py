"""The inbox: what failed is applied again, other programs' events are left alone, and no time or mode is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.errors import Conflict
from codegen.runtime.storage.store import Store
from generated.models.onboarding import InboxState, TopUpStarted, TopUpStatus, User, WebhookInboxEntry
from generated.tables.onboarding import TOP_UP, WEBHOOK_INBOX_ENTRY
from handlers.payments.inbox import RETRY_AFTER
from tests.server.payment_world import World, world


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def failed(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> WebhookInboxEntry:
    """A webhook of a payment that a fault of ours kept from being applied until the last planned attempt."""
    site.switch(webhooks="hold")
    started = site.start(user)
    site.pay(started)
    site.payments.settlement.top_ups.patch(started.top_up_sid, {"next_check_at": None})  # nobody asks
    with monkeypatch.context() as broken:
        broken.setattr(site.payments.settlement, "apply", _fault)
        site.act("release")
        site.settle()
        for _ in range(len(RETRY_AFTER) + 1):
            site.clock.ahead += timedelta(days=1)
            site.payments.inbox.run_once()
    (entry,) = [entry for entry in site.inbox() if entry.event_type == "checkout.session.completed"]
    assert entry.state == InboxState.FAILED and site.alerts() == ["webhook_failed"]
    assert site.status(started) == TopUpStatus.OPEN
    return entry


def _fault(*_: object) -> None:
    raise ZeroDivisionError("a fault of ours")


def applied(site: World, user: User, entry: WebhookInboxEntry) -> None:
    found = Store.of(WEBHOOK_INBOX_ENTRY, site.database).get(entry.sid)
    assert (found.state, found.failure, found.next_attempt_at) == (InboxState.APPLIED, None, None)
    assert site.balance(user) == 10 and site.alerts() == []


def test_a_failed_webhook_that_is_delivered_again(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = failed(site, user, monkeypatch)
    site.act("repeat", event=entry.provider_event_id)
    site.settle()
    applied(site, user, entry)


def test_a_failed_webhook_is_tried_again_ever_more_rarely(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = failed(site, user, monkeypatch)
    pauses = []
    with monkeypatch.context() as broken:
        broken.setattr(site.payments.settlement, "apply", _fault)
        for _ in range(9):
            found = Store.of(WEBHOOK_INBOX_ENTRY, site.database).get(entry.sid)
            assert found.state == InboxState.FAILED and found.next_attempt_at is not None
            pauses.append(round((found.next_attempt_at - site.clock.now()) / timedelta(hours=1)))
            site.clock.ahead += timedelta(hours=pauses[-1], minutes=1)
            assert site.payments.inbox.run_once() == 1
            assert site.payments.inbox.run_once() == 0
    assert pauses == sorted(pauses) and pauses[-1] == 30 * 24
    site.clock.ahead += timedelta(days=31)
    site.payments.inbox.run_once()
    applied(site, user, entry)


def test_a_failed_webhook_that_an_operator_retries(site: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = failed(site, user, monkeypatch)
    admin = site.context(None)
    with monkeypatch.context() as broken:
        broken.setattr(site.payments.settlement, "apply", _fault)
        found = site.handler.retry_event(admin, entry_sid=entry.sid, reason="is it mended?")
        assert found.state == InboxState.FAILED and found.failure == "ZeroDivisionError: a fault of ours"
    found = site.handler.retry_event(admin, entry_sid=entry.sid, reason="it is mended")
    assert (found.state, found.failure) == (InboxState.APPLIED, None)
    applied(site, user, entry)
    with pytest.raises(Conflict):
        site.handler.retry_event(admin, entry_sid=entry.sid, reason="again")
    assert [(act.act, act.subject, act.reason) for act in site.acts()] == [
        ("payments.retry_event", entry.sid, reason) for reason in ("is it mended?", "it is mended")
    ]
    act = site.acts()[-1]
    assert act.before is not None and act.after is not None
    assert (act.before["state"], act.after["state"]) == ("failed", "applied")


# --- other programs on the account ----------------------------------------------------------------------------------

SESSION: dict[str, Any] = {
    "id": "cs_other",
    "object": "checkout.session",
    "mode": "payment",
    "payment_status": "paid",
    "amount_total": 1000,
    "currency": "usd",
    "payment_intent": "pi_other",
    "client_reference_id": "inv_1",
    "metadata": {"order": "7"},
}
OTHERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("checkout.session.completed", SESSION, {}),
    ("checkout.session.completed", {**SESSION, "metadata": None}, {}),
    ("checkout.session.completed", {**SESSION, "mode": "setup", "currency": None, "amount_total": None}, {}),
    ("checkout.session.expired", {**SESSION, "metadata": None, "payment_intent": None}, {}),
    ("checkout.session.async_payment_failed", {**SESSION, "metadata": {}, "currency": None}, {}),
    ("refund.created", {"id": "re_1", "amount": 5, "currency": "usd", "payment_intent": None, "metadata": None}, {}),
    ("refund.failed", {"id": "re_1", "amount": 5, "currency": "usd", "payment_intent": "pi_other"}, {}),
    ("charge.refunded", {"id": "ch_1", "amount_refunded": 5, "currency": "usd", "payment_intent": None}, {}),
    ("charge.refunded", {"id": "ch_1", "amount_refunded": 5, "currency": None, "payment_intent": "pi_other"}, {}),
    ("charge.dispute.created", {"id": "du_1", "amount": 5, "currency": "usd", "status": "needs_response"}, {}),
    (
        "charge.dispute.funds_withdrawn",
        {"id": "du_1", "amount": 5, "currency": "usd", "status": "lost", "payment_intent": "pi_other"},
        {},
    ),
    ("v1.billing.meter.error_report_triggered", {}, {"object": "v2.core.event", "created": "2026-11-20T12:00:00Z"}),
    ("checkout.session.completed", {**SESSION, "metadata": {"top_up_sid": "0000"}}, {"account": "acct_1"}),
]


def test_events_of_other_programs(site: World) -> None:
    """Answered 200, and nothing comes of them: no failure, no alert, no question twice."""
    for kind, of, fields in OTHERS:
        site.act("tell", type=kind, object=of, fields=fields)
    site.settle()
    assert all(each["answer"].startswith("200 ") for each in site.deliveries())
    assert [entry.state for entry in site.inbox()] == [InboxState.IGNORED] * len(OTHERS)
    assert site.events() == [] and site.alerts() == []


def test_a_payment_of_another_program(site: World) -> None:
    payment = site.act("foreign", client_reference_id="inv_1", amount=4200)["payment_intent"]
    site.act("refund", payment_intent=payment, amount=100)
    site.act("dispute", payment_intent=payment, amount=200)
    site.settle()
    assert {entry.state for entry in site.inbox()} == {InboxState.IGNORED}
    assert site.events() == [] and site.alerts() == []


# --- what is not believed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [1, int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())])
def test_times_that_cannot_be(site: World, user: User, told: int) -> None:
    """1970 and next year: the discount ladder begins with neither."""
    site.switch(event_time=told)
    before = site.clock.now() - timedelta(minutes=6)
    started = site.paid(user)
    site.act("refund", payment_intent=site.payment(started), amount=100)
    site.act("dispute", payment_intent=site.payment(started), amount=200)
    site.settle()
    billing = site.billing(user)
    assert billing is not None and billing.first_paid_at is not None and site.balance(user) == 7
    assert before < billing.first_paid_at <= site.clock.now()
    assert site.top_up(started.top_up_sid).settled_at == billing.first_paid_at


def test_a_review_of_a_payment_of_1970(site: World, user: User) -> None:
    site.switch(event_time=1, settle_as={"amount": 900})
    started = site.start(user)
    site.pay(started)
    site.settle()
    site.handler.resolve_review(site.context(None), top_up_sid=started.top_up_sid, credit=True, reason="r")
    billing = site.billing(user)
    assert billing is not None and billing.first_paid_at is not None
    assert billing.first_paid_at > site.clock.now() - timedelta(minutes=6)


def test_the_other_mode(site: World, user: User) -> None:
    """An event of the live mode, though our key is that of a test account: stored, not applied, and told."""
    site.switch(livemode=True)
    started = site.start(user)
    site.pay(started)
    site.settle()
    assert site.status(started) == TopUpStatus.OPEN and site.balance(user) == 0
    assert {entry.state for entry in site.inbox()} == {InboxState.IGNORED}
    assert site.alerts() == ["webhook_mode_differs"]
    site.clock.ahead += timedelta(minutes=6)
    site.payments.checks.run_once()  # what our own key sees counts
    assert site.balance(user) == 10


@pytest.mark.parametrize(
    "odd", [{"amount_total": "ten"}, {"payment_intent": "pi\0"}, {"id": "cs\0", "payment_intent": "pi_2"}]
)
def test_our_event_that_cannot_be_read(site: World, user: User, odd: dict[str, Any]) -> None:
    started = site.start(user)
    site.pay(started)
    site.settle()
    (paid,) = [entry for entry in site.inbox() if entry.event_type == "checkout.session.completed"]
    of = json.loads(paid.body)["data"]["object"] | odd
    site.act("tell", type="checkout.session.completed", object=of)
    site.settle()
    assert site.inbox()[-1].state == InboxState.FAILED and site.alerts() == ["webhook_failed"]


@pytest.mark.parametrize("currency", [None, "usdc", "", 7])
def test_our_event_in_money_that_is_not_known(site: World, user: User, currency: Any) -> None:
    """What counts is what the provider says when it is asked: paid in dollars, or a person has to look."""
    paid, odd = site.start(user), site.start(user)
    site.switch(webhook_lost=["checkout.session.completed"])
    site.pay(paid)
    site.switch(settle_as={"currency": currency})
    site.pay(odd)
    site.switch(webhook_lost=[])
    for started in (paid, odd):
        site.act("tell", type="checkout.session.completed", object=session_of(site, started) | {"currency": currency})
    site.settle()
    paid_events = [entry for entry in site.inbox() if entry.event_type == "checkout.session.completed"]
    assert [(entry.state, entry.failure) for entry in paid_events] == [(InboxState.APPLIED, None)] * 2
    assert [site.status(each) for each in (paid, odd)] == [TopUpStatus.SETTLED, TopUpStatus.NEEDS_REVIEW]
    assert site.balance(user) == 10 and site.alerts() == ["payment_review"]
    reason = site.top_up(odd.top_up_sid).review_reason
    assert reason == "1000 of a currency that is not known were paid, not dollars"
    site.handler.resolve_review(
        site.context(None), top_up_sid=odd.top_up_sid, credit=True, amount_cents=900, reason="1000 USDC, asked"
    )
    assert site.balance(user) == 19 and site.alerts() == []


def session_of(site: World, started: TopUpStarted) -> dict[str, Any]:
    """A checkout as Stripe has it."""
    found: dict[str, Any] = site.http.get(
        f"{site.sandbox_url}/stripe/v1/checkout/sessions/{site.top_up(started.top_up_sid).session_ref}",
        headers={"Authorization": "Bearer sk_test_sandbox"},
    ).json()
    return found


def contradiction(site: World, mine: TopUpStarted, other: TopUpStarted, what: str) -> dict[str, Any]:
    """A paid checkout with one thing in it that is otherwise than we have it."""
    paid = session_of(site, mine) | {"status": "complete", "payment_status": "paid", "payment_intent": "pi_told"}
    if what == "another mark":
        return paid | {"metadata": paid["metadata"] | {"top_up_sid": other.top_up_sid}}
    return paid | {"id": "cs_told"} if what == "another checkout" else paid


@pytest.mark.parametrize("what", ["another mark", "another checkout", "another payment"])
def test_an_event_that_contradicts_what_we_have(site: World, user: User, what: str) -> None:
    """However well it is signed, what counts is what the provider says when it is asked."""
    mine = site.paid(user) if what == "another payment" else site.start(user)
    other = site.start(site.user("2"))
    before = [site.balance(user), site.status(mine), site.status(other)]
    site.act("tell", type="checkout.session.completed", object=contradiction(site, mine, other, what))
    site.settle()
    assert [site.balance(user), site.status(mine), site.status(other)] == before
    assert len(Store.of(TOP_UP, site.database).list_full()["items"]) == 2
    entry = site.inbox()[-1]
    assert (entry.state, entry.failure is not None) == (InboxState.RECEIVED, True)
    for _ in RETRY_AFTER:
        site.clock.ahead += timedelta(days=1)
        site.payments.inbox.run_once()
    assert "webhook_failed" in site.alerts() and site.balance(user) == before[0]


def test_a_contradicting_event_of_a_payment_that_was_made(site: World, user: User) -> None:
    mine, other = site.start(user), site.start(site.user("2"))
    site.switch(webhook_lost=["checkout.session.completed"])
    site.pay(mine)
    site.switch(webhook_lost=[])
    told = session_of(site, mine)
    site.act("tell", type="checkout.session.completed", object=told | {"metadata": {"top_up_sid": other.top_up_sid}})
    site.settle()
    assert (site.status(mine), site.status(other)) == (TopUpStatus.SETTLED, TopUpStatus.OPEN)
    assert site.balance(user) == 10 and site.alerts() == []


def test_one_that_is_applied_by_somebody_else_is_not_called_ignored(
    site: World, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever found no top-up for it comes too late."""
    site.switch(webhooks="hold")
    started = site.start(user)
    site.pay(started)
    monkeypatch.setattr(site.payments.inbox, "attempt", lambda *_, **__: None)
    site.act("release")
    site.settle()
    monkeypatch.undo()
    (entry,) = [entry for entry in site.inbox() if entry.event_type == "checkout.session.completed"]
    with monkeypatch.context() as late:
        reading = site.payments.providers["stripe"]

        def nothing(_: object) -> None:
            late.undo()
            site.payments.inbox.attempt(entry.sid, ask=True)

        late.setattr(reading, "read_webhook", nothing)
        site.payments.inbox.attempt(entry.sid, ask=True)
    assert site.balance(user) == 10
    assert Store.of(WEBHOOK_INBOX_ENTRY, site.database).get(entry.sid).state == InboxState.APPLIED
