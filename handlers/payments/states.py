"""What is known of a payment, and what the ledger has to hold for it: pure, and the same in whatever order news comes.

News is merged into the state like into a set: told twice it is known once, and later news never takes back what is
known. What has to be posted is the difference between what two states ask of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from generated.models.onboarding import DisputeStatus, PaymentEventKind, TopUpStatus

CURRENCY = "USD"
NANO_PER_MINOR = 10_000_000
"""Nano-dollars in a cent, the smallest unit of the one currency that is credited."""

Kind = PaymentEventKind
CLOSED: Mapping[Kind, DisputeStatus] = {Kind.DISPUTE_WON: DisputeStatus.WON, Kind.DISPUTE_LOST: DisputeStatus.LOST}
DISPUTES = frozenset({Kind.DISPUTE_OPENED, *CLOSED})
REFUNDS = frozenset({Kind.REFUND_CHANGED, Kind.REFUND_FAILED})


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a provider said of a payment. `ref` names the dispute where it speaks of one.

    `minor` is the payment's, the dispute's, or the total refunded so far, in the currency's smallest unit. `fetched`:
    the provider was asked, so that a total that fell is not old news but a refund that came back.
    """

    kind: Kind
    minor: int
    currency: str
    at: datetime
    ref: str = ""
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    amount: int
    status: DisputeStatus


@dataclass(frozen=True, slots=True)
class State:
    """What is known. Amounts are nano-dollars; `asked` is what we asked for.

    `paid_at` is set as soon as the payment is known to have succeeded, `credited` unless a person has to look first
    (`review`), or has looked and left it.
    `refunded` is the provider's total. After a `refund_failed` totals told by single events are not trusted.
    """

    asked: int
    credited: int = 0
    paid_at: datetime | None = None
    review: str | None = None
    failed: bool = False
    expired: bool = False
    refunded: int = 0
    refund_failed: bool = False
    disputes: Mapping[str, Dispute] = field(default_factory=dict)

    @property
    def status(self) -> TopUpStatus:
        if self.credited:
            if any(dispute.status != DisputeStatus.WON for dispute in self.disputes.values()):
                return TopUpStatus.DISPUTED
            return TopUpStatus.REFUNDED if self.refunded >= self.credited else TopUpStatus.SETTLED
        if self.review is not None:
            return TopUpStatus.NEEDS_REVIEW
        if self.failed:
            return TopUpStatus.FAILED
        return TopUpStatus.EXPIRED if self.expired else TopUpStatus.OPEN


def doubtful(state: State, news: News) -> bool:
    """Whether the provider has to be asked before this is believed."""
    if news.kind == Kind.REFUND_CHANGED and state.refund_failed:
        return True
    return (news.kind in REFUNDS or news.kind in DISPUTES) and state.paid_at is None


def learn(state: State, news: News) -> State:
    """The state with this news in it; the very same object where it tells nothing new, or nothing that counts."""
    kind = news.kind
    if kind == Kind.PAYMENT_SUCCEEDED:
        return _paid(state, news)
    if kind == Kind.PAYMENT_FAILED:
        return state if state.failed else replace(state, failed=True)
    if kind == Kind.SESSION_EXPIRED:
        return state if state.expired else replace(state, expired=True)
    if kind == Kind.REFUND_CHANGED:
        return _refunded(state, news)
    if kind == Kind.REFUND_FAILED:
        return state if state.refund_failed else replace(state, refund_failed=True)
    if kind in DISPUTES:
        return _disputed(state, news)
    return state


def _paid(state: State, news: News) -> State:
    if state.paid_at is not None:
        return state
    if news.currency != CURRENCY or news.minor * NANO_PER_MINOR != state.asked:
        told = (
            f"{_shown(news.minor)} {news.currency} were paid, {_shown(state.asked // NANO_PER_MINOR)} asked for"
            if news.currency == CURRENCY
            else f"{news.minor} of {news.currency}'s smallest unit were paid, not dollars"
        )
        return replace(state, review=told, paid_at=news.at)
    return replace(state, credited=state.asked, paid_at=news.at)


def _shown(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _refunded(state: State, news: News) -> State:
    if news.currency != CURRENCY:
        return state
    total = news.minor * NANO_PER_MINOR
    if news.fetched:
        fell = total < state.refunded
        return (
            state
            if total == state.refunded
            else replace(state, refunded=total, refund_failed=state.refund_failed or fell)
        )
    if state.refund_failed or total <= state.refunded:
        return state
    return replace(state, refunded=total)


def _disputed(state: State, news: News) -> State:
    """Opened, then won or lost, which is final. An amount that cannot be more, or be told in dollars, is all of it."""
    known = state.disputes.get(news.ref)
    status = CLOSED.get(news.kind, DisputeStatus.OPEN)
    if known is not None and (known.status != DisputeStatus.OPEN or status == DisputeStatus.OPEN):
        return state
    told = news.minor * NANO_PER_MINOR if news.currency == CURRENCY else state.asked
    amount = known.amount if known is not None else min(told, state.asked)
    return replace(state, disputes={**state.disputes, news.ref: Dispute(amount, status)})


def learn_all(state: State, news: Iterable[News]) -> State:
    for each in news:
        state = learn(state, each)
    return state


# --- what the ledger has to hold ------------------------------------------------------------------------------------

Act = Literal["top_up", "refund", "refund_failed", "hold", "release", "loss"]


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction to post. `ref` is the dispute's, `amount` in nano-dollars and above zero."""

    act: Act
    amount: int
    ref: str = ""


def moves(before: State, after: State) -> list[Move]:
    """What brings the ledger from one state to a later one, in the order of posting."""
    if not after.credited:
        return []
    found = [] if before.credited else [Move("top_up", after.credited)]
    refunded = min(before.refunded, before.credited)
    difference = min(after.refunded, after.credited) - refunded
    if difference > 0:
        found.append(Move("refund", difference))
    elif difference < 0:
        found.append(Move("refund_failed", -difference))
    for ref, dispute in sorted(after.disputes.items()):
        known = before.disputes.get(ref) if before.credited else None
        found.extend(_dispute_moves(ref, known.status if known is not None else None, dispute))
    return found


def _dispute_moves(ref: str, before: DisputeStatus | None, dispute: Dispute) -> list[Move]:
    if before == dispute.status or not dispute.amount:
        return []
    # A dispute that was won before we heard of it held nothing; one that was lost is told whole.
    acts: Mapping[DisputeStatus, tuple[Act, ...]] = {
        DisputeStatus.OPEN: ("hold",),
        DisputeStatus.WON: ("release",) if before is not None else (),
        DisputeStatus.LOST: ("loss",) if before is not None else ("hold", "loss"),
    }
    return [Move(act, dispute.amount, ref) for act in acts[dispute.status]]
