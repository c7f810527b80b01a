"""Payment providers that are wrong about amounts, times and fees."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from generated.models.onboarding import (
    BalanceChange,
    BalanceChangePage,
    ProviderPayment,
    ProviderPaymentPage,
    ProviderRefund,
)
from tests.kits.faults import caught_by
from tests.kits.sound import SoundProvider
from tests.kits.vendor import Order, Refund


@caught_by("amounts_are_in_the_smallest_unit")
class TellsDollars(SoundProvider):
    """Ten dollars are told as ten cents."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"amount_minor": order.cents // 100})


@caught_by("amounts_are_in_the_smallest_unit")
class ListsDollars(SoundProvider):
    """The list of a day has another unit than the payment itself."""

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        page = super().list_payments(day, cursor=cursor)
        found = [each.model_copy(update={"amount_minor": each.amount_minor // 100}) for each in page.payments]
        return page.model_copy(update={"payments": found})


@caught_by("amounts_have_no_sign")
class TellsWhatTheHouseOwes(SoundProvider):
    """A payment is a debt to the payer, and below zero."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"amount_minor": -order.cents})


@caught_by("amounts_have_no_sign")
class RefundsBelowZero(SoundProvider):
    """What goes back is below zero, and would be added."""

    def refunded(self, refund: Refund, payment_ref: str | None) -> ProviderRefund:
        return super().refunded(refund, payment_ref).model_copy(update={"amount_minor": -refund.cents})


@caught_by("a_payment_has_the_amount_of_its_order")
class TellsTheNetAmount(SoundProvider):
    """The vendor's fee is taken off."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"amount_minor": order.cents * 97 // 100 - 30})


@caught_by("a_payment_has_the_amount_of_its_order")
class TellsAnotherCurrency(SoundProvider):
    """The account's own currency stands where that of the checkout belongs."""

    def payment(self, order: Order) -> ProviderPayment:
        return super().payment(order).model_copy(update={"currency": "EUR"})


@caught_by("a_fee_is_counted_once")
class ListsTheFeeOfEachPart(SoundProvider):
    """The charge and the payment it belongs to are listed both, each with the fee."""

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        page = super().list_balance_changes(day, cursor=cursor)
        parts = [each.model_copy(update={"change_ref": f"{each.change_ref}_2"}) for each in page.changes]
        return BalanceChangePage(changes=[*page.changes, *parts])


@caught_by("a_fee_is_counted_once")
class ListsTheFeesOfTheNextDay(SoundProvider):
    """Its days overlap."""

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        following = super().list_balance_changes(day + timedelta(days=1)).changes
        return BalanceChangePage(changes=[*super().list_balance_changes(day).changes, *following])


@caught_by("a_fee_is_counted_once")
class ChargesTheFeeTwice(SoundProvider):
    """It takes the fee off what was paid, and lists it too: more is kept than came in."""

    def change(self, order: Order, refund: Refund | None) -> BalanceChange:
        found = super().change(order, refund)
        return found.model_copy(update={"fee_minor": order.cents + found.fee_minor})


@caught_by("a_fee_has_the_same_name_each_time")
class NamesFeesAnew(SoundProvider):
    """Each comparison of a day posts its fees once more."""

    def change(self, order: Order, refund: Refund | None) -> BalanceChange:
        return super().change(order, refund).model_copy(update={"change_ref": f"bt_{uuid4().hex}"})


@caught_by("a_payment_says_when_it_was_made")
class TellsLocalTime(SoundProvider):
    """It takes the vendor's local time for UTC: days of reconciliation differ."""

    def payment(self, order: Order) -> ProviderPayment:
        there = datetime.fromtimestamp(order.paid_at, UTC) + timedelta(hours=3)
        return super().payment(order).model_copy(update={"occurred_at": there})


@caught_by("times_name_their_zone")
class TellsNaiveTime(SoundProvider):
    """Its times are another moment on another machine."""

    def payment(self, order: Order) -> ProviderPayment:
        found = super().payment(order)
        return found.model_copy(update={"occurred_at": found.occurred_at.replace(tzinfo=None)})
