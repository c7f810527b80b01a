"""The Stripe provider against the sandbox over real HTTP: the generated kit, signature vectors, Stripe's own SDK."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.errors import NotFound
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AmountOutOfRange,
    InvalidSignature,
    ProviderRefused,
    ProviderUnavailable,
    RefundTooLarge,
    WebhookMalformed,
)
from generated.models.onboarding import (
    CheckoutOrder,
    DisputeStatus,
    PaymentEventKind,
    PaymentNotice,
    PaymentState,
    RefundOrder,
    RefundStatus,
    SessionState,
    WebhookRequest,
)
from providers.sandbox.app import Sandbox, create
from providers.sandbox.stripe.room import SECRET_KEY, SIGNING_KEY
from providers.stripe import StripeProvider, StripeSettings
from providers.stripe.webhooks import TOLERANCE
from providers.testing.payment import PaymentKit
from tests.programs import free_port
from tests.server.payment_world import serving
from tests.waiting import PATIENCE

NOW = datetime.now(UTC).replace(microsecond=0)
VECTORS = json.loads((Path(__file__).parents[1] / "data/stripe_signature.json").read_text())


def order(amount: int = 1000, **fields: Any) -> CheckoutOrder:
    return CheckoutOrder(
        top_up_sid=new_sid(),
        user_sid=new_sid(),
        amount=Money.from_cents(amount),
        description="Credit",
        return_url="https://site.example/back?top_up=1",
        cancel_url="https://site.example/",
        **fields,
    )


def request(body: bytes, key: str = SIGNING_KEY, at: int | None = None) -> WebhookRequest:
    header = stripe.WebhookSignature.generate_signature_header(
        body.decode("latin-1"), key, int(time.time()) if at is None else at
    )
    return WebhookRequest(headers={"stripe-signature": header}, body=body, received_at=NOW)


class Vendor:
    """A sandbox that serves, and a provider that calls it."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url, self.sandbox = url, sandbox
        self.provider = self.made()
        self.http = httpx.Client(timeout=PATIENCE, verify=False)
        self.sdk = stripe.StripeClient(SECRET_KEY, base_addresses={"api": f"{url}/stripe"})

    def made(self, key: str = SECRET_KEY) -> StripeProvider:
        return StripeProvider(
            StripeSettings.model_validate(
                {
                    "sandbox_secret_key": key,
                    "signing_keys": (SIGNING_KEY,),
                    "base_url": f"{self.url}/stripe",
                }
            )
        )

    def act(self, name: str, **fields: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/_control/stripe", json={"act": name, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def switch(self, **switches: Any) -> None:
        assert self.http.post(f"{self.url}/_control/stripe", json=switches).status_code == 200

    def paid(self, amount: int = 1000) -> tuple[str, str]:
        """A paid checkout: session and payment."""
        session = self.provider.create_checkout(order(amount)).session_ref
        return session, str(self.act("pay", session=session)["payment_intent"])

    def event(self, kind: str) -> WebhookRequest:
        """The latest webhook of this type, signed."""
        found = next(each for each in self.sandbox.store.all("stripe", "event") if each["type"] == kind)
        return request(json.dumps(found).encode())


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sandbox = create(":memory:", own_url=url, product_url="http://127.0.0.1:9")
    sandbox.store.set_switch("stripe", "webhooks", "drop")
    with serving(sandbox.app, port):
        yield Vendor(url, sandbox)
    sandbox.store.close()


# --- the generated kit ----------------------------------------------------------------------------------------------


class TestStripe(PaymentKit):
    provider = StripeProvider
    signing_key = SIGNING_KEY
    secrets = (SECRET_KEY, SIGNING_KEY)
    vendor: ClassVar[Vendor]

    @pytest.fixture(autouse=True, scope="class")
    @staticmethod
    def _serve(vendor: Vendor) -> None:
        TestStripe.vendor = vendor

    def make(self) -> StripeProvider:
        return self.vendor.made()

    def pay(self, plugin: Any, session_ref: str) -> WebhookRequest:
        self.vendor.act("pay", session=session_ref)
        return self.vendor.event("checkout.session.completed")

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        return request(body, key)

    def sign_at(self, body: bytes, key: str, at: datetime) -> WebhookRequest:
        return request(body, key, int(at.timestamp()))

    calls: ClassVar[Any] = {
        "create_checkout": [
            lambda _: {"order": order()},
            lambda _: {"order": order(99_999)},
            lambda _: {"order": order(expires_at=NOW + timedelta(hours=2))},
        ],
        "list_payments": [{"day": NOW.date()}, {"day": date(2020, 1, 1)}],
        "list_refunds": [{"day": NOW.date()}, {"day": date(2020, 1, 1)}],
        "list_disputes": [{"day": NOW.date()}, {"day": date(2020, 1, 1)}],
        "list_balance_changes": [{"day": NOW.date()}, {"day": date(2020, 1, 1)}],
        "read_webhook": [
            lambda _: {"request": request(b'{"id":"evt_1","object":"event","type":"x","data":{"object":{}}}')}
        ],
    }


# --- what it says of payments ---------------------------------------------------------------------------------------


def test_a_payment_from_begin_to_end(vendor: Vendor) -> None:
    provider = vendor.provider
    ours = order()
    checkout = provider.create_checkout(ours)
    assert provider.create_checkout(ours) == checkout
    assert checkout.state == SessionState.OPEN and checkout.url is not None and "#" in checkout.url
    assert provider.fetch_session(checkout.session_ref).payments == []
    sent = vendor.sandbox.store.get("stripe", "checkout.session", checkout.session_ref)
    assert sent is not None and sent["client_reference_id"] == ours.top_up_sid
    assert sent["metadata"] == {"top_up_sid": ours.top_up_sid, "user_sid": ours.user_sid}
    assert sent["success_url"] == "https://site.example/back?top_up=1&session_id={CHECKOUT_SESSION_ID}"
    vendor.act("pay", session=checkout.session_ref)
    (payment,) = provider.fetch_session(checkout.session_ref).payments
    assert (payment.state, payment.amount_minor, payment.currency) == (PaymentState.SUCCEEDED, 1000, "USD")
    assert provider.fetch_payment(payment.payment_ref).payments == [payment]
    notice = provider.read_webhook(vendor.event("checkout.session.completed"))
    assert notice is not None and (notice.kind, notice.session_ref, notice.payment_ref, notice.amount_minor) == (
        PaymentEventKind.PAYMENT_SUCCEEDED,
        checkout.session_ref,
        payment.payment_ref,
        1000,
    )
    assert provider.expire_session(checkout.session_ref).state == SessionState.COMPLETE


def test_delayed_money(vendor: Vendor) -> None:
    session = vendor.provider.create_checkout(order()).session_ref
    vendor.act("pay", session=session, method="bank_debit")
    assert [each.state for each in vendor.provider.fetch_session(session).payments] == [PaymentState.PENDING]
    assert _kind(vendor, "checkout.session.completed") == PaymentEventKind.PAYMENT_PENDING
    vendor.act("settle_delayed", session=session)
    assert [each.state for each in vendor.provider.fetch_session(session).payments] == [PaymentState.SUCCEEDED]
    assert _kind(vendor, "checkout.session.async_payment_succeeded") == PaymentEventKind.PAYMENT_SUCCEEDED
    other = vendor.provider.create_checkout(order()).session_ref
    vendor.act("pay", session=other, method="bank_debit")
    vendor.act("fail_delayed", session=other)
    assert [each.state for each in vendor.provider.fetch_session(other).payments] == [PaymentState.FAILED]
    assert _kind(vendor, "checkout.session.async_payment_failed") == PaymentEventKind.PAYMENT_FAILED


def _kind(vendor: Vendor, event: str) -> PaymentEventKind:
    notice = vendor.provider.read_webhook(vendor.event(event))
    assert notice is not None
    return notice.kind


def test_expiry(vendor: Vendor) -> None:
    session = vendor.provider.create_checkout(order()).session_ref
    assert vendor.provider.expire_session(session).state == SessionState.EXPIRED
    assert vendor.provider.expire_session(session).state == SessionState.EXPIRED
    assert _kind(vendor, "checkout.session.expired") == PaymentEventKind.SESSION_EXPIRED


def test_refunds(vendor: Vendor) -> None:
    session, payment = vendor.paid()
    first = RefundOrder(refund_sid=new_sid(), payment_ref=payment, amount=Money.from_cents(300), reason="asked")
    refund = vendor.provider.refund(first)
    assert vendor.provider.refund(first) == refund
    assert (refund.status, refund.amount_minor, refund.currency) == (RefundStatus.SUCCEEDED, 300, "USD")
    (paid,) = vendor.provider.fetch_session(session).payments
    assert paid.refunded_minor == 300 and paid.refunds == [refund] and refund.refund_sid == first.refund_sid
    notice = vendor.provider.read_webhook(vendor.event("charge.refunded"))
    assert notice is not None and (notice.amount_minor, notice.payment_ref, notice.fetch_first) == (300, payment, False)
    for amount in (Money.from_cents(701), Money(1), Money(0)):
        with pytest.raises(RefundTooLarge) as refused:
            vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref=payment, amount=amount, reason="x"))
        assert refused.value.refundable == Money.from_cents(700)
    vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref=payment, reason="the rest"))
    assert vendor.provider.fetch_session(session).payments[0].state == PaymentState.REFUNDED
    with pytest.raises(RefundTooLarge):
        vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref=payment, reason="more"))
    vendor.act("fail_refund", refund=refund.refund_ref)
    (paid,) = vendor.provider.fetch_session(session).payments
    assert paid.refunded_minor == 700 and paid.state == PaymentState.SUCCEEDED
    assert {each.refund_ref: each.status for each in paid.refunds}[refund.refund_ref] == RefundStatus.FAILED
    notice = vendor.provider.read_webhook(vendor.event("refund.failed"))
    assert notice is not None and notice.kind == PaymentEventKind.REFUND_FAILED and notice.fetch_first
    with pytest.raises((NotFound, ProviderRefused)):
        vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref="pi_unknown", reason="x"))


