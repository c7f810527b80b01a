"""The payment provider on ClickPesa's API: links, pushes, and what happened on a day.

Nothing there takes an idempotency key: the order reference, made from our own sid, is one.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from codegen.runtime.clock import Clock, SystemClock
from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountOutOfRange, PhoneRequired, ProviderUnavailable, RefundUnsupported
from generated.models.onboarding import (
    BalanceChangePage,
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    PaymentMethod,
    PaymentNotice,
    ProviderDisputePage,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderRefundPage,
    ProviderSession,
    RefundOrder,
    RefundSupport,
    SessionState,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from providers.clickpesa import objects, references, webhooks
from providers.clickpesa.calls import NAME, Calls, Used
from providers.clickpesa.objects import JsonObject
from providers.clickpesa.settings import ClickPesaSettings

HOSTED_PAGES = "https://*.clickpesa.com"
NANO_PER_CENT = 10_000_000
MINIMUM, MAXIMUM = Money.from_cents(1), Money.from_cents(references.MOST_CENTS)
"""What a reference can tell. The vendor's own limits differ by network, and it says them when it refuses."""
PAGE = 100
"""Payments in an answer."""
LONGEST_NOTE = 200
MOST_PAGES = 20
"""How far back a payment is looked for whose id does not tell its order."""
_LOCAL = re.compile("0([67][0-9]{8})")
_NUMBER = re.compile("255[0-9]{9}")
_REFERENCE = re.compile("[A-Za-z0-9_-]{1,100}")


