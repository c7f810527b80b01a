"""The ClickPesa provider against the sandbox over HTTP: payments, tokens, faults, settings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest
from clickpesa import ClickPesa
from clickpesa.exceptions import ConflictError, ValidationError
from clickpesa.exceptions import NotFoundError as SdkNotFound
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.errors import NotFound
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.errors.onboarding import (
    AmountOutOfRange,
    PhoneRequired,
    ProviderRefused,
    ProviderUnavailable,
    RefundUnsupported,
)
from generated.models.onboarding import (
    CheckoutOrder,
    PaymentMethod,
    PaymentState,
    ProviderPayment,
    ProviderSession,
    RefundOrder,
    SessionState,
    WebhookRequest,
)
from providers.clickpesa import ClickPesaProvider, ClickPesaSettings, checksum, objects, references
from providers.clickpesa.tokens import LIFE, Tokens
from providers.sandbox.clickpesa.api import Keys
from providers.testing.payment import PaymentKit
from tests.server.clickpesa_vendor import NOW, PHONE, RATE, Vendor, clickpesa, order, request, settings
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with clickpesa() as found:
        yield found


# --- the generated kit ----------------------------------------------------------------------------------------------

NO_MARK = "an order reference has at most 20 characters, fewer than a sid: payments are known by it alone"
NOT_CLOSED = "the vendor closes neither links nor pushes"


class TestClickPesa(PaymentKit):
    provider = ClickPesaProvider
    signing_key = Keys.checksum_key
    secrets = (Keys.api_key, Keys.checksum_key)
    vendor: ClassVar[Vendor]
    skip: ClassVar[Any] = {
        "a_payment_carries_the_mark_of_its_top_up": NO_MARK,
        "a_listed_payment_carries_the_mark_of_its_top_up": NO_MARK,
        "a_closed_checkout_is_expired": NOT_CLOSED,
        "refund_answers_what_is_declared": "it refunds nothing: what_it_cannot_refund_is_refused",
    }

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, vendor: Vendor) -> None:
        cls.vendor = vendor

    def make(self) -> ClickPesaProvider:
        return self.vendor.made()

    def pay(self, plugin: Any, session_ref: str) -> WebhookRequest:
        return self.vendor.event(self.vendor.act("pay", order=session_ref))

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        try:
            event = json.loads(body)
            return request({name: event[name] for name in event if name not in checksum.FIELDS}, key)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return WebhookRequest(headers={}, body=body, received_at=NOW)

    calls: ClassVar[Any] = {
        "create_checkout": [lambda _: {"order": order()}, lambda _: {"order": order(99_999, phone=PHONE)}],
        "read_webhook": [lambda _: {"request": request({"event": "DEPOSIT RECEIVED", "data": {"id": "x"}})}],
    }


class TestClickPesaByPhone(TestClickPesa):
    """The same laws for pushes."""

    skip: ClassVar[Any] = {
        **TestClickPesa.skip,
        "a_checkout_is_open_and_unpaid": "a push is a payment that waits from the beginning",
        "a_payment_of_one_checkout_is_not_on_another": "a push is a payment that waits from the beginning",
        "a_checkout_leads_to_a_page_of_its_origins": "a push leads to a phone",
    }

    def order(self, plugin: Any, cents: int = 1000, **fields: Any) -> CheckoutOrder:
        return super().order(plugin, cents, **{"phone": PHONE, **fields})


# --- references -----------------------------------------------------------------------------------------------------


@given(
    st.text(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), min_size=4, max_size=26), st.integers(1, 60_000_000)
)
def test_a_reference_tells_way_and_amount_and_fits(sid: str, cents: int) -> None:
    for push in (False, True):
        made = references.reference(sid, cents, push=push)
        assert len(made) == 20 and made.isalnum() and made == references.reference(sid, cents, push=push)
        assert references.read(made) == (push, cents)
        assert made != references.reference(f"{sid}0", cents, push=push)


@pytest.mark.parametrize("text", ["", "ORD123456", "HL", "hl00000rs0123456789ab", f"HX{'0' * 18}", f"HL{'0' * 19}"])
def test_references_of_other_programs_are_none(text: str) -> None:
    assert references.read(text) is None


# --- payments -------------------------------------------------------------------------------------------------------


def days() -> set[date]:
    """The days of which these tests' payments are: two, where midnight came since they began."""
    return {NOW.date(), datetime.now(UTC).date()}


