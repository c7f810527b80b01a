"""What is known of a payment, merged from observations: pure, and the same in whatever order they come.

An observation is merged into the state like into a set: made twice it counts once, and an older one never takes back
what is known. `moves.py` says what the ledger has to hold for a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from codegen.runtime.values.types import NO_CURRENCY
from generated.models.onboarding import DisputeStatus, PaymentEventKind, TopUpStatus

CURRENCY = "USD"
NANO_PER_MINOR = 10_000_000
"""Nano-dollars in a cent, the smallest unit of the one currency that is credited."""
UNNAMED = ""
"""The reference of a dispute of which a provider says no more than that it exists."""
CLOCK_SKEW = timedelta(minutes=5)
"""So far a provider's clock may be off ours."""

Kind = PaymentEventKind
DISPUTE_STATUS: Mapping[Kind, DisputeStatus] = {
    Kind.DISPUTE_INQUIRY: DisputeStatus.INQUIRY,
    Kind.DISPUTE_OPENED: DisputeStatus.OPEN,
    Kind.DISPUTE_LOST: DisputeStatus.LOST,
    Kind.DISPUTE_WON: DisputeStatus.WON,
}
"""In the order in which they follow each other; it decides between two of the same second."""
_RANK = {status: rank for rank, status in enumerate(DISPUTE_STATUS.values())}
REFUNDS = frozenset({Kind.REFUND_CHANGED, Kind.REFUND_FAILED})


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that a provider said of a payment. `ref` names the dispute where it speaks of one.

    `minor` is the payment's, the dispute's, or the total refunded so far, in the currency's smallest unit. `fetched`:
    the provider was asked, so it is the truth of that time, and a total that fell is a refund that came back.
    """

    kind: Kind
    minor: int
    currency: str
    at: datetime
    ref: str = UNNAMED
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """`amount` in nano-dollars; `at` is when the status came about."""

    amount: int
    status: DisputeStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What is known. Amounts are nano-dollars; `asked` is what we asked for.

    `paid_at` is set as soon as the payment is known to have succeeded, `credited` unless a person has to look first
    (`review`), or has looked and left it; `excess` is what was paid beyond it.
    `over_cap` is how far the user, who was not verified, was beyond the cap in all when it came; `freed` what has gone
    back, or is contested, of the payments before it.
    `refunded` is the provider's total. After a `refund_failed` totals of single events are not trusted.
    """

    asked: int
    credited: int = 0
    excess: int = 0
    paid_at: datetime | None = None
    review: str | None = None
    failed: bool = False
    expired: bool = False
    refunded: int = 0
    refund_failed: bool = False
    over_cap: int = 0
    freed: int = 0
    disputes: Mapping[str, Dispute] = field(default_factory=dict)

    @property
    def status(self) -> TopUpStatus:
        if self.credited:
            if any(dispute.status in (DisputeStatus.OPEN, DisputeStatus.LOST) for dispute in self.disputes.values()):
                return TopUpStatus.DISPUTED
            whole = self.refunded >= self.credited + self.excess
            return TopUpStatus.REFUNDED if whole else TopUpStatus.SETTLED
        if self.review is not None:
            return TopUpStatus.NEEDS_REVIEW
        if self.failed:
            return TopUpStatus.FAILED
        return TopUpStatus.EXPIRED if self.expired else TopUpStatus.OPEN


def can_be(at: datetime, created_at: datetime, now: datetime) -> bool:
    """Whether a provider's time of something about a top-up is neither before the top-up nor yet to come."""
    return created_at - CLOCK_SKEW <= at <= now + CLOCK_SKEW


def believable(at: datetime, created_at: datetime, now: datetime) -> datetime:
    """A provider's time of something about a top-up, or now where it cannot be; to the second, as times are kept."""
    return (at if can_be(at, created_at, now) else now).replace(microsecond=0)


def doubtful(state: State, observation: Observation) -> bool:
    """Whether the provider has to be asked before this is believed."""
    kind = observation.kind
    if kind == Kind.REFUND_CHANGED and state.refund_failed:
        return True
    return (kind in REFUNDS or kind in DISPUTE_STATUS) and state.paid_at is None


def merge(state: State, observation: Observation) -> State:
    """The state with an observation in it; the very same object where it says nothing new, or nothing that counts."""
    kind = observation.kind
    if kind == Kind.PAYMENT_SUCCEEDED:
        return _paid(state, observation)
    if kind == Kind.PAYMENT_FAILED:
        return state if state.failed else replace(state, failed=True)
    if kind == Kind.SESSION_EXPIRED:
        return state if state.expired else replace(state, expired=True)
    if kind == Kind.REFUND_CHANGED:
        return _refunded(state, observation)
    if kind == Kind.REFUND_FAILED:
        return state if state.refund_failed else replace(state, refund_failed=True)
    if kind in DISPUTE_STATUS:
        return _disputed(state, observation)
    return state


def merge_all(state: State, observations: Iterable[Observation]) -> State:
    for each in observations:
        state = merge(state, each)
    return state


def _paid(state: State, observation: Observation) -> State:
    if state.paid_at is not None:
        return state
    minor, currency = observation.minor, observation.currency
    if currency == CURRENCY and minor * NANO_PER_MINOR == state.asked:
        return replace(state, credited=state.asked, paid_at=observation.at)
    if currency == CURRENCY:
        review = f"{_shown(minor)} {currency} were paid, {_shown(state.asked // NANO_PER_MINOR)} asked for"
    else:
        review = f"{in_other_money(minor, currency)} were paid, not dollars"
    return replace(state, review=review, paid_at=observation.at)


def in_other_money(minor: int, currency: str) -> str:
    """An amount that is not in the one currency, as a person reads it."""
    unit = "a currency that is not known" if currency == NO_CURRENCY else f"{currency}'s smallest unit"
    return f"{minor} of {unit}"


def _shown(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _refunded(state: State, observation: Observation) -> State:
    if observation.currency != CURRENCY:
        return state
    total = observation.minor * NANO_PER_MINOR
    if observation.fetched and total < state.refunded:
        return replace(state, refunded=total, refund_failed=True)
    if total <= state.refunded or (state.refund_failed and not observation.fetched):
        return state
    return replace(state, refunded=total)


def _disputed(state: State, observation: Observation) -> State:
    """The latest status counts. The amount is that of the first one that moves money; one that is more than the
    payment, or is not told in dollars, is all of it."""
    ref = observation.ref
    known = state.disputes.get(ref)
    status = DISPUTE_STATUS[observation.kind]
    if known is not None and not _later(known, status, observation):
        return state
    if ref == UNNAMED and (any(state.disputes) or (known is None and status == DisputeStatus.WON)):
        return state  # it is one of those that are known by name; or there is none
    told = observation.minor * NANO_PER_MINOR if observation.currency == CURRENCY else state.asked
    amount, at = min(told, state.asked), observation.at
    if known is not None:
        amount = amount if known.status == DisputeStatus.INQUIRY else known.amount
        at = max(at, known.at)
    disputes = {**state.disputes, ref: Dispute(amount, status, at)}
    if ref != UNNAMED and (unnamed := disputes.get(UNNAMED)) is not None:  # this is the one
        disputes[UNNAMED] = replace(unnamed, status=DisputeStatus.WON)
    return replace(state, disputes=disputes)


def _later(known: Dispute, status: DisputeStatus, observation: Observation) -> bool:
    if observation.fetched:
        return status != known.status
    return (observation.at, _RANK[status]) > (known.at, _RANK[known.status])