@pytest.mark.parametrize(
    ("won", "kind"), [(True, PaymentEventKind.DISPUTE_WON), (False, PaymentEventKind.DISPUTE_LOST)]
)
def test_disputes(vendor: Vendor, won: bool, kind: PaymentEventKind) -> None:
    session, payment = vendor.paid()
    dispute = vendor.act("dispute", payment_intent=payment, amount=400)
    opened = vendor.provider.read_webhook(vendor.event("charge.dispute.created"))
    assert opened is not None and (opened.kind, opened.external_ref, opened.payment_ref, opened.amount_minor) == (
        PaymentEventKind.DISPUTE_OPENED,
        dispute["id"],
        payment,
        400,
    )
    assert vendor.provider.fetch_session(session).payments[0].state == PaymentState.ON_HOLD
    with pytest.raises(ProviderRefused):
        vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref=payment, reason="x"))
    vendor.act("dispute_won" if won else "dispute_lost", dispute=dispute["id"])
    assert _kind(vendor, "charge.dispute.closed") == kind


def dispute_event(step: str, status: str | None, **fields: Any) -> WebhookRequest:
    dispute = {"id": "du_1", "status": status, "amount": 1, "currency": "usd", "payment_intent": "pi_1", **fields}
    return request(event_of(f"charge.dispute.{step}", dispute))


