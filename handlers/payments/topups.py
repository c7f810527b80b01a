"""Start a top-up: written down, asked of the provider outside the transaction, written down again.

The top-up's sid is the idempotency key at the provider. Whatever stops us in between, the same request made again, or
the janitor, goes on where it stopped and makes no second payment.
"""

from __future__ import annotations

from datetime import timedelta

from codegen.runtime.context import Clock, Context, KeyedCall
from codegen.runtime.errors import DeclaredError, RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountInvalid, AmountOutOfRange, KycCap, PhoneRequired, ProviderUnavailable
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    KycStatus,
    PaymentMethod,
    TopUp,
    TopUpStarted,
    TopUpStatus,
)
from generated.plugins.onboarding import PaymentProvider
from generated.tables.onboarding import TOP_UP, USER, TopUpNew
from handlers.ledger.billing import billings
from handlers.payments import statements
from handlers.payments.kyc_cap import FreedOfCap
from handlers.payments.limits import limits
from handlers.payments.providers import Providers
from handlers.payments.settings import PaymentSettings
from handlers.payments.settlement import reached

DESCRIPTION = "Hero credit"
FIRST_CHECK = timedelta(minutes=5)
PER_HOUR = 30
"""Top-ups that a user may start within an hour."""


class TopUps:
    def __init__(self, database: Database, clock: Clock, settings: PaymentSettings, providers: Providers) -> None:
        self._database, self._clock, self._settings, self._providers = database, clock, settings, providers
        self._store = Store.of(TOP_UP, database)
        self._users = Store.of(USER, database)
        self._recent = database.prepare(statements.TOP_UPS_SINCE)
        self._undecided = database.prepare(statements.UNDECIDED_OF_USER)
        self._freed = FreedOfCap(database)

    def start(
        self, context: Context, user_sid: str, provider: str, amount_cents: int, phone: str | None
    ) -> TopUpStarted:
        """Raises what `PaymentsService.create_top_up` declares."""
        offered = self._providers[provider]
        amount = self._amount(offered, amount_cents)
        methods = offered.capabilities().methods
        if PaymentMethod.USSD_PUSH not in methods:
            phone = None  # nothing is asked of a phone
        elif phone is None and PaymentMethod.CHECKOUT not in methods:
            raise PhoneRequired
        top_up = self._database.run(lambda: self._begin(context.call, user_sid, provider, amount, phone))
        if top_up.status == TopUpStatus.OPEN and not reached(top_up):
            top_up = self.open(top_up, context.call)
        return TopUpStarted(url=top_up.url, top_up_sid=top_up.sid, status=top_up.status)

    def open(self, top_up: TopUp, call: KeyedCall | None = None) -> TopUp:
        """Ask the provider for the checkout, and write down where it is. Raises the provider's errors; one by which the
        provider refuses is the outcome of the `call`."""
        try:
            checkout = self._providers[top_up.provider].create_checkout(self._order(top_up))
        except ProviderUnavailable:
            raise  # it may have been made: the janitor looks
        except DeclaredError as error:
            refusal = error
            self._database.run(lambda: self._refused(top_up.sid, refusal, call))
            raise
        return self._database.run(lambda: self._opened(top_up.sid, checkout))

    def _amount(self, provider: PaymentProvider, cents: int) -> Money:
        if cents <= 0:
            raise AmountInvalid
        least, greatest = limits(self._settings, provider.capabilities())
        amount = Money.from_cents(cents)
        if not least <= amount <= greatest:
            raise AmountOutOfRange(minimum=least, maximum=greatest)
        return amount

    # --- what is written down ---------------------------------------------------------------------------------

    def _begin(self, call: KeyedCall, user_sid: str, provider: str, amount: Money, phone: str | None) -> TopUp:
        """The top-up of this call: an attempt before may have made it."""
        now = self._clock.now().replace(microsecond=0)
        sid = call.begin()
        if known := self._store.get_many([sid]):
            return known[sid]
        self._limit(user_sid)
        self._require_cap(user_sid, amount)
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
        """Before KYC a user pays in so much in all; a payment that is asked for counts as long as it may still come.
        What went back, or may, leaves room, as it does for what is held."""
        if self._users.get(user_sid).kyc_status == KycStatus.COMPLETED:
            return
        cap = Money.from_cents(self._settings.kyc_free_cap_cents)
        billing = billings(self._database).one({"user_sid": user_sid})
        paid = Money(billing.lifetime_paid - self._freed.of(user_sid)) if billing is not None else Money(0)
        undecided = Money(self._database.execute(self._undecided, (user_sid,))[0][0] or 0)
        if paid + undecided + amount > cap:
            raise KycCap(cap=cap, paid=paid, open=undecided)

    def _refused(self, sid: str, error: DeclaredError, call: KeyedCall | None) -> None:
        self._store.patch(sid, {"status": TopUpStatus.FAILED, "next_check_at": None})
        if call is not None:
            call.decide(error)

    def _opened(self, sid: str, checkout: Checkout) -> TopUp:
        values = self._store.locked(sid, None)
        if values["session_ref"] not in (sid, checkout.session_ref):  # somebody was quicker
            return self._store.object(values)
        return self._store.patch(
            sid,
            {
                "session_ref": checkout.session_ref,
                "url": checkout.url or values["url"],  # asked again, not every provider tells it again
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
