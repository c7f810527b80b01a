"""The laws of refunds: one for a sid, never more than the rest, and all of them on their payment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import MOST_PAGES, case
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.errors.onboarding import ProviderRefused, RefundTooLarge, RefundUnsupported
from generated.models.onboarding import PaymentState, ProviderRefund, RefundOrder, RefundStatus, RefundSupport
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.checkouts import UNKNOWN
from providers.testing.payment.world import Paid, PaymentWorld

_LOST = (RefundStatus.FAILED, RefundStatus.CANCELED)


class RefundLaws(PaymentWorld):
    @case
    def test_what_it_cannot_refund_is_refused(self) -> None:
        """Where it says that it refunds nothing, or never a part."""
        plugin = self.make()
        able = self.refunds(plugin)
        if able is RefundSupport.PARTIAL:
            pytest.skip("it refunds whole payments and parts")
        paid = self.paid(plugin)
        order = self.refund_of(paid) if able is RefundSupport.NONE else self.refund_of(paid, 1)
        with pytest.raises(RefundUnsupported):
            plugin.refund(order)

    @case
    def test_a_refund_without_an_amount_returns_the_rest(self) -> None:
        plugin, paid = self._refundable()
        order = self.refund_of(paid)
        refund = plugin.refund(order)
        self._refund_is_of(refund, order, paid, paid.payment.amount_minor)
        payment = self.payment(plugin, paid.checkout.session_ref)
        assert payment.refunded_minor == paid.payment.amount_minor, f"all is refunded, not {payment.refunded_minor}"
        if refund.status is RefundStatus.SUCCEEDED:
            assert payment.state is PaymentState.REFUNDED, f"all is refunded, and the payment is {payment.state}"

    @case
    def test_a_refund_of_a_part_leaves_the_rest(self) -> None:
        plugin, paid = self._refundable(in_parts=True)
        order = self.refund_of(paid, 300)
        self._refund_is_of(plugin.refund(order), order, paid, 300)
        payment = self.payment(plugin, paid.checkout.session_ref)
        assert payment.refunded_minor == 300, f"300 cents are refunded, not {payment.refunded_minor}"
        assert payment.state is PaymentState.SUCCEEDED, f"a part is refunded, and the payment is {payment.state}"
        assert payment.amount_minor == paid.payment.amount_minor, "a refund does not change what was paid"

    @case
    def test_refunds_add_up(self) -> None:
        """The total of a payment is that of all its refunds."""
        plugin, paid = self._refundable(in_parts=True)
        for cents, total in ((300, 300), (200, 500)):
            plugin.refund(self.refund_of(paid, cents))
            told = self.payment(plugin, paid.checkout.session_ref).refunded_minor
            assert told == total, f"{total} cents are refunded in all, not {told}"

    @case
    def test_a_refund_asked_for_twice_is_one(self) -> None:
        plugin, paid = self._refundable()
        order = self.refund_of(paid, 300 if self.refunds(plugin) is RefundSupport.PARTIAL else None)
        first = plugin.refund(order)
        self._one_refund(plugin, paid, first, plugin.refund(order.model_copy()))

    @case
    def test_a_restart_forgets_no_refund(self) -> None:
        plugin, paid = self._refundable()
        order = self.refund_of(paid, 300 if self.refunds(plugin) is RefundSupport.PARTIAL else None)
        first = plugin.refund(order)
        again = self.make()
        self._one_refund(again, paid, first, again.refund(order))

    def _one_refund(self, plugin: PaymentProvider, paid: Paid, first: ProviderRefund, second: ProviderRefund) -> None:
        assert first.refund_ref == second.refund_ref, "one refund was asked for, and two were made"
        total = self.payment(plugin, paid.checkout.session_ref).refunded_minor
        assert total == first.amount_minor, f"asked for twice, {total} cents were refunded instead of the one amount"

    @case
    def test_two_refunds_of_one_amount_are_two(self) -> None:
        plugin, paid = self._refundable(in_parts=True)
        refs = {plugin.refund(self.refund_of(paid, 300)).refund_ref for _ in range(2)}
        assert len(refs) == 2, "two refunds were asked for, and one was made"

    @case
    def test_more_than_the_rest_is_refused(self) -> None:
        """And how much can be refunded is said."""
        plugin, paid = self._refundable()
        rest = paid.payment.amount_minor
        if self.refunds(plugin) is RefundSupport.PARTIAL:
            plugin.refund(self.refund_of(paid, 300))
            rest -= 300
            self._too_large(plugin, self.refund_of(paid, rest + 1), rest)
        plugin.refund(self.refund_of(paid))
        self._too_large(plugin, self.refund_of(paid), 0)
        total = self.payment(plugin, paid.checkout.session_ref).refunded_minor
        assert total == paid.payment.amount_minor, f"{paid.payment.amount_minor} cents were paid, {total} returned"

    @case
    def test_an_amount_that_cannot_be_refunded_is_refused(self) -> None:
        """Nothing, less than nothing, and parts of a cent: never rounded."""
        plugin, paid = self._refundable(in_parts=True)
        for wrong in (Money(0), Money.from_cents(-1), Money(1), Money(Money.from_cents(300) + 1)):
            self._too_large(plugin, self.refund_of(paid).model_copy(update={"amount": wrong}), None)

    @staticmethod
    def _too_large(plugin: PaymentProvider, order: RefundOrder, rest: int | None) -> None:
        try:
            plugin.refund(order)
        except RefundTooLarge as error:
            if rest is not None:
                assert error.refundable.cents == rest, f"{rest} cents can be refunded, not {error.refundable}"
            return
        pytest.fail(f"a refund of {order.amount or 'the rest'} was made; answer RefundTooLarge")

    @case
    def test_a_refund_of_an_unknown_payment_is_refused(self) -> None:
        plugin, _ = self._refundable()
        with pytest.raises((NotFound, ProviderRefused)):
            plugin.refund(RefundOrder(refund_sid=new_sid(), payment_ref=UNKNOWN, reason="asked"))

    @case
    def test_a_refund_stands_on_its_payment(self) -> None:
        """And carries the mark by which the site knows its own."""
        plugin, paid = self._refundable()
        order = self.refund_of(paid)
        refund = plugin.refund(order)
        assert refund.refund_sid == order.refund_sid, f"the refund {order.refund_sid} is marked {refund.refund_sid}"
        listed = self.payment(plugin, paid.checkout.session_ref).refunds
        found = [(each.refund_ref, each.refund_sid, each.amount_minor) for each in listed if each.status not in _LOST]
        assert found == [(refund.refund_ref, order.refund_sid, refund.amount_minor)], (
            f"one refund was made, and the payment has {found}"
        )

    @case
    def test_a_refund_of_one_payment_is_not_on_another(self) -> None:
        plugin, paid = self._refundable()
        other = self.paid(plugin)
        plugin.refund(self.refund_of(paid))
        assert self.payment(plugin, other.checkout.session_ref) == other.payment, "another payment changed"

    @case
    def test_a_refund_is_listed_on_its_day_alone(self) -> None:
        """Once, where the vendor has such a list."""
        plugin, paid = self._refundable()
        refund = plugin.refund(self.refund_of(paid))
        day = (refund.occurred_at or self.clock.now()).date()
        listed = [each for each in refunds_of_day(plugin, day) if each.refund_ref == refund.refund_ref]
        assert len(listed) <= 1, f"a refund is listed {len(listed)} times"
        for each in listed:
            told = (each.payment_ref, each.amount_minor, each.currency)
            assert told == (paid.payment.payment_ref, refund.amount_minor, "USD"), f"it is listed as {each!r}"
        for other in (day - timedelta(days=1), day + timedelta(days=1)):
            refs = [each.refund_ref for each in refunds_of_day(plugin, other)]
            assert refund.refund_ref not in refs, f"a refund of {day} is listed on {other}, too"

    # ---------------------------------------------------------------------------------------------------------------

    def _refundable(self, *, in_parts: bool = False) -> tuple[PaymentProvider, Paid]:
        """A plugin and a payment that it can refund."""
        plugin: PaymentProvider = self.make()
        able = self.refunds(plugin)
        if able is RefundSupport.NONE or (in_parts and able is not RefundSupport.PARTIAL):
            pytest.skip(f"it says of its refunds: {able}")
        return plugin, self.paid(plugin)

    @staticmethod
    def _refund_is_of(refund: ProviderRefund, order: RefundOrder, paid: Paid, cents: int) -> None:
        assert (refund.amount_minor, refund.currency) == (cents, "USD"), (
            f"{cents} cents of USD were to be refunded, and {refund.amount_minor} of {refund.currency} were"
        )
        assert refund.status not in _LOST, f"the refund is {refund.status}"
        assert refund.payment_ref in (None, paid.payment.payment_ref), f"it is of {refund.payment_ref}"


def refunds_of_day(plugin: PaymentProvider, day: date) -> list[ProviderRefund]:
    page = plugin.list_refunds(day)
    found, pages = [*page.refunds], 1
    while page.next_cursor is not None and pages < MOST_PAGES:
        page = plugin.list_refunds(day, cursor=page.next_cursor)
        found += page.refunds
        pages += 1
    return found