def event_of(kind: str, of: dict[str, Any], **fields: Any) -> bytes:
    event = {"id": "evt_1", "object": "event", "type": kind, "created": 1_800_000_000, "data": {"object": of}}
    return json.dumps({**event, **fields}).encode()


@pytest.mark.parametrize(
    ("step", "status", "kind"),
    [
        ("created", "warning_needs_response", PaymentEventKind.DISPUTE_INQUIRY),
        ("updated", "warning_under_review", PaymentEventKind.DISPUTE_INQUIRY),
        ("closed", "warning_closed", PaymentEventKind.DISPUTE_WON),
        ("closed", "prevented", PaymentEventKind.DISPUTE_WON),
        ("updated", "needs_response", PaymentEventKind.DISPUTE_OPENED),
        ("updated", "under_review", PaymentEventKind.DISPUTE_OPENED),
        ("updated", "lost", PaymentEventKind.DISPUTE_LOST),
        ("updated", "appeal_under_review", PaymentEventKind.DISPUTE_LOST),
        ("updated", "won", PaymentEventKind.DISPUTE_WON),
        ("funds_withdrawn", "needs_response", PaymentEventKind.DISPUTE_OPENED),
        ("funds_withdrawn", "warning_under_review", PaymentEventKind.DISPUTE_OPENED),
        ("funds_withdrawn", "lost", PaymentEventKind.DISPUTE_LOST),
        ("funds_reinstated", "won", PaymentEventKind.DISPUTE_WON),
        ("funds_reinstated", "lost", PaymentEventKind.DISPUTE_WON),
    ],
)
def test_every_event_of_a_dispute_tells_of_it(step: str, status: str, kind: PaymentEventKind) -> None:
    notice = signing().read_webhook(dispute_event(step, status))
    assert notice is not None and (notice.kind, notice.external_ref, notice.payment_ref, notice.fetch_first) == (
        kind,
        "du_1",
        "pi_1",
        False,
    )


