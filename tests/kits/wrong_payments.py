"""Payment providers that are wrong about payments and refunds."""

from __future__ import annotations

from datetime import UTC, date, datetime

from codegen.runtime.errors import NotFound
from codegen.runtime.values.types import Money
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable, RefundTooLarge
from generated.models.onboarding import (
    CheckoutOrder,
    PaymentCapabilities,
    PaymentState,
    ProviderPayment,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderRefundPage,
    ProviderSession,
    RefundOrder,
    RefundSupport,
    SessionState,
)
from tests.kits.faults import caught_by
from tests.kits.sound import SoundProvider
from tests.kits.vendor import Order, Refund


@caught_by("a_paid_checkout_is_complete")
class StaysPending(SoundProvider):
    """What was paid is pending for ever."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"state": PaymentState.PENDING})


@caught_by("a_payment_is_captured_once")
class OpensAPaidCheckoutAgain(SoundProvider):
    """Asked for once more after a crash, what is paid has a second page to pay on."""

    def key_of(self, order: CheckoutOrder) -> str:
        known = self.vendor.orders.get(f"cs_{order.top_up_sid}")
        return f"{order.top_up_sid}_2" if known is not None and known.payment else order.top_up_sid


@caught_by("no_answer_is_older_than_the_last")
class AnswersFromItsCache(SoundProvider):
    """What it was told once it tells for ever."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        known: dict[str, ProviderSession] = self.__dict__.setdefault("known", {})
        if session_ref not in known:
            known[session_ref] = super().fetch_session(session_ref)
        return known[session_ref]


@caught_by("no_answer_is_older_than_the_last")
class KeepsTheListOfADay(SoundProvider):
    """A day that is not over is taken from the last answer."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        known: dict[str, ProviderPaymentPage] = self.__dict__.setdefault("known", {})
        asked = f"{day} {cursor}"
        if asked not in known:
            known[asked] = super().list_payments(day, cursor=cursor)
        return known[asked]


@caught_by("a_payment_is_captured_once")
class TellsAPaymentTwice(SoundProvider):
    """Once as charge and once as intent: it would be credited twice."""

    def session(self, order: Order) -> ProviderSession:
        found = super().session(order)
        twins = [each.model_copy(update={"payment_ref": f"{each.payment_ref}_2"}) for each in found.payments]
        return found.model_copy(update={"payments": [*found.payments, *twins]})


@caught_by("a_payment_carries_the_mark_of_its_top_up")
class MarksNothing(SoundProvider):
    """On a shared account nobody knows whose payment it is."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"top_up_sid": None})


@caught_by("a_payment_is_found_by_its_own_reference")
class FindsTheFirstPayment(SoundProvider):
    """It asks for a list and takes its head."""

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        super().fetch_payment(payment_ref)
        return self.session(next(each for each in self.vendor.orders.values() if each.payment))


@caught_by("an_unknown_payment_is_not_found")
class FindsPaymentsByABeginning(SoundProvider):
    """What it does not know is the latest payment."""

    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        try:
            return super().fetch_payment(payment_ref)
        except NotFound:
            paid = [each for each in self.vendor.orders.values() if each.payment]
            if not paid:
                raise
            return self.session(paid[-1])


@caught_by("a_payment_of_one_checkout_is_not_on_another")
class SharesPayments(SoundProvider):
    """Each checkout of the account shows its latest payment."""

    def session(self, order: Order) -> ProviderSession:
        paid = [each for each in self.vendor.orders.values() if each.payment]
        return super().session(order).model_copy(update={"payments": [self.payment(each) for each in paid[-1:]]})


@caught_by("a_payment_stays_what_it_is")
class NamesPaymentsAnew(SoundProvider):
    """The name is made when it is asked for: the same money is credited under each of them."""

    def payment(self, order: Order) -> ProviderPayment:
        self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        return super().payment(order).model_copy(update={"payment_ref": f"{order.payment}_{self.__dict__['asked']}"})


@caught_by("closing_a_paid_checkout_keeps_its_payment")
class ForgetsThePaymentOfAClosedCheckout(SoundProvider):
    """Money that came while it was closed is never credited."""

    def expire_session(self, session_ref: str) -> ProviderSession:
        closed = {"state": SessionState.EXPIRED, "payments": []}
        return super().expire_session(session_ref).model_copy(update=closed)


@caught_by("a_payment_is_listed_on_its_day_alone")
class ListsAllDays(SoundProvider):
    """Reconciliation counts each payment every day."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        return ProviderPaymentPage(
            payments=[self.payment(each) for each in self.ask(self._orders) if each.payment], next_cursor=None
        )

    def _orders(self) -> list[Order]:
        self.vendor.reach()
        return list(self.vendor.orders.values())


@caught_by("a_payment_is_listed_on_its_day_alone")
class ListsTheFirstPageOnly(SoundProvider):
    """What stands on the second page is missing on our side of the books."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        return super().list_payments(day, cursor=cursor).model_copy(update={"next_cursor": None})


@caught_by("list_payments_has_pages_that_end")
class IgnoresTheCursor(SoundProvider):
    """The first page comes for ever."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        return super().list_payments(day)


# --- refunds ---------------------------------------------------------------------------------------------------------


@caught_by("a_refund_asked_for_twice_is_one")
class RefundsEachTime(SoundProvider):
    """A refund that is asked for again after a timeout is paid twice."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        asked = self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        made = super().refund(order.model_copy(update={"refund_sid": f"{order.refund_sid[:20]}{asked}"}))
        return made.model_copy(update={"refund_sid": order.refund_sid})


