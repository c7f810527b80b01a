"""Payments by ClickPesa's sandbox to the ledger: links and pushes, and everything that goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.store import Store
from generated.errors.onboarding import PhoneRequired, RefundUnsupported
from generated.models.onboarding import InboxState, TopUp, TopUpStarted, TopUpStatus, User
from generated.tables.onboarding import NOTICE, TOP_UP
from handlers.payments.inbox import RETRY_AFTER
from tests.server.payment_world import World, world

PHONE = "255712345678"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        found.vendor = "clickpesa"
        yield found
        found.audit()


@pytest.fixture
def user(site: World) -> User:
    return site.user()


def order(site: World, started: TopUpStarted) -> str:
    return site.top_up(started.top_up_sid).session_ref


def press(site: World, started: TopUpStarted, method: str = "approve") -> Any:
    """Choose how the payment goes on the hosted page."""
    assert started.url is not None
    return site.http.post(started.url, data={"method": method, "phone": PHONE})


def of_user(site: World, user: User) -> list[TopUp]:
    return Store.of(TOP_UP, site.database).find({"user_sid": user.sid})["items"]


def compare(site: World) -> Any:
    """Today, compared at the provider."""
    providers = site.handler.reconcile(site.context(None), day=site.clock.now().date()).providers
    (found,) = (each for each in providers if each.provider == "clickpesa")
    return found


def test_a_link_declined_tried_again_and_paid(site: World, user: User) -> None:
    started = site.start(user)
    assert press(site, started, "decline").status_code == 402
    site.settle()
    assert site.status(started) == TopUpStatus.OPEN and site.balance(user) == 0
    back = press(site, started)
    assert back.headers["location"] == f"{site.site_url}/payment/return"
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10
    notices = [each.kind for each in Store.of(NOTICE, site.database).list_full(10)["items"]]
    assert notices == ["payment_settled"], "that a try failed is no news once it is paid"
    found = compare(site)
    assert (found.items, int(found.difference), found.found) == ([], 0, 0)
    with pytest.raises(RefundUnsupported):
        site.handler.refund(site.context(None), top_up_sid=started.top_up_sid, reason="asked")


def test_a_push_to_a_phone(site: World, user: User) -> None:
    started = site.start(user, 2500, phone=PHONE)
    assert started.url is None and site.top_up(started.top_up_sid).phone == PHONE
    site.act("pay", order=order(site, started))
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 25
    declined = site.start(user, phone=PHONE)
    site.act("decline", order=order(site, declined))
    site.settle()
    assert site.status(declined) == TopUpStatus.FAILED and site.balance(user) == 25
    with pytest.raises(PhoneRequired):
        site.start(user, phone="4915112345678")
    other = site.handler.create_top_up(site.context(user), provider="stripe", amount_cents=1000, phone=PHONE)
    assert site.top_up(other.top_up_sid).phone is None, "nobody is asked on a phone there"


def test_two_payments_on_one_link_are_two_payments(site: World, user: User) -> None:
    started = site.start(user)
    for _ in range(2):
        press(site, started)
        site.settle()
    first, second = of_user(site, user)
    assert first.session_ref == second.session_ref and first.payment_ref != second.payment_ref
    assert {first.status, second.status} == {TopUpStatus.SETTLED} and site.balance(user) == 20
    assert compare(site).items == []


@pytest.mark.parametrize("phone", [None, PHONE])
def test_lost_webhooks_are_found_by_asking(site: World, user: User, phone: str | None) -> None:
    site.switch(webhooks="drop")
    asked, compared = site.start(user, phone=phone), site.start(user, phone=phone)
    for started in (asked, compared):
        site.act("pay", order=order(site, started))
    site.payments.settlement.top_ups.patch(compared.top_up_sid, {"next_check_at": None})
    site.wait_until_due(asked)
    site.jobs()
    assert site.status(asked) == TopUpStatus.SETTLED and site.balance(user) == 10
    found = compare(site)
    assert (found.found, found.items) == (1, []) and site.balance(user) == 20


def test_money_returned_in_the_dashboard_is_found_by_the_comparison(site: World, user: User) -> None:
    kept = [site.start(user) for _ in range(3)]
    for started in kept:
        press(site, started)
    site.settle()
    site.act("settle", payment=site.payment(kept[0]))
    site.act("refund", payment=site.payment(kept[1]))
    site.act("reverse", payment=site.payment(kept[2]))
    found = compare(site)
    assert (found.found, found.items) == (2, [])
    statuses = [site.status(started) for started in kept]
    assert statuses == [TopUpStatus.SETTLED, TopUpStatus.REFUNDED, TopUpStatus.REFUNDED]
    assert site.balance(user) == 10 and compare(site).found == 2, "found once"


@pytest.mark.parametrize(
    "odd", [{"currency": "TZS", "amount": "26500"}, {"amount": "9.00"}, {"amount": "0"}], ids=["TZS", "less", "nothing"]
)
def test_other_money_is_parked(site: World, user: User, odd: dict[str, str]) -> None:
    site.switch(settle_as=odd)
    started = site.start(user)
    press(site, started)
    site.settle()
    assert site.status(started) == TopUpStatus.NEEDS_REVIEW and site.balance(user) == 0
    assert site.alerts() == ["payment_review"]
    if odd["amount"] != "0":
        site.handler.resolve_review(site.context(None), top_up_sid=started.top_up_sid, credit=True, reason="seen")
        assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) > 0


def test_a_webhook_alone_credits_nothing(site: World, user: User) -> None:
    """Not one that is forged, nor one that is signed and tells of what the provider does not know."""
    site.switch(webhooks="hold", webhook_forge=True)
    started = site.start(user)
    press(site, started, "later")
    (payment,) = site.sandbox.store.all("clickpesa", "payment")
    site.act("tell", event="PAYMENT RECEIVED", data={**payment, "status": "SUCCESS"})
    site.act("release")
    site.settle()
    forged, real = site.deliveries()
    assert forged["forged"] and forged["answer"].startswith("401") and real["answer"].startswith("200")
    (entry,) = site.inbox()
    assert (entry.state, entry.failure) == (InboxState.RECEIVED, "Unconfirmed: ") and site.balance(user) == 0
    # It is tried again by itself, then shown; and applied once the provider says so, too.
    for _ in range(len(RETRY_AFTER)):
        site.clock.ahead += timedelta(days=1)
        site.payments.inbox.run_once()
    assert site.inbox()[0].state == InboxState.FAILED and "webhook_failed" in site.alerts()
    site.switch(webhooks="drop", webhook_forge=False)
    site.act("settle_delayed", payment=payment["id"])
    site.clock.ahead += timedelta(days=40)
    site.payments.inbox.run_once()
    assert site.inbox()[0].state == InboxState.APPLIED and "webhook_failed" not in site.alerts()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


def test_other_programs_are_left_alone(site: World, user: User) -> None:
    site.act("foreign")
    site.settle()
    assert [each.state for each in site.inbox()] == [InboxState.IGNORED]
    assert compare(site).items == [] and of_user(site, user) == []


def test_a_webhook_before_its_order_is_known(site: World, user: User) -> None:
    """It waits until what was asked of the provider is written down."""
    site.switch(phone_answers="approve", webhooks="hold")
    started = site.start(user, phone=PHONE)
    known = order(site, started)
    site.payments.settlement.top_ups.patch(started.top_up_sid, {"session_ref": started.top_up_sid})
    site.act("release")
    site.settle()
    assert site.inbox()[0].state == InboxState.RECEIVED and site.balance(user) == 0
    site.payments.settlement.top_ups.patch(started.top_up_sid, {"session_ref": known})
    site.clock.ahead += timedelta(hours=1)
    site.jobs()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


def test_a_link_that_cannot_be_closed_is_closed_here(site: World, user: User) -> None:
    started = site.start(user)
    assert site.handler.cancel(site.context(user), top_up_sid=started.top_up_sid).status == TopUpStatus.EXPIRED
    press(site, started)
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


def test_switched_copies_forms_and_checksums(site: World, user: User) -> None:
    """Doubled, late and reversed; in both spellings, both shapes and signed in each way: each payment counts once."""
    forms = [
        {"webhook_spelling": "eventType", "webhook_data": "old"},
        {"webhook_checksum": "old"},
        {"webhook_checksum": "header"},
        {"webhook_amount": "0"},
    ]
    started = []
    for form in forms:
        site.switch(webhooks="hold", webhook_copies=2, **form)
        started.append(site.start(user))
        press(site, started[-1])
        site.act("release", order="reversed")
        site.settle()
        site.switch(**dict.fromkeys(form))
    assert [site.status(each) for each in started] == [TopUpStatus.SETTLED] * 4
    assert site.balance(user) == 40 and [each.state for each in site.inbox()] == [InboxState.APPLIED] * 4