@pytest.mark.parametrize("status", ["settled_in_a_duel", None])
def test_a_status_that_is_not_known_is_asked_about(status: str | None) -> None:
    notice = signing().read_webhook(dispute_event("closed", status))
    assert notice is not None and (notice.kind, notice.fetch_first) == (PaymentEventKind.OTHER, True)


def test_a_dispute_in_all_its_states(vendor: Vendor) -> None:
    session, payment = vendor.paid()

    def states() -> tuple[PaymentState, list[DisputeStatus]]:
        (found,) = vendor.provider.fetch_session(session).payments
        assert all(each.amount_minor == 400 and each.payment_ref == payment for each in found.disputes)
        return found.state, [each.status for each in found.disputes]

    assert states() == (PaymentState.SUCCEEDED, [])
    dispute = vendor.act("inquire", payment_intent=payment, amount=400)["id"]
    assert states() == (PaymentState.SUCCEEDED, [DisputeStatus.INQUIRY])
    vendor.act("escalate", dispute=dispute)
    assert states() == (PaymentState.ON_HOLD, [DisputeStatus.OPEN])
    vendor.act("dispute_lost", dispute=dispute)
    assert states() == (PaymentState.REVERSED, [DisputeStatus.LOST])
    vendor.act("dispute_reinstated", dispute=dispute)
    assert states() == (PaymentState.SUCCEEDED, [DisputeStatus.WON])


# --- what is not ours -----------------------------------------------------------------------------------------------

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "payment_status": "paid",
    "amount_total": 1000,
    "currency": "usd",
    "payment_intent": "pi_1",
    "client_reference_id": "inv_1",
    "metadata": {},
}
FOREIGN = {
    "foreign reference": ("checkout.session.completed", SESSION),
    "foreign metadata": ("checkout.session.completed", {**SESSION, "metadata": {"order": "7"}}),
    "a mark that is none": ("checkout.session.completed", {**SESSION, "metadata": {"top_up_sid": "no sid"}}),
    "null metadata": ("checkout.session.completed", {**SESSION, "metadata": None}),
    "null metadata, expired": ("checkout.session.expired", {**SESSION, "metadata": None, "payment_intent": None}),
    "setup": (
        "checkout.session.completed",
        {**SESSION, "mode": "setup", "amount_total": None, "currency": None, "payment_intent": None},
    ),
    "subscription": ("checkout.session.completed", {**SESSION, "mode": "subscription", "payment_intent": None}),
    "refund without intent": (
        "refund.created",
        {"id": "re_1", "amount": 5, "currency": "usd", "payment_intent": None, "status": "succeeded"},
    ),
    "failed refund without intent": ("refund.failed", {"id": "re_1", "amount": 5, "currency": None}),
    "charge without intent": ("charge.refunded", {"id": "ch_1", "payment_intent": None, "currency": "usd"}),
    "dispute without intent": ("charge.dispute.created", {"id": "du_1", "status": "needs_response", "amount": 5}),
}


