"""What a provider shows of one UTC day, gathered from its lists, payment by payment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol, TypeVar

from generated.models.onboarding import (
    BalanceChange,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
)
from generated.plugins.onboarding import PaymentProvider


@dataclass(frozen=True, slots=True)
class Shown:
    """What a provider shows of one payment: the payment itself, refunds and disputes by their references.

    `top_up_sid` is our mark on it. `moved` are the references of what moved the balance for it. `asked`: the provider
    was asked about this payment, so what is not here is not there either.
    """

    top_up_sid: str | None = None
    payment: ProviderPayment | None = None
    refunds: dict[str, ProviderRefund] = field(default_factory=dict)
    disputes: dict[str, ProviderDispute] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    asked: bool = False

    def unexplained(self, payment_ref: str) -> bool:
        """Whether the balance moved for something of which the lists of this day do not say how it stands."""
        known = {*self.refunds, *self.disputes}
        if self.payment is not None:
            known.add(payment_ref)
        return not self.asked and not self.moved <= known


@dataclass(frozen=True, slots=True)
class ProviderDay:
    """One day: what is shown by payment reference, and what moved the balance."""

    payments: dict[str, Shown]
    changes: list[BalanceChange]


def gather(provider: PaymentProvider, day: date) -> ProviderDay:
    """Read all lists of the day to their ends. Raises the provider's errors."""
    found: dict[str, Shown] = {}

    def marked(payment_ref: str, top_up_sid: str | None) -> Shown:
        shown = found.get(payment_ref) or Shown()
        found[payment_ref] = shown = replace(shown, top_up_sid=shown.top_up_sid or top_up_sid)
        return shown

    for payment in _pages(lambda cursor: provider.list_payments(day, cursor=cursor), lambda page: page.payments):
        ref = payment.payment_ref
        found[ref] = replace(marked(ref, payment.top_up_sid), payment=payment)
    for refund in _pages(lambda cursor: provider.list_refunds(day, cursor=cursor), lambda page: page.refunds):
        if refund.payment_ref is not None:
            marked(refund.payment_ref, refund.top_up_sid).refunds[refund.refund_ref] = refund
    for dispute in _pages(lambda cursor: provider.list_disputes(day, cursor=cursor), lambda page: page.disputes):
        if dispute.payment_ref is not None:
            marked(dispute.payment_ref, dispute.top_up_sid).disputes[dispute.dispute_ref] = dispute
    changes = list(_pages(lambda cursor: provider.list_balance_changes(day, cursor=cursor), lambda page: page.changes))
    for change in changes:
        if change.payment_ref is not None:
            marked(change.payment_ref, change.top_up_sid).moved.add(change.external_ref)
    return ProviderDay(found, changes)


def answered(shown: Shown, payment_ref: str, session: ProviderSession | None) -> Shown:
    """What is shown after the provider was asked; None where it knows nothing of the checkout."""
    payments = session.payments if session is not None else []
    payment = next((each for each in payments if each.payment_ref == payment_ref), None)
    refunds = {each.refund_ref: each for each in payment.refunds} if payment is not None else {}
    disputes = {each.dispute_ref: each for each in payment.disputes} if payment is not None else {}
    return replace(
        shown,
        payment=payment,
        refunds={**shown.refunds, **refunds},
        disputes={**shown.disputes, **disputes},
        asked=True,
    )


class _Page(Protocol):
    next_cursor: str | None


Page = TypeVar("Page", bound=_Page)
Item = TypeVar("Item")


def _pages(ask: Callable[[str | None], Page], items: Callable[[Page], list[Item]]) -> Iterator[Item]:
    cursor: str | None = None
    while True:
        page = ask(cursor)
        yield from items(page)
        cursor = page.next_cursor
        if cursor is None:
            return