def listed(provider: ClickPesaProvider) -> list[ProviderPayment]:
    """The payments of these tests, page by page."""
    found = list[ProviderPayment]()
    for day in days():
        page = provider.list_payments(day)
        found += page.payments
        while page.next_cursor is not None:
            page = provider.list_payments(day, cursor=page.next_cursor)
            found += page.payments
    return found


def test_a_link_from_begin_to_end(vendor: Vendor) -> None:
    provider, ours = vendor.provider, order()
    checkout = provider.create_checkout(ours)
    assert checkout.url is not None and checkout.state == SessionState.OPEN
    sent = vendor.sandbox.store.get("clickpesa", "link", checkout.session_ref)
    assert sent is not None and (sent["total"], sent["currency"]) == ("10.00", "USD")
    vendor.act("decline", order=checkout.session_ref)
    assert provider.fetch_session(checkout.session_ref) == ProviderSession(
        session_ref=checkout.session_ref, state=SessionState.OPEN, payments=[]
    )
    vendor.act("pay", order=checkout.session_ref)
    vendor.act("pay", order=checkout.session_ref)
    found = provider.fetch_session(checkout.session_ref)
    assert found.state == SessionState.COMPLETE
    assert [(each.state, each.amount_minor, each.currency) for each in found.payments] == [
        (PaymentState.SUCCEEDED, 1000, "USD")
    ] * 2
    assert len({each.payment_ref for each in found.payments}) == 2
    assert all(each.session_ref == checkout.session_ref for each in found.payments)
    assert provider.create_checkout(ours).url is None  # it was paid: its reference is used
    assert all(each in listed(provider) for each in found.payments)


def test_a_push_asks_for_shillings_and_is_paid_in_dollars(vendor: Vendor) -> None:
    ours = order(1234, phone="0712345678")
    checkout = vendor.provider.create_checkout(ours)
    (waiting,) = vendor.provider.fetch_session(checkout.session_ref).payments
    assert (checkout.url, checkout.payment_ref, waiting.state) == (None, waiting.payment_ref, PaymentState.PENDING)
    (asked,) = vendor.http.get(f"{vendor.url}/clickpesa/phone").text.split("Pay ")[1:2]
    assert asked.startswith("32701 TZS")  # 12.34 × 2650
    assert vendor.provider.create_checkout(ours).session_ref == checkout.session_ref
    vendor.act("pay", order=checkout.session_ref)
    (paid,) = vendor.provider.fetch_session(checkout.session_ref).payments
    assert (paid.state, paid.amount_minor, paid.currency) == (PaymentState.SUCCEEDED, 1234, "USD")
    # With another rate the shillings are shillings; with the old one behind it, still dollars.
    other = vendor.made(tzs_per_dollar="2700").fetch_session(checkout.session_ref).payments[0]
    assert (other.amount_minor, other.currency) == (3_270_100, "TZS")
    both = vendor.made(tzs_per_dollar="2700, 2650").fetch_session(checkout.session_ref).payments[0]
    assert (both.amount_minor, both.currency) == (1234, "USD")


def test_a_push_that_fails_is_over(vendor: Vendor) -> None:
    checkout = vendor.provider.create_checkout(order(phone=PHONE))
    vendor.act("decline", order=checkout.session_ref)
    found = vendor.provider.fetch_session(checkout.session_ref)
    assert (found.state, [each.state for each in found.payments]) == (SessionState.COMPLETE, [PaymentState.FAILED])


@pytest.mark.parametrize("phone", ["0123456789", "+25571234567", "4915112345678", "255712345678901"])
def test_a_phone_that_cannot_be_asked(vendor: Vendor, phone: str) -> None:
    with pytest.raises(PhoneRequired):
        vendor.provider.create_checkout(order(phone=phone))


