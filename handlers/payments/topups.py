"""Start a top-up: written down, asked of the provider outside the transaction, written down again.

The top-up's sid is the idempotency key at the provider. Whatever stops us in between, the same request made again, or
the janitor, goes on where it stopped and makes no second payment.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from codegen.runtime.context import Clock
from codegen.runtime.errors import DeclaredError, RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountInvalid, AmountOutOfRange, KycCap, PhoneRequired, ProviderUnavailable
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    KycStatus,
    PaymentEventKind,
    PaymentMethod,
    TopUp,
    TopUpStarted,
    TopUpStatus,
)
from generated.plugins.onboarding import PaymentProvider
from generated.tables.onboarding import FORM_TOKEN, PAYMENT_EVENT, TOP_UP, USER, TopUpNew
from handlers.ledger.billing import billings
from handlers.payments import statements
from handlers.payments.providers import Providers
from handlers.payments.settings import PaymentSettings
from handlers.payments.settlement import reached

DESCRIPTION = "Hero credit"
FIRST_CHECK = timedelta(minutes=5)
PER_HOUR = 30
"""Top-ups that a user may start within an hour."""
_MOST_OPEN = 1000


class TopUps:
    def __init__(self, database: Database, clock: Clock, settings: PaymentSettings, providers: Providers) -> None:
        self._database, self._clock, self._settings, self._providers = database, clock, settings, providers
        self._store = Store.of(TOP_UP, database)
        self._tokens = Store.of(FORM_TOKEN, database)
        self._users = Store.of(USER, database)
        self._events = Store.of(PAYMENT_EVENT, database)
        self._recent = database.prepare(statements.TOP_UPS_SINCE)

    def start(
        self, user_sid: str, provider: str, amount_cents: int, phone: str | None, form_token: str | None
    ) -> TopUpStarted:
        """Raises what `PaymentsService.create_top_up` declares."""
        offered = self._providers[provider]
        amount = self._amount(offered, amount_cents)
        if phone is None and PaymentMethod.CHECKOUT not in offered.capabilities().methods:
            raise PhoneRequired
        top_up = self._database.run(lambda: self._begin(user_sid, provider, amount, phone, form_token))
        if top_up.status == TopUpStatus.OPEN and not reached(top_up):
            top_up = self.open(top_up)
        return TopUpStarted(url=top_up.url, top_up_sid=top_up.sid, status=top_up.status)

    def open(self, top_up: TopUp) -> TopUp:
        """Ask the provider for the checkout, and write down where it is. Raises the provider's errors."""
        try:
            checkout = self._providers[top_up.provider].create_checkout(self._order(top_up))
        except ProviderUnavailable:
            raise  # it may have been made: the janitor looks
        except DeclaredError:
            self._database.run(
                lambda: self._store.patch(top_up.sid, {"status": TopUpStatus.FAILED, "next_check_at": None})
            )
            raise
        return self._database.run(lambda: self._opened(top_up.sid, checkout))

    def _amount(self, provider: PaymentProvider, cents: int) -> Money:
        if cents <= 0:
            raise AmountInvalid
        able = provider.capabilities()
        least = max(Money.from_cents(self._settings.top_up_min_cents), able.minimum or Money(0))
        most = Money.from_cents(self._settings.top_up_max_cents)
        most = most if able.maximum is None else min(most, able.maximum)
        if not least.cents <= cents <= most.cents:
            raise AmountOutOfRange(minimum=least, maximum=most)
        return Money.from_cents(cents)

    # --- what is written down ---------------------------------------------------------------------------------

    def _begin(self, user_sid: str, provider: str, amount: Money, phone: str | None, form_token: str | None) -> TopUp:
        now = self._clock.now().replace(microsecond=0)
        sid = new_sid()
        if form_token is not None:
            token = {"user_sid": user_sid, "purpose": "top_up", "token_hash": sha256(form_token.encode()).hexdigest()}
            known = self._tokens.one(token)  # type: ignore[arg-type]
            if known is not None and known.outcome_sid is not None:
                return self._store.get(known.outcome_sid)
        self._limit(user_sid)
        self._require_cap(user_sid, amount)
        if form_token is not None:
            self._tokens.new({**token, "outcome_sid": sid}, now)  # type: ignore[typeddict-item]
        new: TopUpNew = {
            "sid": sid,
            "user_sid": user_sid,
            "provider": provider,
            "session_ref": sid,
            "amount": amount,
            "phone": phone,
            "created_at": now,
            "next_check_at": now + FIRST_CHECK,
        }
        return self._store.new(new, now)

    def _limit(self, user_sid: str) -> None:
        if not self._settings.rate_limits:
            return
        since = int((self._clock.now() - timedelta(hours=1)).timestamp())
        if self._database.execute(self._recent, (user_sid, since))[0][0] >= PER_HOUR:
            raise RateLimited

    def _require_cap(self, user_sid: str, amount: Money) -> None:
        """Before KYC a user pays in so much in all. What would go over it together with checkouts that are still open
        is let through, and the janitor closes those: only one of them is meant."""
        if self._users.get(user_sid).kyc_status == KycStatus.COMPLETED:
            return
        cap = Money.from_cents(self._settings.kyc_free_cap_cents)
        billing = billings(self._database).one({"user_sid": user_sid})
        paid = Money(billing.lifetime_paid) if billing is not None else Money(0)
        others = []
        for other in self._store.find({"user_sid": user_sid, "status": TopUpStatus.OPEN}, limit=_MOST_OPEN)["items"]:
            if self._events.one({"top_up_sid": other.sid, "kind": PaymentEventKind.PAYMENT_PENDING}) is not None:
                paid += int(other.amount)  # the money is on its way
            else:
                others.append(other)
        if paid + amount > cap:
            raise KycCap(cap=cap, paid=paid)
        if paid + amount + sum(int(other.amount) for other in others) > cap:
            now = self._clock.now().replace(microsecond=0)
            for other in others:
                self._store.patch(other.sid, {"next_check_at": now, "expires_at": now})

    def _opened(self, sid: str, checkout: Checkout) -> TopUp:
        values = self._store.locked(sid, None)
        if values["session_ref"] not in (sid, checkout.session_ref):  # somebody was quicker
            return self._store.object(values)
        return self._store.patch(
            sid,
            {
                "session_ref": checkout.session_ref,
                "url": checkout.url,
                "expires_at": checkout.expires_at or values["expires_at"],
            },
        )

    def _order(self, top_up: TopUp) -> CheckoutOrder:
        """The same for the same top-up, whenever it is asked."""
        site = self._settings.public_url
        return CheckoutOrder(
            top_up_sid=top_up.sid,
            user_sid=top_up.user_sid,
            amount=top_up.amount,
            description=DESCRIPTION,
            return_url=f"{site}/payment/return?top_up={top_up.sid}",
            cancel_url=f"{site}/payment/return?top_up={top_up.sid}&cancelled=1",
            phone=top_up.phone,
        )
