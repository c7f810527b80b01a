"""Wherein a provider and we differ about a payment, its refunds and its disputes: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    DisputeStatus,
    ProviderDispute,
    ProviderPayment,
    ReconciledKind,
    ReconciliationItem,
    RefundStatus,
)
from handlers.payments.fetching import PAID
from handlers.payments.provider_day import Shown
from handlers.payments.states import CURRENCY, NANO_PER_MINOR

UNKNOWN_HERE = "not known here"
NOT_PAID = "not paid at the provider"
AMOUNTS = "the amounts differ"
UNDECIDED = "waits for a decision"


@dataclass(frozen=True, slots=True)
class Ours:
    """What we hold of a payment, in nano-dollars. `net` is what came in, less what went back as refunds.

    `asked` is what the top-up asked for. `waits`: a person has to decide first. Refunds and disputes by reference, each
    with amount and status.
    """

    top_up_sid: str
    asked: int
    net: int
    waits: bool
    refunds: Mapping[str, tuple[int, RefundStatus]] = field(default_factory=dict)
    disputes: Mapping[str, tuple[int, DisputeStatus]] = field(default_factory=dict)


def differences(payment_ref: str, ours: Ours | None, shown: Shown) -> list[ReconciliationItem]:
    """Every difference; none where both sides agree in all that is shown."""
    return [
        *_of_payment(payment_ref, ours, shown),
        *_of_refunds(payment_ref, ours, shown),
        *_of_disputes(payment_ref, ours, shown),
    ]


def net(payment: ProviderPayment | None) -> int | None:
    """What the provider holds of a payment for us, in nano-dollars; None where no dollars were paid."""
    if payment is None or payment.state not in PAID or payment.currency != CURRENCY:
        return None
    return (payment.amount_minor - payment.refunded_minor) * NANO_PER_MINOR


def _item(
    kind: ReconciledKind, ref: str, payment_ref: str, ours: Ours | None, note: str, mine: int | None, theirs: int | None
) -> ReconciliationItem:
    return ReconciliationItem(
        kind=kind,
        ref=ref,
        payment_ref=payment_ref,
        top_up_sid=ours.top_up_sid if ours is not None else None,
        note=note,
        ours=None if mine is None else Money(mine),
        theirs=None if theirs is None else Money(theirs),
    )


def _of_payment(ref: str, ours: Ours | None, shown: Shown) -> Iterator[ReconciliationItem]:
    payment = shown.payment
    if payment is None and not shown.asked:
        return  # a payment of another day
    mine, theirs = ours.net if ours is not None else None, net(payment)
    if payment is not None and payment.state in PAID and payment.currency != CURRENCY:
        note = f"paid in {payment.currency}"
    elif (mine or 0) == (theirs or 0):
        return
    elif ours is None:
        note = UNKNOWN_HERE
    elif theirs is None:
        note = NOT_PAID
    else:
        note = UNDECIDED if ours.waits else AMOUNTS
    yield _item(ReconciledKind.PAYMENT, ref, ref, ours, note, mine, theirs)


def _of_refunds(payment_ref: str, ours: Ours | None, shown: Shown) -> Iterator[ReconciliationItem]:
    for ref, refund in sorted(shown.refunds.items()):
        mine = ours.refunds.get(ref) if ours is not None else None
        theirs = refund.amount_minor * NANO_PER_MINOR if refund.currency == CURRENCY else None
        if theirs is None:
            note = f"refunded in {refund.currency}"
        elif mine == (theirs, refund.status):
            continue
        else:
            note = _note(mine, theirs, refund.status)
        yield _item(ReconciledKind.REFUND, ref, payment_ref, ours, note, mine[0] if mine else None, theirs)


def _of_disputes(payment_ref: str, ours: Ours | None, shown: Shown) -> Iterator[ReconciliationItem]:
    for ref, dispute in sorted(shown.disputes.items()):
        mine = ours.disputes.get(ref) if ours is not None else None
        theirs = _contested(dispute, ours)
        if mine != (theirs, dispute.status):
            note = _note(mine, theirs, dispute.status)
            yield _item(ReconciledKind.DISPUTE, ref, payment_ref, ours, note, mine[0] if mine else None, theirs)


def _contested(dispute: ProviderDispute, ours: Ours | None) -> int | None:
    """The amount that a dispute concerns, as `states.merge` takes it: all of the payment, where it is not less."""
    told = dispute.amount_minor * NANO_PER_MINOR if dispute.currency == CURRENCY else None
    if ours is None:
        return told
    return min(told, ours.asked) if told is not None else ours.asked


def _note(
    mine: tuple[int, RefundStatus | DisputeStatus] | None, theirs: int | None, status: RefundStatus | DisputeStatus
) -> str:
    if mine is None:
        return UNKNOWN_HERE
    return f"{status} at the provider, {mine[1]} here" if mine[1] != status else AMOUNTS