def test_without_a_rate_there_is_no_push(vendor: Vendor) -> None:
    provider = vendor.made(tzs_per_dollar="")
    assert provider.capabilities().methods == [PaymentMethod.CHECKOUT]
    assert provider.create_checkout(order(phone=PHONE)).url is not None


@pytest.mark.parametrize(
    ("status", "state", "refunded"),
    [
        ("SETTLED", PaymentState.SUCCEEDED, 0),
        ("ON-HOLD", PaymentState.PENDING, 0),
        ("PENDING", PaymentState.PENDING, 0),
        ("REFUNDED", PaymentState.REFUNDED, 1000),
        ("REVERSED", PaymentState.REVERSED, 1000),
        ("SOMETHING NEW", PaymentState.PENDING, 0),
    ],
)
def test_statuses(vendor: Vendor, status: str, state: PaymentState, refunded: int) -> None:
    session = vendor.provider.create_checkout(order()).session_ref
    payment = vendor.act("pay", order=session)["id"]
    vendor.act("status", payment=payment, status=status)
    (found,) = vendor.provider.fetch_session(session).payments
    assert (found.state, found.refunded_minor) == (state, refunded)


def test_refunds_are_the_dashboards(vendor: Vendor) -> None:
    with pytest.raises(RefundUnsupported):
        vendor.provider.refund(RefundOrder(refund_sid=new_sid(), payment_ref="x", reason="asked"))


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (10, "USD", (1000, "USD")),
        ("10.00", "USD", (1000, "USD")),
        (10.5, "usd", (1050, "USD")),
        ("26500", "TZS", (2_650_000, "TZS")),
        ("0", "USD", (0, "USD")),
        ("9.999", "USD", (0, "XXX")),
        ("-1", "USD", (0, "XXX")),
        ("NaN", "USD", (0, "XXX")),
        ("1e999999", "USD", (0, "XXX")),
        ("1e17", "USD", (0, "XXX")),
        (None, None, (0, "XXX")),
        ("10", "dollars", (0, "XXX")),
        (True, "USD", (0, "XXX")),
    ],
)
def test_amounts_are_read_exactly(amount: Any, currency: Any, told: tuple[int, str]) -> None:
    assert objects.money(amount, currency, None, (RATE,)) == told


def test_amounts_that_cannot_be_asked_for(vendor: Vendor) -> None:
    for amount in (Money(1), Money.from_cents(1000) + 1, Money(0), Money(-(10**9))):
        with pytest.raises(AmountOutOfRange):
            vendor.provider.create_checkout(order().model_copy(update={"amount": amount}))


def test_a_days_payments_page_by_page(vendor: Vendor) -> None:
    paid = set()
    for _ in range(202):  # more than a page on one day at least
        session = vendor.provider.create_checkout(order()).session_ref
        paid.add(str(vendor.act("pay", order=session)["id"]))
    vendor.act("foreign", order="INVOICE1")
    assert any(vendor.provider.list_payments(day).next_cursor is not None for day in days())
    found = [each.payment_ref for each in listed(vendor.provider)]
    assert len(found) == len(set(found)) and paid <= set(found)
    assert not any(ref.startswith("INVOICE1") for ref in found)
    assert vendor.provider.list_payments(date(2020, 1, 1)).payments == []


# --- tokens, checksums and faults -----------------------------------------------------------------------------------


