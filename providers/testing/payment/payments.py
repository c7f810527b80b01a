"""The laws of payments: the amount of their order, of one checkout, found by their own name, there on their day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import MOST_PAGES, case
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import PaymentState, ProviderPayment, RefundOrder, RefundSupport, SessionState
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.checkouts import UNKNOWN
from providers.testing.payment.world import PaymentWorld

CLOCKS_DIFFER = timedelta(minutes=10)


class PaymentLaws(PaymentWorld):
    @case
    def test_a_paid_checkout_is_complete(self) -> None:
        plugin = self.make()
        paid = self.paid(plugin)
        state = plugin.fetch_session(paid.checkout.session_ref).state
        assert state is SessionState.COMPLETE, f"it was paid, and is {state}"
        assert paid.payment.state is PaymentState.SUCCEEDED, f"it was paid, and its payment is {paid.payment.state}"

    @case
    def test_a_payment_is_captured_once(self) -> None:
        """It is one payment wherever it is looked for; its top-up, asked for again, is not paid again."""
        plugin = self.make()
        paid = self.paid(plugin)
        refs = [paid.payment.payment_ref]
        again = plugin.create_checkout(paid.order.model_copy())
        for session in (plugin.fetch_payment(refs[0]), plugin.fetch_session(again.session_ref)):
            assert session.state is SessionState.COMPLETE, (
                "asked for again, a top-up that is paid can be paid once more"
            )
            told = [each.payment_ref for each in session.payments]
            assert told == refs, f"one payment was made, and it tells {told}"

    @case
    def test_no_answer_is_older_than_the_last(self) -> None:
        """What was answered before something happened is not answered after it, by this process or by another."""
        plugin, other = self.make(), self.make()
        ref = plugin.create_checkout(self.order(plugin)).session_ref
        for asked in (plugin, other):
            asked.fetch_session(ref)
            asked.list_payments(self.clock.now().date())
        self.pay(plugin, ref)
        payment = self.payment(plugin, ref)
        for asked in (plugin, other):
            told = asked.fetch_session(ref)
            assert told.state is SessionState.COMPLETE, f"it is paid, and asked again it is {told.state}"
            assert told == plugin.fetch_payment(payment.payment_ref), "two answers of one moment differ"
            listed = [each.payment_ref for each in payments_of_day(asked, payment.occurred_at.date())]
            assert payment.payment_ref in listed, "it is paid, and the list of its day is older"
        if self.refunds(plugin) is RefundSupport.NONE:
            return
        plugin.refund(RefundOrder(refund_sid=new_sid(), payment_ref=payment.payment_ref, reason="asked"))
        for asked in (plugin, other):
            returned = self.payment(asked, ref).refunded_minor
            assert returned == payment.amount_minor, f"all is refunded, and asked again it is {returned}"

    @case
    def test_a_payment_has_the_amount_of_its_order(self) -> None:
        """Of the checkout, in the smallest unit: fees, other currencies and other payments do not change it."""
        plugin = self.make()
        for cents in (1000, 2345):
            order = self.order(plugin, cents)
            payment = self.paid(plugin, order).payment
            assert (payment.amount_minor, payment.currency) == (order.amount.cents, "USD"), (
                f"{order.amount.cents} cents of USD were asked for and paid, and it tells {payment.amount_minor} of "
                f"{payment.currency}"
            )

    @case
    def test_a_payment_carries_the_mark_of_its_top_up(self) -> None:
        """By it the site knows its own payments on an account that others use too."""
        paid = self.paid(self.make())
        assert paid.payment.top_up_sid == paid.order.top_up_sid, (
            f"the payment of {paid.order.top_up_sid} is marked {paid.payment.top_up_sid}"
        )

    @case
    def test_a_payment_says_when_it_was_made(self) -> None:
        plugin = self.make()
        occurred = self.paid(plugin).payment.occurred_at
        away = abs(self.clock.now() - occurred)
        assert away < CLOCKS_DIFFER, f"paid just now, it says {occurred.isoformat()}"

    @case
    def test_a_payment_is_found_by_its_own_reference(self) -> None:
        plugin = self.make()
        first, second = self.paid(plugin), self.paid(plugin)
        for paid in (first, second):
            found = plugin.fetch_payment(paid.payment.payment_ref)
            assert found.session_ref == paid.checkout.session_ref, "another checkout was found"
            assert found.payments == [paid.payment], "another payment was found"

    @case
    def test_an_unknown_payment_is_not_found(self) -> None:
        plugin = self.make()
        self.paid(plugin)
        with pytest.raises(NotFound):
            plugin.fetch_payment(UNKNOWN)

    @case
    def test_a_payment_of_one_checkout_is_not_on_another(self) -> None:
        plugin = self.make()
        first, second = (self.order(plugin) for _ in range(2))
        other = plugin.create_checkout(second).session_ref
        payment = self.paid(plugin, first).payment
        session = plugin.fetch_session(other)
        assert (session.payments, session.state) == ([], SessionState.OPEN), "it was not paid, and has a payment"
        assert self.paid(plugin, second).payment.payment_ref != payment.payment_ref, "two payments have one name"

    @case
    def test_a_payment_stays_what_it_is(self) -> None:
        """Asked again, or by another process, it is the same: its name and time are the vendor's."""
        plugin = self.make()
        paid = self.paid(plugin)
        for asked in (plugin, self.make()):
            assert self.payment(asked, paid.checkout.session_ref) == paid.payment, "the payment is another one now"

    @case
    def test_closing_a_paid_checkout_keeps_its_payment(self) -> None:
        plugin = self.make()
        paid = self.paid(plugin)
        session = plugin.expire_session(paid.checkout.session_ref)
        assert session.state is SessionState.COMPLETE, f"it is paid, and {session.state}"
        assert session.payments == [paid.payment], "the payment is gone"
        assert self.payment(plugin, paid.checkout.session_ref) == paid.payment

    @case
    def test_a_payment_is_listed_on_its_day_alone(self) -> None:
        plugin = self.make()
        paid = [self.paid(plugin) for _ in range(3)]
        day = paid[0].payment.occurred_at.date()
        for each in paid:
            found = [other for other in payments_of_day(plugin, day) if other.payment_ref == each.payment.payment_ref]
            assert len(found) == 1, f"of {len(paid)} payments of {day} one is listed {len(found)} times"
            assert (found[0].amount_minor, found[0].currency) == (each.payment.amount_minor, each.payment.currency)
        refs = {each.payment.payment_ref for each in paid}
        for other in (day - timedelta(days=1), day + timedelta(days=1)):
            there = {each.payment_ref for each in payments_of_day(plugin, other)}
            assert not refs & there, f"it is listed on {other}, too"

    @case
    def test_a_listed_payment_carries_the_mark_of_its_top_up(self) -> None:
        plugin = self.make()
        paid = self.paid(plugin)
        ref = paid.payment.payment_ref
        listed = payments_of_day(plugin, paid.payment.occurred_at.date())
        marks = {each.top_up_sid for each in listed if each.payment_ref == ref}
        assert marks == {paid.order.top_up_sid}, f"the payment of {paid.order.top_up_sid} is listed as marked {marks}"


def payments_of_day(plugin: PaymentProvider, day: date) -> list[ProviderPayment]:
    page = plugin.list_payments(day)
    found, pages = [*page.payments], 1
    while page.next_cursor is not None and pages < MOST_PAGES:
        page = plugin.list_payments(day, cursor=page.next_cursor)
        found += page.payments
        pages += 1
    return found