class ClickPesaProvider(PaymentProvider):
    metadata = Metadata(
        NAME,
        "1.0",
        frozenset({"checkout", "ussd_push"}),
        ClickPesaSettings,
        stand_in="providers.sandbox.clickpesa.room:open_room",
        title="ClickPesa",
    )

    def __init__(self, settings: ClickPesaSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._calls = Calls(settings, clock or SystemClock())

    def capabilities(self) -> PaymentCapabilities:
        rates = self._settings.rates
        push = [PaymentMethod.USSD_PUSH] if rates else []
        asked = f" With a phone number it asks there for {rates[0]:,f} TZS per dollar." if rates else ""
        return PaymentCapabilities(
            title="Mobile money, by ClickPesa",
            methods=[PaymentMethod.CHECKOUT, *push],
            currencies=["USD", "TZS"] if rates else ["USD"],
            refunds=RefundSupport.NONE,
            sandbox=not self._settings.live,
            note=f"You pay on ClickPesa's page.{asked}{self._phone_of_sandbox() if rates else ''}"[:LONGEST_NOTE],
            hosted_origins=[HOSTED_PAGES if self._settings.live else self._origin()],
            webhook_path="/webhooks/clickpesa",
        )

    def _origin(self) -> str:
        parts = urlsplit(self._settings.api_url)
        return f"{parts.scheme}://{parts.netloc}"

    def _phone_of_sandbox(self) -> str:
        """Where people find the phone of a number, where there is no real one."""
        url = self._settings.sandbox_url
        return f" In test mode that phone is {url.rstrip('/')}/clickpesa/phone" if url else ""

    # --- checkouts ------------------------------------------------------------------------------------------------

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        cents, rest = divmod(int(order.amount), NANO_PER_CENT)
        if rest or not MINIMUM <= order.amount <= MAXIMUM:
            raise AmountOutOfRange(minimum=MINIMUM, maximum=MAXIMUM)
        push = order.phone is not None and bool(self._settings.rates)
        ref = references.reference(order.top_up_sid, cents, push=push)
        return self._push(ref, order, cents) if push else self._link(ref, order, cents)

    def _link(self, ref: str, order: CheckoutOrder, cents: int) -> Checkout:
        body = {
            "totalPrice": f"{cents // 100}.{cents % 100:02}",
            "orderReference": ref,
            "orderCurrency": "USD",
            "description": order.description,
        }
        try:
            made = self._calls.post("/checkout-link/generate-checkout-url", body)
        except Used:  # it was made before, and nothing tells its link again
            return Checkout(session_ref=ref, state=self.fetch_session(ref).state)
        url = made.get("checkoutLink") if isinstance(made, dict) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise ProviderUnavailable(provider=NAME, detail="no link came")
        return Checkout(session_ref=ref, url=url, state=SessionState.OPEN)

    def _push(self, ref: str, order: CheckoutOrder, cents: int) -> Checkout:
        body = {
            "amount": str(objects.shillings(cents, self._settings.rates[0])),
            "currency": "TZS",
            "orderReference": ref,
            "phoneNumber": _phone(order.phone),
        }
        try:
            made = self._calls.post("/payments/initiate-ussd-push-request", body)
            found = objects.session(ref, [made] if _is_payment(made) else [], self._settings.rates)
        except Used:
            found = self.fetch_session(ref)
        payment_ref = found.payments[0].payment_ref if found.payments else None
        return Checkout(session_ref=ref, payment_ref=payment_ref, state=found.state)

    def fetch_session(self, session_ref: str) -> ProviderSession:
        if references.read(session_ref) is None:
            raise NotFound
        try:
            found = self._on(session_ref)
        except NotFound:  # a reference without a payment is not known there
            found = []
        return objects.session(session_ref, found, self._settings.rates)

    def _on(self, order_reference: str) -> list[JsonObject]:
        found = self._calls.get(f"/payments/{order_reference}")
        return [each for each in (found if isinstance(found, list) else [found]) if _is_payment(each)]

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        """Found by the order that its id begins with, or else among the latest."""
        if _REFERENCE.fullmatch(payment_ref) is None:
            raise NotFound
        order = payment_ref[: len(references.reference("", 0, push=False))]
        if references.read(order) is not None:
            session = self.fetch_session(order)
            if any(each.payment_ref == payment_ref for each in session.payments):
                return session
        for place in range(MOST_PAGES):
            page, more = self._page({"sortBy": "createdAt", "orderBy": "DESC"}, place * PAGE)
            for each in page:
                if str(each["id"]) == payment_ref and references.read(str(each["orderReference"])) is not None:
                    return self.fetch_session(str(each["orderReference"]))
            if not more:
                break
        raise NotFound

    def expire_session(self, session_ref: str) -> ProviderSession:
        """As it is: ClickPesa closes no link."""
        return self.fetch_session(session_ref)

    def refund(self, order: RefundOrder) -> ProviderRefund:
        """Its dashboard returns money; its API does not."""
        raise RefundUnsupported(provider=NAME)

    # --- a day ------------------------------------------------------------------------------------------------------

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        """The vendor's days are not said to be those of UTC: it is asked for some more, and each is looked at."""
        skip = int(cursor) if cursor is not None and cursor.isdecimal() else 0
        asked: dict[str, str | int] = {"startDate": day.isoformat(), "endDate": (day + timedelta(days=2)).isoformat()}
        page, more = self._page({**asked, "sortBy": "createdAt", "orderBy": "ASC"}, skip)
        payments = [
            objects.payment(each, self._settings.rates)
            for each in page
            if references.read(str(each["orderReference"])) is not None
            and objects.time(each["createdAt"]).date() == day
        ]
        return ProviderPaymentPage(payments=payments, next_cursor=str(skip + len(page)) if more else None)

    def _page(self, asked: dict[str, str | int], skip: int) -> tuple[list[JsonObject], bool]:
        """The payments behind the first `skip`, and whether there are more."""
        found = self._calls.get("/payments/all", {**asked, "limit": PAGE, "skip": skip})
        page = found.get("data") if isinstance(found, dict) else None
        if not isinstance(page, list):
            raise ProviderUnavailable(provider=NAME, detail="its list of payments cannot be read")
        total = found.get("totalCount")
        more = bool(page) and skip + len(page) < total if isinstance(total, int) else len(page) >= PAGE
        return [each for each in page if _is_payment(each)], more

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        """It has no such list: what went back is seen in the payment."""
        return ProviderRefundPage(refunds=[])

    def list_disputes(self, day: date, *, cursor: str | None = None) -> ProviderDisputePage:
        """It has none."""
        return ProviderDisputePage(disputes=[])

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        """Its API does not tell what it keeps."""
        return BalanceChangePage(changes=[])

    # --- webhooks -----------------------------------------------------------------------------------------------

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return webhooks.verify(request, self._settings.keys)

    def read_webhook(self, request: WebhookRequest) -> PaymentNotice | None:
        return webhooks.read(request, self._settings.rates)


def _is_payment(found: Any) -> bool:
    """Whether it has what every payment has."""
    return isinstance(found, dict) and all(
        isinstance(found.get(name), str) for name in ("id", "status", "orderReference", "createdAt")
    )


def _phone(phone: str | None) -> str:
    """The number as ClickPesa takes it: 255 and nine digits. Raises `PhoneRequired`."""
    digits = (phone or "").removeprefix("+")
    if local := _LOCAL.fullmatch(digits):
        digits = f"255{local[1]}"
    if _NUMBER.fullmatch(digits) is None:
        raise PhoneRequired
    return digits
