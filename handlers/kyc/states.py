"""The state of an attempt: pure. Verdicts may come in any order, and twice; the end is the same.

A state is the greatest of all final verdicts: one that decides is above one that says nothing came of it, a later one
above an earlier one, and of two at the same time the one that trusts less. What is not final changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from generated.models.onboarding import KycStatus

DECIDED = frozenset({KycStatus.COMPLETED, KycStatus.REVIEW, KycStatus.FAILED})
OPEN = frozenset({KycStatus.IN_PROGRESS, KycStatus.REVIEW})
"""An attempt that may still end in another way; nobody starts another one meanwhile."""
_TRUST = (KycStatus.EXPIRED, KycStatus.COMPLETED, KycStatus.REVIEW, KycStatus.FAILED)
"""Of two verdicts at the same time the later of these counts."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class State:
    """`decided_at` is the provider's time of the verdict; None for what nobody decided, or our own clock did."""

    status: KycStatus
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a callback, or an answer, says, and of when."""

    status: KycStatus
    final: bool
    at: datetime


BEGUN = State(KycStatus.IN_PROGRESS)


def after(state: State, told: Told) -> State:
    """The state once this is known."""
    if not told.final or told.status not in _TRUST:
        return state
    new = State(told.status, told.at)
    return state if state.status in _TRUST and _rank(new) <= _rank(state) else new


def contradicts(state: State, told: Told) -> bool:
    """Whether two verdicts differ, so that the provider is asked which one counts."""
    both = told.final and told.status in DECIDED and state.status in DECIDED
    return both and told.status != state.status


def _rank(state: State) -> tuple[bool, datetime, int]:
    return state.status in DECIDED, state.decided_at or _NEVER, _TRUST.index(state.status)