@caught_by("a_restart_forgets_no_refund")
class RemembersRefundsInMemory(SoundProvider):
    """After a crash it refunds once more."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        known: dict[str, ProviderRefund] = self.__dict__.setdefault("known", {})
        if order.refund_sid not in known:
            mine = f"{order.refund_sid[:16]}{id(self) % 10**9}"
            made = super().refund(order.model_copy(update={"refund_sid": mine}))
            known[order.refund_sid] = made.model_copy(update={"refund_sid": order.refund_sid})
        return known[order.refund_sid]


@caught_by("two_refunds_of_one_amount_are_two")
class KeysRefundsByAmount(SoundProvider):
    """The second refund of the same amount is taken for the first."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        amount = order.amount.cents if order.amount is not None else "all"
        made = super().refund(order.model_copy(update={"refund_sid": f"{order.payment_ref.replace('_', '')}x{amount}"}))
        return made.model_copy(update={"refund_sid": order.refund_sid})


@caught_by("a_refund_without_an_amount_returns_the_rest")
class RefundsACentWhereNothingIsSaid(SoundProvider):
    """No amount means all of the rest."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        return super().refund(order.model_copy(update={"amount": order.amount or Money.from_cents(1)}))


@caught_by("a_refund_of_a_part_leaves_the_rest")
class RefundsAllOfIt(SoundProvider):
    """A part is asked for, and all is returned."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        return super().refund(order.model_copy(update={"amount": None}))


@caught_by("a_refund_of_a_part_leaves_the_rest")
class SaysRefundedAfterAPart(SoundProvider):
    """The rest could never be refunded."""

    def payment(self, order: Order) -> ProviderPayment:
        found = super().payment(order)
        return found.model_copy(update={"state": PaymentState.REFUNDED}) if order.refunds else found


@caught_by("refunds_add_up")
class TellsTheLastRefund(SoundProvider):
    """The total of a payment is that of its last refund."""

    def payment(self, order: Order) -> ProviderPayment:
        last = order.refunds[-1].cents if order.refunds else 0
        return super().payment(order).model_copy(update={"refunded_minor": last})


@caught_by("more_than_the_rest_is_refused")
class TellsAWrongRest(SoundProvider):
    """It says how much was asked for, not how much is left."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        try:
            return super().refund(order)
        except RefundTooLarge:
            raise RefundTooLarge(refundable=order.amount or Money(0)) from None


@caught_by("more_than_the_rest_is_refused")
class RefundsWhatIsLeft(SoundProvider):
    """More than the rest is asked for, and the rest is returned without a word."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        try:
            return super().refund(order)
        except RefundTooLarge:
            return super().refund(order.model_copy(update={"amount": None}))


@caught_by("an_amount_that_cannot_be_refunded_is_refused")
class RoundsRefunds(SoundProvider):
    """A part of a cent falls off."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        whole = Money.from_cents(order.amount.cents) if order.amount is not None and order.amount > 0 else order.amount
        return super().refund(order.model_copy(update={"amount": whole}))


@caught_by("a_refund_is_listed_on_its_day_alone")
class ListsAllRefunds(SoundProvider):
    """Reconciliation counts each refund every day."""

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        return super().list_refunds(datetime.now(UTC).date(), cursor=cursor)


@caught_by("a_refund_stands_on_its_payment")
class ListsNoRefunds(SoundProvider):
    """A refund that the site does not know of is never found."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"refunds": []})


@caught_by("a_refund_stands_on_its_payment")
class MarksNoRefund(SoundProvider):
    """The site takes its own refund for one that was started at the vendor, and posts it twice."""

    def refunded(self, refund: Refund, payment_ref: str | None) -> ProviderRefund:
        return super().refunded(refund, payment_ref).model_copy(update={"refund_sid": None})


@caught_by("refund_answers_what_was_asked_for")
class AnswersAnotherPayment(SoundProvider):
    """The refund is told to be of the payment's refund."""

    def refunded(self, refund: Refund, payment_ref: str | None) -> ProviderRefund:
        return super().refunded(refund, payment_ref).model_copy(update={"payment_ref": refund.ref})


@caught_by("a_refund_of_one_payment_is_not_on_another")
class SharesRefunds(SoundProvider):
    """Each payment of the account shows the refunds of all."""

    def payment(self, order: Order) -> ProviderPayment:
        total = sum(each.refunded for each in self.vendor.orders.values())
        return super().payment(order).model_copy(update={"refunded_minor": total})


@caught_by("what_it_cannot_refund_is_refused")
class RefundsWhatItSaysItCannot(SoundProvider):
    """It says that it refunds nothing, and refunds."""

    def capabilities(self) -> PaymentCapabilities:
        return super().capabilities().model_copy(update={"refunds": RefundSupport.NONE})


# --- outages ---------------------------------------------------------------------------------------------------------


@caught_by("an_outage_is_said_to_be_one")
class SaysRefusedInAnOutage(SoundProvider):
    """The top-up is given up for good, while the vendor may have made it."""

    def refund(self, order: RefundOrder) -> ProviderRefund:
        try:
            return super().refund(order)
        except ProviderUnavailable:
            raise ProviderRefused(provider="sound", detail="no answer") from None


@caught_by("an_outage_is_said_to_be_one")
class SaysNotFoundInAnOutage(SoundProvider):
    """What cannot be asked about is taken for gone."""

    def fetch_session(self, session_ref: str) -> ProviderSession:
        try:
            return super().fetch_session(session_ref)
        except ProviderUnavailable:
            raise NotFound from None


@caught_by("an_outage_is_said_to_be_one")
class ListsNothingInAnOutage(SoundProvider):
    """Reconciliation finds that no payment of ours is there."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        try:
            return super().list_payments(day, cursor=cursor)
        except ProviderUnavailable:
            return ProviderPaymentPage(payments=[])
