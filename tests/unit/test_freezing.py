"""Whether spending is frozen, by the disputes that were posted and the last word of an operator: pure."""

from __future__ import annotations

import pytest

from generated.models.onboarding import TransactionKind
from handlers.ledger.freezing import FREEZE, frozen

HOLD, RELEASE = TransactionKind.DISPUTE_HOLD, TransactionKind.DISPUTE_RELEASE
LOSS, REINSTATED = TransactionKind.DISPUTE_LOSS, TransactionKind.DISPUTE_REINSTATED


@pytest.mark.parametrize(
    ("steps", "act", "expected"),
    [
        ([], None, False),
        ([], ("1", True), True),
        ([], ("1", False), False),
        ([(HOLD, "a", "2")], None, True),
        ([(HOLD, "a", "2")], ("3", False), True),  # while it is open nobody unfreezes
        ([(HOLD, "a", "2"), (RELEASE, "a", "3")], None, False),
        ([(HOLD, "a", "2"), (RELEASE, "a", "3")], ("1", True), True),
        ([(HOLD, "a", "2"), (LOSS, "a", "3")], None, True),
        ([(HOLD, "a", "2"), (LOSS, "a", "3")], ("4", False), False),
        ([(HOLD, "a", "2"), (LOSS, "a", "4")], ("3", False), True),
        ([(HOLD, "a", "2"), (LOSS, "a", "3"), (HOLD, "b", "5"), (LOSS, "b", "6")], ("4", False), True),
        ([(HOLD, "a", "2"), (LOSS, "a", "3"), (REINSTATED, "a", "4")], None, False),
        ([(HOLD, "a", "2"), (LOSS, "a", "3"), (REINSTATED, "a", "4")], ("1", True), True),
        ([(HOLD, "a", "2"), (LOSS, "a", "3"), (HOLD, "b", "4"), (LOSS, "b", "5"), (REINSTATED, "b", "6")], None, True),
        (
            [(HOLD, "a", "2"), (LOSS, "a", "3"), (HOLD, "b", "5"), (LOSS, "b", "6"), (REINSTATED, "a", "7")],
            ("4", False),
            True,
        ),
        (
            [(HOLD, "a", "2"), (LOSS, "a", "3"), (HOLD, "b", "5"), (LOSS, "b", "6"), (REINSTATED, "b", "7")],
            ("4", False),
            False,
        ),
        ([(HOLD, "a", "2"), (LOSS, "a", "3"), (REINSTATED, "a", "4"), (HOLD, "a", "5"), (LOSS, "a", "6")], None, True),
    ],
)
def test_frozen(steps: list[tuple[TransactionKind, str, str]], act: tuple[str, bool] | None, expected: bool) -> None:
    assert frozen(steps, act) is expected


def test_the_name_of_the_act() -> None:
    """Acts are kept for ever: under another name the old ones would count no more."""
    assert FREEZE == "billing.freeze"
