"""What the ledger has to hold for what is known of a payment: pure.

What has to be posted is the difference between what two states ask of the ledger, so it does not matter in how many
steps the state came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from generated.models.onboarding import DisputeStatus
from handlers.payments.states import Dispute, State

Act = Literal[
    "top_up",
    "overpayment",
    "refund",
    "refund_failed",
    "excess_refund",
    "excess_refund_failed",
    "hold",
    "release",
    "loss",
    "reinstatement",
    "kyc_hold",
    "kyc_release",
]


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction to post. `ref` is the dispute's, `amount` in nano-dollars and above zero."""

    act: Act
    amount: int
    ref: str | None = None


def moves(before: State, after: State) -> list[Move]:
    """What brings the ledger from one state to a later one, in the order of posting."""
    return [move for move in _moves(before, after) if move.amount]


def _moves(before: State, after: State) -> Iterator[Move]:
    if not after.credited:
        return
    if not before.credited:
        yield Move("top_up", after.credited)
        yield Move("overpayment", after.excess)
    held_before, held = kyc_held(before), kyc_held(after)
    # What goes back is taken from what is held, so that is the user's again first; what is held is held last.
    yield Move("kyc_release", max(held_before - held, 0))
    (excess_before, credit_before), (excess, credit) = _returned(before), _returned(after)
    yield from _difference(excess - excess_before, "excess_refund", "excess_refund_failed")
    yield from _difference(credit - credit_before, "refund", "refund_failed")
    for ref, dispute in sorted(after.disputes.items()):
        known = before.disputes.get(ref) if before.credited else None
        for act in _STEPS[_place(known), _place(dispute)]:
            yield Move(act, dispute.amount, ref)
    yield Move("kyc_hold", max(held - held_before, 0))


def kyc_held(state: State) -> int:
    """What is held of a credit: what is beyond the cap of all that the user had paid by then and that has not gone."""
    contested = sum(each.amount for each in state.disputes.values() if _place(each) != "with the user")
    return held_of(state.credited, state.over_cap, state.freed, gone(state.credited, _returned(state)[1], contested))


def held_of(credited: int, over_cap: int, freed: int, gone: int) -> int:
    """Of a credit of which so much has gone, beyond a cap of which so much has become free since."""
    return min(max(over_cap - freed - gone, 0), credited - gone)


def gone(credited: int, returned: int, contested: int) -> int:
    """What of a credit went back, or may."""
    return min(returned + contested, credited)


def over_cap(credited: int, paid: int, cap: int) -> int:
    """How far beyond the cap a user is with a new credit, who has `paid` so much in all before."""
    return max(paid + credited - cap, 0)


def _returned(state: State) -> tuple[int, int]:
    """What was refunded of the excess, which goes first, and of the credit."""
    if not state.credited:
        return 0, 0
    excess = min(state.refunded, state.excess)
    return excess, min(state.refunded - excess, state.credited)


def _difference(amount: int, more: Act, less: Act) -> Iterator[Move]:
    yield Move(more if amount > 0 else less, abs(amount))


Place = Literal["with the user", "held", "with the payer"]


def _place(dispute: Dispute | None) -> Place:
    """Where the disputed amount is."""
    if dispute is None or dispute.status in (DisputeStatus.INQUIRY, DisputeStatus.WON):
        return "with the user"
    return "held" if dispute.status == DisputeStatus.OPEN else "with the payer"


_STEPS: Mapping[tuple[Place, Place], tuple[Act, ...]] = {
    ("with the user", "with the user"): (),
    ("with the user", "held"): ("hold",),
    ("with the user", "with the payer"): ("hold", "loss"),
    ("held", "with the user"): ("release",),
    ("held", "held"): (),
    ("held", "with the payer"): ("loss",),
    ("with the payer", "with the user"): ("reinstatement",),
    ("with the payer", "held"): ("reinstatement", "hold"),
    ("with the payer", "with the payer"): (),
}