@pytest.mark.parametrize("case", sorted(FOREIGN))
def test_events_of_other_programs_say_nothing(case: str) -> None:
    kind, of = FOREIGN[case]
    assert signing().read_webhook(request(event_of(kind, of))) is None


def test_our_mark_in_an_event() -> None:
    marked = {**SESSION, "metadata": {"top_up_sid": "0000TOPUP"}}
    notice = signing().read_webhook(request(event_of("checkout.session.completed", marked)))
    assert notice is not None and notice.top_up_sid == "0000TOPUP"
    connected = request(event_of("checkout.session.completed", marked, account="acct_1"))
    assert signing().read_webhook(connected) is None


def test_money_back_without_a_currency_is_asked_about() -> None:
    for kind, amount in (("charge.refunded", "amount_refunded"), ("refund.updated", "amount")):
        of = {"id": "re_1", amount: 5, "currency": None, "payment_intent": "pi_1"}
        notice = signing().read_webhook(request(event_of(kind, of)))
        assert notice is not None and (notice.currency, notice.fetch_first) == ("XXX", True)


def test_thin_events_are_known_and_say_nothing() -> None:
    thin = {
        "id": "evt_2",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "created": "2026-11-20T12:00:00.000Z",
        "livemode": False,
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
    }
    provider = signing(SIGNING_KEY)
    found = request(json.dumps(thin).encode())
    assert provider.verify_webhook(found).event_id == "evt_2"
    assert provider.read_webhook(found) is None


@pytest.mark.parametrize(("livemode", "sandbox"), [(True, False), (False, True), (None, None)])
def test_the_mode_of_an_event(livemode: bool | None, sandbox: bool | None) -> None:
    body = event_of("x", {}, **({} if livemode is None else {"livemode": livemode}))
    assert signing(SIGNING_KEY).verify_webhook(request(body)).sandbox is sandbox
    with pytest.raises(WebhookMalformed):
        signing(SIGNING_KEY).verify_webhook(request(event_of("x", {}, livemode="yes")))


# --- the day's list -------------------------------------------------------------------------------------------------


def test_the_days_payments_page_by_page(vendor: Vendor) -> None:
    today = datetime.now(UTC).date()
    paid = {vendor.paid()[1] for _ in range(3)}
    for _ in range(101):  # more than a page of them
        session = vendor.provider.create_checkout(order()).session_ref
        paid.add(str(vendor.act("pay", session=session)["payment_intent"]))
    found: list[str] = []
    cursor = None
    pages = 0
    while True:
        page = vendor.provider.list_payments(today, cursor=cursor)
        found.extend(payment.payment_ref for payment in page.payments)
        pages += 1
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert pages > 1 and len(found) == len(set(found)) and paid <= set(found)
    assert vendor.provider.list_payments(date(2020, 1, 1)).payments == []


