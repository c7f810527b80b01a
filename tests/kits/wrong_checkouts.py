"""Payment providers that are wrong about checkouts and about themselves."""

from __future__ import annotations

import itertools
import threading

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountOutOfRange
from generated.models.onboarding import (
    Checkout,
    CheckoutOrder,
    PaymentCapabilities,
    ProviderSession,
    SessionState,
)
from tests.kits.faults import caught_by
from tests.kits.sound import LEAST, MOST, NANO_PER_CENT, SoundProvider
from tests.kits.vendor import Order

_NUMBERS = itertools.count()


@caught_by("a_checkout_asked_for_twice_is_one")
class MakesACheckoutEachTime(SoundProvider):
    """A person who clicks twice, or a janitor that asks again, opens a second page that can be paid, too."""

    def key_of(self, order: CheckoutOrder) -> str:
        return f"{order.top_up_sid}{next(_NUMBERS)}"


@caught_by("a_restart_forgets_no_checkout")
class RemembersCheckoutsInMemory(SoundProvider):
    """After a crash it asks the vendor with another key."""

    def key_of(self, order: CheckoutOrder) -> str:
        known: dict[str, str] = self.__dict__.setdefault("known", {})
        return known.setdefault(order.top_up_sid, f"{order.top_up_sid}{next(_NUMBERS)}")


@caught_by("checkouts_of_two_top_ups_are_two")
class KeysCheckoutsByUser(SoundProvider):
    """The second top-up of a person is the first one again."""

    def key_of(self, order: CheckoutOrder) -> str:
        return order.user_sid


@caught_by("a_checkout_is_open_and_unpaid")
class SaysCompleteAtOnce(SoundProvider):
    """A page that was opened is taken for one that was paid."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(order).model_copy(update={"state": SessionState.COMPLETE})


@caught_by("a_checkout_is_open_and_unpaid")
class CountsTheOrderAsPayment(SoundProvider):
    """What was asked for is told as paid."""

    def session(self, order: Order) -> ProviderSession:
        return super().session(order).model_copy(update={"payments": [self.payment(order)]})


@caught_by("a_checkout_leads_to_a_page_of_its_origins")
class HasNoPage(SoundProvider):
    """It offers a hosted page and tells none."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(order).model_copy(update={"url": None})


@caught_by("a_checkout_leads_to_a_page_of_its_origins")
class LeadsElsewhere(SoundProvider):
    """The browser's policy stops the form on its way."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(order).model_copy(update={"url": "https://pay.other.example/x"})


@caught_by("an_amount_that_cannot_be_asked_for_is_refused")
class RoundsAmounts(SoundProvider):
    """A part of a cent falls off."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(
            order.model_copy(update={"amount": Money(order.amount - order.amount % NANO_PER_CENT)})
        )


@caught_by("an_amount_that_cannot_be_asked_for_is_refused")
class TakesAmountsWithoutASign(SoundProvider):
    """Less than nothing is asked for as more than nothing."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(order.model_copy(update={"amount": Money(abs(order.amount))}))


@caught_by("an_amount_beyond_the_limits_is_refused")
class IgnoresItsMaximum(SoundProvider):
    """It asks the vendor for more than it said that it takes."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        return super().create_checkout(order.model_copy(update={"amount": min(order.amount, MOST)}))


@caught_by("an_amount_beyond_the_limits_is_refused")
class RaisesToItsMinimum(SoundProvider):
    """Who asks for 49 cents pays 50."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        if order.amount <= 0 or order.amount % NANO_PER_CENT:
            raise AmountOutOfRange(minimum=LEAST, maximum=MOST)
        return super().create_checkout(order.model_copy(update={"amount": max(order.amount, LEAST)}))


@caught_by("what_it_can_do_makes_sense")
class HasCrossedLimits(SoundProvider):
    """Its least amount is above its greatest."""

    def capabilities(self) -> PaymentCapabilities:
        return super().capabilities().model_copy(update={"minimum": MOST, "maximum": LEAST})


@caught_by("what_it_can_do_makes_sense")
class TakesNoDollars(SoundProvider):
    """The site asks for US dollars."""

    def capabilities(self) -> PaymentCapabilities:
        return super().capabilities().model_copy(update={"currencies": ["EUR"]})


@caught_by("an_unknown_checkout_is_not_found")
class InventsSessions(SoundProvider):
    """What it does not know is open for ever."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        try:
            return super().fetch_session(session_ref)
        except NotFound:
            return ProviderSession(session_ref=session_ref, state=SessionState.OPEN, payments=[])


@caught_by("an_unknown_checkout_is_not_found")
class ClosesWhatItDoesNotKnow(SoundProvider):
    """A closed checkout is told where there was none."""

    def expire_session(self, session_ref: str) -> ProviderSession:
        try:
            return super().expire_session(session_ref)
        except NotFound:
            return ProviderSession(session_ref=session_ref, state=SessionState.EXPIRED, payments=[])


@caught_by("a_closed_checkout_is_expired")
class LeavesCheckoutsOpen(SoundProvider):
    """It says nothing to the vendor."""

    def expire_session(self, session_ref: str) -> ProviderSession:
        return self.fetch_session(session_ref)


@caught_by("a_closed_checkout_is_expired")
class RefusesToCloseTwice(SoundProvider):
    """Closing a closed one is no error."""

    def expire_session(self, session_ref: str) -> ProviderSession:
        if self.fetch_session(session_ref).state is SessionState.EXPIRED:
            raise NotFound
        return super().expire_session(session_ref)


@caught_by("closing_one_checkout_closes_no_other")
class ClosesAll(SoundProvider):
    """The one that is paid at this moment, too."""

    def expire_session(self, session_ref: str) -> ProviderSession:
        for ref in self.vendor.orders:
            super().expire_session(ref)
        return super().expire_session(session_ref)


@caught_by("fetch_session_answers_what_was_asked_for")
class AnswersAnotherReference(SoundProvider):
    """The vendor's name is trimmed on the way."""

    def session(self, order: Order) -> ProviderSession:
        return super().session(order).model_copy(update={"session_ref": order.ref.upper()})


@caught_by("fetch_session_changes_nothing")
class ClosesByLooking(SoundProvider):
    """Each look closes the checkout."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        found = super().fetch_session(session_ref)
        self.vendor.close(session_ref)
        return found


@caught_by("capabilities_uses_no_network")
class AsksForItsCapabilities(SoundProvider):
    """The form for adding credit waits for the vendor."""

    def capabilities(self) -> PaymentCapabilities:
        self.ask(self.vendor.reach)
        return super().capabilities()


@caught_by("fetch_session_comes_back_in_time")
class Hangs(SoundProvider):
    """It waits for ever for an answer."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        threading.Event().wait()
        return super().fetch_session(session_ref)


@caught_by("its_metadata_is_in_order")
class HasNoVersion(SoundProvider):
    """Nobody can say which one is installed."""

    metadata = Metadata("sound", "newest")


@caught_by("create_checkout_raises_only_what_is_declared")
class LeaksAnError(SoundProvider):
    """A description that the vendor does not take ends in a traceback."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        if len(order.description) < 3:
            raise RuntimeError("too short")
        return super().create_checkout(order)


@caught_by("no_argument_is_changed")
class ChangesTheOrder(SoundProvider):
    """The caller's own object is another one afterwards."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        checkout = super().create_checkout(order)
        order.description = "sent"
        return checkout