def test_tokens_are_asked_for_once_by_many_threads() -> None:
    asked: list[None] = []
    together = threading.Barrier(8)
    slow = threading.Event()

    class Clock:
        time = NOW

        def now(self) -> datetime:
            return self.time

    def ask() -> str:
        asked.append(None)
        slow.wait(0.2)
        return f"Bearer {len(asked)}"

    clock = Clock()
    tokens = Tokens(ask, clock)
    found: list[str] = []

    def use(refused: str | None) -> None:
        together.wait(PATIENCE)
        found.append(tokens.get(refused))

    def all_at_once(refused: str | None = None) -> set[str]:
        found.clear()
        threads = [threading.Thread(target=use, args=(refused,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        return set(found)

    assert all_at_once() == {"Bearer 1"} == all_at_once()
    assert all_at_once(refused="Bearer 1") == {"Bearer 2"}
    assert tokens.get(refused="Bearer 1") == "Bearer 2"
    clock.time += LIFE
    assert all_at_once() == {"Bearer 3"}


def test_a_token_that_cannot_be_had_is_asked_for_again() -> None:
    answers: list[Any] = [ProviderUnavailable(provider="clickpesa", detail="x"), "Bearer 2"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    class Clock:
        def now(self) -> datetime:
            return NOW

    tokens = Tokens(ask, Clock())
    with pytest.raises(ProviderUnavailable):
        tokens.get()
    assert tokens.get() == "Bearer 2"


def test_a_refused_token_is_renewed_once(vendor: Vendor) -> None:
    vendor.provider.create_checkout(order())
    vendor.act("refuse_tokens")
    assert vendor.provider.create_checkout(order()).url
    vendor.switch(token_life=0)
    with pytest.raises(ProviderRefused) as refused:
        vendor.made().create_checkout(order())
    assert "eyJ" not in str(refused.value.data())
    vendor.switch(token_life=None)


def test_both_checksums_of_requests(vendor: Vendor) -> None:
    try:
        for mode in ("old", "off", "canonical"):  # each ends the tokens of before
            vendor.switch(checksum=mode)
            method = "old" if mode == "old" else "canonical"
            assert vendor.made(checksum_method=method).create_checkout(order()).url
        with pytest.raises(ProviderRefused, match="provider") as refused:
            vendor.made(checksum_keys="some other key of theirs").create_checkout(order())
        assert "Invalid checksum" in str(refused.value.data())
    finally:
        vendor.switch(checksum=None)


def test_faults_of_the_vendor(vendor: Vendor) -> None:
    for status in (500, 503, 429):
        vendor.switch(api_fail={"status": status, "count": 1})
        with pytest.raises(ProviderUnavailable):
            vendor.provider.create_checkout(order())
    with pytest.raises(ProviderRefused) as refused:
        vendor.made(api_key="SKofsomebodyelse").create_checkout(order())
    assert "SKof" not in str(refused.value.data())
    with pytest.raises(ProviderUnavailable):
        ClickPesaProvider(settings("http://127.0.0.1:9")).create_checkout(order())


@pytest.mark.parametrize("phone", [None, PHONE])
def test_a_lost_answer_makes_no_second_payment(vendor: Vendor, phone: str | None) -> None:
    ours = order(phone=phone)
    vendor.switch(answers_lost={"count": 1}, links_once=True)
    try:
        with pytest.raises(ProviderUnavailable):
            vendor.provider.create_checkout(ours)
        checkout = vendor.provider.create_checkout(ours)
        assert (checkout.url, checkout.state) == (None, SessionState.OPEN)
    finally:
        vendor.switch(links_once=None)
    assert len(vendor.sandbox.store.all("clickpesa", "payment")) == len(
        {each["orderReference"] + each["id"] for each in vendor.sandbox.store.all("clickpesa", "payment")}
    )
    vendor.act("pay", order=checkout.session_ref)
    assert len(vendor.provider.fetch_session(checkout.session_ref).payments) == 1


def test_the_communitys_sdk_speaks_to_the_sandbox(vendor: Vendor) -> None:
    with ClickPesa(Keys.client_id, Keys.api_key, checksum_key=Keys.checksum_key, max_retries=1) as client:
        client._http.base_url = httpx.URL(f"{vendor.url}/clickpesa")
        link = client.links.generate_checkout("SDK1", "USD", total_price="12.50", description="Credit")
        assert link["checkoutLink"] == f"{vendor.url}/clickpesa/pay/SDK1"
        items = [{"name": "Top-up", "price": "2500", "quantity": 2}, {"name": "Fee", "price": "100", "quantity": 1}]
        client.links.generate_checkout("SDK2", "TZS", order_items=items)
        vendor.act("pay", order="SDK2")
        (paid,) = client.payments.get_status("SDK2")
        assert (paid["status"], paid["collectedAmount"], paid["collectedCurrency"]) == ("SUCCESS", 5100, "TZS")
        assert client.payments.preview_ussd_push("5000", "SDK3", phone="255712345678")["activeMethods"]
        pushed = client.payments.initiate_ussd_push("5000", "255712345678", "SDK3")
        assert (pushed["status"], pushed["collectedAmount"]) == ("PROCESSING", "5000")
        with pytest.raises(ConflictError):
            client.payments.initiate_ussd_push("5000", "255712345678", "SDK3")
        with pytest.raises(SdkNotFound):
            client.payments.get_status("SDK9")
        with pytest.raises(ValidationError):
            client.payments.initiate_ussd_push("5000", "4912345678", "SDK4")
        vendor.act("decline", order="SDK3")
        found = client.payments.list_all(status="FAILED", orderReference="SDK3")
        assert (found["totalCount"], found["data"][0]["orderReference"]) == (1, "SDK3")
        assert client.account.get_balance()[0]["currency"] == "TZS"


# --- settings -------------------------------------------------------------------------------------------------------

GOOD = {
    "client_id": "IDabcdef",
    "api_key": "SKabcdefghijklmnop",
    "checksum_keys": "CHKabcdefghijklmnop",
}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, []),
        ({"sandbox_url": "http://127.0.0.1:9930"}, [("sandbox", "base_url")]),
        ({"base_url": "https://api-sandbox.clickpesa.com"}, [("sandbox", "base_url")]),
        ({"client_id": " "}, [("missing", "client_id")]),
        ({"api_key": "short"}, [("weak", "api_key")]),
        ({"api_key": "SKsandbox"}, [("sandbox", "api_key")]),
        ({"checksum_keys": ""}, [("missing", "checksum_keys")]),
        ({"checksum_keys": "CHKsandbox"}, [("sandbox", "checksum_keys")]),
        ({"checksum_keys": "CHKabcdefghijklmnop,weak"}, [("weak", "checksum_keys")]),
        ({"checksum_keys": GOOD["api_key"]}, [("contradictory", "checksum_keys")]),
    ],
)
def test_what_must_be_mended_before_real_money(told: dict[str, str], found: list[tuple[str, str]]) -> None:
    made = ClickPesaSettings.model_validate({**GOOD, **told})
    assert [(each.fault, each.field) for each in made.findings()] == found
    assert not any(value in each.message for each in made.findings() for value in GOOD.values())


def test_rates_are_positive_numbers() -> None:
    for wrong in ("0", "-1", "many", "1e99", "2650,0"):
        with pytest.raises(ValueError, match="tzs_per_dollar"):
            ClickPesaSettings.model_validate({**GOOD, "tzs_per_dollar": wrong})
    assert ClickPesaSettings.model_validate({**GOOD, "tzs_per_dollar": "2650.25, 2600"}).rates == (
        Decimal("2650.25"),
        Decimal(2600),
    )
    assert objects.shillings(1000, Decimal("2650.25")) == 26_503  # never less than the dollars are worth


def test_where_it_calls_and_what_it_offers() -> None:
    live = ClickPesaProvider(ClickPesaSettings.model_validate(GOOD)).capabilities()
    assert (live.sandbox, live.hosted_origins) == (False, ["https://*.clickpesa.com"])
    tried = ClickPesaSettings.model_validate({**GOOD, "sandbox_url": "http://127.0.0.1:9930"})
    able = ClickPesaProvider(tried).capabilities()
    assert (able.sandbox, able.hosted_origins) == (True, ["http://127.0.0.1:9930"])
    assert tried.api_url == "http://127.0.0.1:9930/clickpesa/third-parties" and tried.credentials[0] == "IDsandbox"


def test_an_unknown_payment_of_ours(vendor: Vendor) -> None:
    session = vendor.provider.create_checkout(order()).session_ref
    for ref in (f"{session}LCP0", "INVOICE7LCP1", "../all"):
        with pytest.raises(NotFound):
            vendor.provider.fetch_payment(ref)
    vendor.act("pay", order=session)
    assert timedelta(0) <= vendor.provider.fetch_session(session).payments[0].occurred_at - NOW < timedelta(hours=1)