def test_what_moved_on_a_day(vendor: Vendor) -> None:
    """Refunds, disputes and fees, each with its payment and our mark; fees of the account, but no payouts."""
    vendor.switch(fees={"percent": 2.9, "fixed": 30, "dispute": 1500})
    ours = order()
    session = vendor.provider.create_checkout(ours).session_ref
    payment = str(vendor.act("pay", session=session)["payment_intent"])
    refund = vendor.act("refund", payment_intent=payment, amount=100)["id"]
    vendor.act("fail_refund", refund=refund)
    dispute = vendor.act("dispute", payment_intent=payment, amount=300)["id"]
    vendor.switch(fees=None)
    payout = {
        "id": "txn_payout",
        "object": "balance_transaction",
        "source": None,
        "fee": 0,
        "created": int(time.time()),
    }
    vendor.sandbox.store.put("stripe", "balance_transaction", payout)
    vendor.sandbox.store.put(
        "stripe",
        "balance_transaction",
        payout | {"id": "txn_at_once", "type": "payout", "amount": -900, "fee": 10, "currency": "usd"},
    )
    of_account = vendor.act("account_fee", amount=250)["balance_transaction"]
    today = datetime.now(UTC).date()

    (refunded,) = [each for each in all_of("list_refunds", "refunds", today) if each.refund_ref == refund]
    assert (refunded.payment_ref, refunded.top_up_sid) == (payment, ours.top_up_sid)
    assert (refunded.status, refunded.amount_minor) == (RefundStatus.FAILED, 100)
    (contested,) = [each for each in all_of("list_disputes", "disputes", today) if each.dispute_ref == dispute]
    assert (contested.payment_ref, contested.top_up_sid) == (payment, ours.top_up_sid)
    assert (contested.status, contested.amount_minor) == (DisputeStatus.OPEN, 300)
    every = all_of("list_balance_changes", "changes", today)
    own = [(each.change_ref, each.fee_minor, each.top_up_sid) for each in every if each.payment_ref is None]
    assert sorted(own) == sorted([("txn_at_once", 10, None), (of_account, 250, None)])
    changes = [each for each in every if each.payment_ref == payment]
    told = sorted((each.external_ref, each.fee_minor, each.currency) for each in changes)
    assert told == sorted([(payment, 59, "USD"), (refund, 0, "USD"), (refund, 0, "USD"), (dispute, 1500, "USD")])
    assert [each.top_up_sid for each in changes if each.external_ref == payment] == [ours.top_up_sid]
    assert len({each.change_ref for each in changes}) == 4


def all_of(method: str, items: str, day: date) -> list[Any]:
    """Every item of a list of the provider, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = getattr(TestStripe.vendor.provider, method)(day, cursor=cursor)
        found += getattr(page, items)
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_amounts(vendor: Vendor) -> None:
    for amount in (Money(1), Money.from_cents(1000) + 1, Money.from_cents(49), Money(0), Money(-(10**9))):
        with pytest.raises(AmountOutOfRange):
            vendor.provider.create_checkout(order().model_copy(update={"amount": amount}))


def test_faults_of_the_vendor(vendor: Vendor) -> None:
    for status in (500, 503):
        vendor.switch(api_fail={"status": status, "count": 3})
        with pytest.raises(ProviderUnavailable):
            vendor.provider.create_checkout(order())
    vendor.switch(api_fail={"status": 500, "count": 2})  # the third try succeeds
    ours = order()
    assert vendor.provider.create_checkout(ours).url
    vendor.switch(api_fail={"status": 429, "count": 1})
    with pytest.raises(ProviderUnavailable):
        vendor.provider.create_checkout(order())
    with pytest.raises(ProviderRefused) as refused:
        vendor.made("sk_test_somebody_else").create_checkout(order())
    assert "sk_test" not in str(refused.value.data())
    nowhere = StripeProvider(
        StripeSettings.model_validate({"sandbox_secret_key": "k", "base_url": "http://127.0.0.1:9"})
    )
    with pytest.raises(ProviderUnavailable):
        nowhere.fetch_session("cs_1")


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the vectors."""
    monkeypatch.setattr("stripe._webhook.time.time", lambda: 1_700_000_000)


def signing(*keys: str) -> StripeProvider:
    return StripeProvider(StripeSettings.model_validate({"sandbox_secret_key": "k", "signing_keys": keys}))


