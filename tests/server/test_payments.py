"""Money in, from the form to the ledger, against the sandbox: twice, never, late, out of order, forged, refunded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from codegen.runtime.errors import NotFound, RateLimited, Unauthorized
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import (
    AmountInvalid,
    AmountOutOfRange,
    KycCap,
    NotInReview,
    ProviderUnavailable,
    UnknownProvider,
)
from generated.models.onboarding import (
    InboxState,
    KycStatus,
    TopUpStarted,
    TopUpStatus,
    User,
)
from generated.tables.onboarding import NOTICE, TOP_UP
from providers.sandbox.stripe.room import SIGNING_KEY
from tests.server.payment_world import World, world

DECLINED = "4000000000000002"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


def paid(site: World, user: User, cents: int = 1000) -> TopUpStarted:
    started = site.start(user, cents)
    site.pay(started)
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED
    return started


def alerts(site: World) -> list[str]:
    return site.alerts()


# --- the usual ways -------------------------------------------------------------------------------------------------


def test_paid(site: World) -> None:
    user = site.user()
    started = site.start(user)
    assert started.status == TopUpStatus.OPEN and site.balance(user) == 0
    answer = site.pay(started)
    assert answer.status_code == 303
    back = f"{site.site_url}/payment/return?top_up={started.top_up_sid}&session_id=cs_test_"
    assert answer.headers["location"].startswith(back)
    site.settle()
    assert site.balance(user) == 10
    top_up = site.top_up(started.top_up_sid)
    assert (top_up.status, top_up.url, top_up.next_check_at) == (TopUpStatus.SETTLED, None, None)
    billing = site.billing(user)
    assert billing is not None and billing.lifetime_paid_cents == 1000 and billing.first_paid_at == top_up.settled_at
    assert [notice.kind for notice in Store.of(NOTICE, site.database).list_full()["items"]] == ["payment_settled"]
    receipt = site.handler.receipt(site.context(user), top_up_sid=started.top_up_sid)
    assert [(entry.account.rpartition(":")[2], entry.amount) for entry in receipt.entries] == [
        ("stripe", 10**10),
        ("purchased", -(10**10)),
    ]


def test_a_visit_credits_nothing(site: World) -> None:
    user = site.user()
    site.switch(webhooks="hold")
    started = site.start(user)
    back = site.pay(started).headers["location"]
    for _ in range(3):
        assert site.http.get(back, follow_redirects=False).status_code in (200, 303)
    site.jobs()
    assert site.balance(user) == 0 and site.status(started) == TopUpStatus.OPEN
    site.act("release")
    site.settle()
    assert site.balance(user) == 10


def test_declined_then_paid(site: World) -> None:
    user = site.user()
    started = site.start(user)
    assert site.pay(started, DECLINED).status_code == 402
    site.settle()
    assert site.status(started) == TopUpStatus.OPEN and site.balance(user) == 0
    assert site.pay(started).status_code == 303
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


def test_declined_then_a_new_top_up(site: World) -> None:
    user = site.user()
    first = site.start(user, 10_000)
    site.pay(first, DECLINED)
    with pytest.raises(KycCap):  # together they are over the cap
        site.start(user, 10_000)
    site.handler.cancel(site.context(user), top_up_sid=first.top_up_sid)
    second = site.start(user, 10_000)
    site.pay(second)
    site.settle()
    assert site.status(second) == TopUpStatus.SETTLED and site.status(first) == TopUpStatus.EXPIRED
    assert site.balance(user) == 100
    assert "expired" in site.http.get(str(first.url).partition("#")[0]).text


def test_delayed(site: World) -> None:
    user = site.user()
    started = site.start(user)
    site.pay(started, "bank_debit")
    site.settle()
    assert site.status(started) == TopUpStatus.OPEN and site.balance(user) == 0
    site.act("settle_delayed", session=site.top_up(started.top_up_sid).session_ref)
    site.settle()
    assert site.status(started) == TopUpStatus.SETTLED and site.balance(user) == 10


def test_delayed_and_never_there(site: World) -> None:
    user = site.user()
    started = site.start(user)
    site.pay(started, "bank_debit")
    site.act("fail_delayed", session=site.top_up(started.top_up_sid).session_ref)
    site.settle()
    assert site.status(started) == TopUpStatus.FAILED and site.balance(user) == 0


def test_expired(site: World) -> None:
    started = site.start(site.user())
    site.act("expire", session=site.top_up(started.top_up_sid).session_ref)
    site.settle()
    assert site.status(started) == TopUpStatus.EXPIRED


# --- what is refused ------------------------------------------------------------------------------------------------


def test_limits(site: World) -> None:
    user = site.user(kyc_status=KycStatus.COMPLETED)
    for cents, error in (
        (0, AmountInvalid),
        (-500, AmountInvalid),
        (499, AmountOutOfRange),
        (100_001, AmountOutOfRange),
        (2**62, AmountOutOfRange),
    ):
        with pytest.raises(error):
            site.start(user, cents)
    with pytest.raises(UnknownProvider):
        site.handler.create_top_up(site.context(user), provider="paypal", amount_cents=1000)
    with pytest.raises(Unauthorized):
        site.handler.create_top_up(site.context(None), provider="stripe", amount_cents=1000)
    assert Store.of(TOP_UP, site.database).list()["items"] == []
    for cents in (500, 100_000):
        assert site.start(user, cents).url


def test_the_cap_before_kyc(site: World) -> None:
    user = site.user()
    paid(site, user, 6000)
    with pytest.raises(KycCap) as refused:
        site.start(user, 4001)
    assert (refused.value.cap.cents, refused.value.paid.cents) == (10_000, 6000)
    assert site.start(user, 4000).url


def test_money_on_its_way_counts_before_kyc(site: World) -> None:
    user = site.user()
    site.pay(site.start(user, 7000), "bank_debit")
    site.settle()
    with pytest.raises(KycCap):
        site.start(user, 4000)


def test_so_many_an_hour(site: World) -> None:
    user = site.user(kyc_status=KycStatus.COMPLETED)
    for _ in range(30):
        site.start(user, 500)
    with pytest.raises(RateLimited):
        site.start(user, 500)
    site.clock.ahead += timedelta(hours=1, seconds=1)
    assert site.start(user, 500).url


def test_other_peoples_payments_are_not_there(site: World) -> None:
    started = site.start(site.user("1"))
    other = site.context(site.user("2"))
    for ask in (site.handler.check, site.handler.receipt):
        with pytest.raises(NotFound):
            ask(other, top_up_sid=started.top_up_sid)


# --- webhooks: twice, forged, out of order, never -------------------------------------------------------------------


def test_doubled(site: World) -> None:
    user = site.user()
    site.switch(webhook_copies=3)
    started = paid(site, user)
    completed = next(entry for entry in site.inbox() if entry.event_type == "checkout.session.completed")
    site.act("repeat", event=completed.provider_event_id)
    site.settle()
    assert site.balance(user) == 10 and site.status(started) == TopUpStatus.SETTLED
    assert len({entry.provider_event_id for entry in site.inbox()}) == len(site.inbox())
    assert site.events() == [("payment_succeeded", "applied")]


def test_forged(site: World) -> None:
    user = site.user()
    site.switch(webhooks="drop")
    started = site.start(user)
    site.pay(started)
    site.switch(webhooks="send", webhook_forge=True)
    site.act("dispute", payment_intent=_intent(site))
    site.switch(webhook_forge=False)
    site.settle()
    forged = [each for each in site.deliveries() if each["forged"]]
    assert forged and all(each["answer"].startswith("401 ") for each in forged)
    assert len(site.inbox()) == len([each for each in site.deliveries() if not each["forged"]])


def _intent(site: World) -> str:
    found: str = site.sandbox.store.all("stripe", "payment_intent")[0]["id"]
    return found


@pytest.mark.parametrize("order", ["in_order", "reversed", "shuffled", "shuffled"])
def test_any_order(site: World, order: str) -> None:
    """Paid, refunded in part, disputed, won, all told at once in any order."""
    user = site.user()
    site.switch(webhooks="hold")
    started = site.start(user)
    site.pay(started)
    site.act("refund", payment_intent=_intent(site), amount=300)
    dispute = site.act("dispute", payment_intent=_intent(site), amount=500)
    site.act("dispute_won", dispute=dispute["id"])
    site.act("release", order=order)
    site.settle()
    site.clock.ahead += timedelta(minutes=1)
    site.jobs()
    assert {entry.state for entry in site.inbox()} <= {InboxState.APPLIED, InboxState.IGNORED}
    assert site.balance(user) == 7
    assert site.status(started) == TopUpStatus.SETTLED
    billing = site.billing(user)
    assert billing is not None and not billing.frozen


def test_never(site: World) -> None:
    user = site.user()
    site.switch(webhooks="drop")
    started = site.start(user)
    site.pay(started)
    site.jobs()
    assert site.balance(user) == 0
    site.clock.ahead += timedelta(minutes=5, seconds=1)
    site.jobs()
    assert site.balance(user) == 10 and site.status(started) == TopUpStatus.SETTLED


def test_the_janitors_schedule(site: World) -> None:
    """Five minutes, an hour, then daily five times; in the end it is over."""
    site.switch(webhooks="drop")
    started = site.start(site.user())
    created = site.top_up(started.top_up_sid).created_at
    for seconds in (300, 3600, 86_400):
        due = site.top_up(started.top_up_sid).next_check_at
        assert due == created + timedelta(seconds=seconds)
        site.clock.ahead = due - site.clock.start + timedelta(seconds=1)
        assert site.payments.checks.run_once() == 1
        assert site.payments.checks.run_once() == 0
    assert site.status(started) == TopUpStatus.EXPIRED  # Stripe's session lives a day


def test_asked_by_the_user(site: World) -> None:
    user = site.user()
    site.switch(webhooks="drop")
    started = site.start(user)
    context = site.context(user)
    assert site.handler.check(context, top_up_sid=started.top_up_sid).status == TopUpStatus.OPEN
    site.pay(started)
    assert site.handler.check(context, top_up_sid=started.top_up_sid).status == TopUpStatus.SETTLED
    assert site.handler.check(context, top_up_sid=started.top_up_sid).status == TopUpStatus.SETTLED
    assert site.balance(user) == 10
    other = site.start(user)
    with pytest.raises(RateLimited):
        for _ in range(20):
            site.handler.check(context, top_up_sid=other.top_up_sid)


def post(site: World, body: bytes, key: str = SIGNING_KEY, at: int | None = None, header: str | None = None) -> int:
    return send(site, body, key, at, header).status_code


def send(
    site: World, body: bytes, key: str = SIGNING_KEY, at: int | None = None, header: str | None = None
) -> httpx.Response:
    now = int(site.clock.now().timestamp()) if at is None else at
    if header is None:
        header = stripe.WebhookSignature.generate_signature_header(body.decode("latin-1"), key, now)
    return site.http.post(
        f"{site.site_url}/webhooks/stripe", content=body, headers={"Stripe-Signature": header} if header else {}
    )


def event(number: int, kind: str = "customer.created", **of: Any) -> bytes:
    return json.dumps(
        {
            "id": f"evt_{number}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": {"id": "cus_1", **of}},
        }
    ).encode()


def test_what_a_webhook_answers(site: World) -> None:
    assert post(site, event(1)) == 200  # an unknown event
    assert post(site, event(1)) == 200  # once more
    assert [entry.state for entry in site.inbox()] == [InboxState.IGNORED]
    assert post(site, event(2), key="whsec_other") == 401
    assert post(site, event(2), header="") == 401
    assert post(site, event(2), header="t=1,v1=00") == 401
    assert post(site, event(2), header="rubbish") == 401
    assert post(site, event(2), at=int(time.time()) - 400) == 401  # a replay
    assert post(site, b"no json") == 400
    assert post(site, b"[]") == 400
    assert post(site, b"{}") == 400
    assert post(site, b"\xff\xfe", header="t=1,v1=00") == 400
    assert post(site, event(2)[:-1] + b', "id": 7}') == 400
    nameless = event(2).replace(b"evt_2", b"evt\\u0000")  # what no database keeps
    assert send(site, nameless).json()["error"] == "webhook_malformed"
    assert len(site.inbox()) == 1
    assert post(site, event(3, "checkout.session.completed", payment_status="paid")) == 200  # kept for a look
    assert [entry.state for entry in site.inbox()] == [InboxState.IGNORED, InboxState.FAILED]
    assert alerts(site) == ["webhook_failed"]
    # A checkout that nobody here started, with and without our mark.
    of = {"payment_status": "paid", "amount_total": 1000, "currency": "usd", "payment_intent": "pi_x"}
    assert post(site, event(4, "checkout.session.completed", **of, metadata={})) == 200
    assert post(site, event(5, "checkout.session.completed", **of, metadata={"top_up_sid": "X" * 26})) == 200
    assert [entry.state for entry in site.inbox()][2:] == [InboxState.IGNORED, InboxState.RECEIVED]
    for _ in range(12):
        site.clock.ahead += timedelta(days=1)
        site.payments.inbox.run_once()
    assert site.inbox()[3].state == InboxState.FAILED
    assert (
        post(
            site,
            event(
                6,
                "charge.dispute.created",
                status="needs_response",
                amount=1,
                currency="usd",
                payment_intent="pi_other",
            ),
            at=int(time.time()),
        )
        == 200
    )
    site.jobs()
    assert site.inbox()[4].state == InboxState.IGNORED


def test_no_secret_is_logged(site: World) -> None:
    user = site.user()
    paid(site, user)
    post(site, event(1), key="whsec_other")
    text = b"\n".join(site.logged)
    for secret in (b"sk_test_sandbox", b"whsec", b"v1="):
        assert secret not in text


# --- the provider fails ---------------------------------------------------------------------------------------------


def test_a_form_sent_twice(site: World) -> None:
    user = site.user()
    first, again = (site.start(user, form_token="t" * 20) for _ in range(2))
    assert first == again
    assert site.start(user, form_token="u" * 20).top_up_sid != first.top_up_sid
    assert site.start(site.user("2"), form_token="t" * 20).top_up_sid != first.top_up_sid


def test_no_answer_then_the_same_form_again(site: World) -> None:
    user = site.user()
    site.switch(api_fail={"status": 500, "count": 3})
    with pytest.raises(ProviderUnavailable):
        site.start(user, form_token="t" * 20)
    (open_one,) = Store.of(TOP_UP, site.database).list_full()["items"]
    assert open_one.status == TopUpStatus.OPEN and open_one.url is None
    started = site.start(user, form_token="t" * 20)
    assert started.top_up_sid == open_one.sid and started.url
    site.pay(started)
    site.settle()
    assert site.balance(user) == 10
    assert len(site.sandbox.store.all("stripe", "checkout.session")) == 1


def test_no_answer_then_nothing(site: World) -> None:
    """The janitor finds out whether a checkout was made, and closes it."""
    user = site.user()
    site.switch(api_fail={"status": 500, "count": 3})
    with pytest.raises(ProviderUnavailable):
        site.start(user)
    site.clock.ahead += timedelta(minutes=5, seconds=1)
    site.jobs()
    site.settle()
    assert [top_up.status for top_up in Store.of(TOP_UP, site.database).list_full()["items"]] == [TopUpStatus.EXPIRED]


def test_the_provider_is_away_for_long(site: World) -> None:
    """Asked ever more rarely; once it answers, a checkout that nobody was sent to is closed."""
    user = site.user()
    site.switch(api_fail={"status": 429, "count": 10_000})
    with pytest.raises(ProviderUnavailable):
        site.start(user)
    (top_up,) = Store.of(TOP_UP, site.database).list_full()["items"]
    while site.clock.ahead < timedelta(days=60):
        due = site.top_up(top_up.sid).next_check_at
        assert due is not None
        site.clock.ahead = due - site.clock.start + timedelta(seconds=1)
        site.payments.checks.run_once()
    assert site.top_up(top_up.sid).status == TopUpStatus.OPEN and alerts(site) == ["payment_unknown"]
    site.switch(api_fail={"status": 429, "count": 0})
    site.clock.ahead += timedelta(days=30)
    site.jobs()
    assert site.top_up(top_up.sid).status == TopUpStatus.EXPIRED and alerts(site) == []


def test_the_provider_is_away_when_it_is_asked(site: World) -> None:
    user = site.user()
    started = paid(site, user)
    site.switch(webhooks="hold")
    site.act("refund", payment_intent=site.payment(started), amount=400)
    site.switch(api_fail={"status": 500, "count": 12})
    site.act("release")
    site.settle()
    site.switch(api_fail={"status": 500, "count": 0})
    site.clock.ahead += timedelta(minutes=2)
    site.jobs()
    assert {entry.state for entry in site.inbox()} <= {InboxState.APPLIED, InboxState.IGNORED}
    assert site.balance(user) == 6


# --- other than asked for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odd", "credit", "expected"),
    [
        ({"amount": 900}, True, 9),
        ({"amount": 900}, False, 0),
        ({"amount": 1100}, True, 10),
        ({"currency": "eur"}, True, 10),
        ({"currency": "eur"}, False, 0),
    ],
)
def test_needs_review(site: World, odd: dict[str, Any], credit: bool, expected: int) -> None:
    user = site.user()
    started = site.start(user)
    site.switch(settle_as=odd)
    site.pay(started)
    site.settle()
    assert site.status(started) == TopUpStatus.NEEDS_REVIEW and site.balance(user) == 0
    assert site.events() == [("payment_succeeded", "needs_review")]
    assert alerts(site) == ["payment_review"]
    decided = site.handler.resolve_review(site.context(None), top_up_sid=started.top_up_sid, credit=credit, reason="r")
    assert decided.status == (TopUpStatus.SETTLED if credit else TopUpStatus.FAILED)
    assert site.balance(user) == expected
    with pytest.raises(NotInReview):
        site.handler.resolve_review(site.context(None), top_up_sid=started.top_up_sid, credit=True, reason="r")
    site.clock.ahead += timedelta(days=1)
    site.settle()
    assert site.balance(user) == expected