def with_header(body: str, header: str | None) -> WebhookRequest:
    return WebhookRequest(
        headers={} if header is None else {"stripe-signature": header}, body=body.encode(), received_at=NOW
    )


@pytest.mark.usefixtures("then")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_signature_vectors(vector: dict[str, Any]) -> None:
    """The signature holds; what then may be wrong is the event, which has no type."""
    body, header = vector["body"], vector["expected_header"]
    for keys in ((vector["secret"],), ("whsec_other", vector["secret"])):
        with pytest.raises(WebhookMalformed):
            signing(*keys).verify_webhook(with_header(body, header))
    for wrong in (
        header.replace("1700000000", "1700000001"),
        header[:-1] + ("0" if header[-1] != "0" else "1") if header.count("v1=") == 1 else "t=1700000000,v1=00",
        header.replace("v1=", "v0="),
        "",
        None,
    ):
        with pytest.raises(InvalidSignature):
            signing(vector["secret"]).verify_webhook(with_header(body, wrong))
    for other in vector.get("must_not_match", ()):
        with pytest.raises(InvalidSignature):
            signing(vector["secret"]).verify_webhook(with_header(body, f"t=1700000000,v1={other['value']}"))
    with pytest.raises(InvalidSignature):
        signing(vector["secret"]).verify_webhook(with_header(body + " ", header))
    with pytest.raises(InvalidSignature):
        signing().verify_webhook(with_header(body, header))


def test_old_signatures_are_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"id":"evt_1","object":"event","type":"x"}'
    provider, now = signing(SIGNING_KEY), int(time.time())
    monkeypatch.setattr("time.time", lambda: float(now))  # Stripe's SDK asks for it
    assert provider.verify_webhook(request(body, at=now - TOLERANCE)).event_id == "evt_1"
    with pytest.raises(InvalidSignature):
        provider.verify_webhook(request(body, at=now - TOLERANCE - 1))


@given(st.text(max_size=60), st.binary(max_size=200))
def test_no_header_breaks_it(header: str, body: bytes) -> None:
    with pytest.raises((InvalidSignature, WebhookMalformed)):
        signing(SIGNING_KEY).verify_webhook(
            WebhookRequest(headers={"stripe-signature": header}, body=body, received_at=NOW)
        )


@pytest.mark.parametrize("created", [10**20, -(10**20), 2**32, -1, 1e300, "soon", None, True, False, 1.5])
def test_times_that_are_none(created: Any) -> None:
    of = {"id": "cs_1", "payment_status": "paid", "amount_total": 5, "currency": "usd", "payment_intent": "pi_1"}
    body = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": created,
        "data": {"object": of},
    }
    request_ = WebhookRequest(headers={}, body=json.dumps(body).encode(), received_at=NOW)
    with pytest.raises(WebhookMalformed):
        signing().read_webhook(request_)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "object",
                    "type",
                    "created",
                    "data",
                    "status",
                    "amount",
                    "currency",
                    "payment_intent",
                    "metadata",
                    "payment_status",
                    "amount_total",
                    "amount_refunded",
                    "mode",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)
KINDS = [
    "checkout.session.completed",
    "checkout.session.expired",
    "charge.refunded",
    "refund.failed",
    "refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payment_intent.succeeded",
]


@given(st.sampled_from(KINDS), JSON, st.integers() | st.none() | st.text(max_size=3))
def test_no_event_breaks_it(kind: str, of: Any, created: Any) -> None:
    """Whatever a signed event holds, it is read, of no concern, or malformed."""
    body = json.dumps({"id": "evt_1", "object": "event", "type": kind, "created": created, "data": {"object": of}})
    try:
        found = signing(SIGNING_KEY).read_webhook(WebhookRequest(headers={}, body=body.encode(), received_at=NOW))
        assert found is None or isinstance(found, PaymentNotice)
    except WebhookMalformed:
        pass
