"""What each move of a payment posts: its kind and reason, its key, its entries and what becomes of the credit's lot."""

from __future__ import annotations

from typing import get_args

import pytest

from generated.models.onboarding import TransactionKind
from handlers.ledger.wallet import Lot, Part, Wallet
from handlers.payments.moves import Act, Move
from handlers.payments.postings import KINDS, LONGEST_KEY, Postings, posting_key

PAYMENT = "payment:stub:pi"
ACTS: tuple[Act, ...] = get_args(Act)


def test_every_act_has_a_kind_and_a_reason_that_people_understand() -> None:
    assert dict(KINDS) == {
        "top_up": (TransactionKind.TOP_UP, "Top-up"),
        "overpayment": (TransactionKind.OVERPAYMENT, "Paid beyond what was credited"),
        "refund": (TransactionKind.REFUND, "Refund of a top-up"),
        "refund_failed": (TransactionKind.REFUND, "Refund that came back"),
        "excess_refund": (TransactionKind.OVERPAYMENT, "Refund of what was paid beyond the credit"),
        "excess_refund_failed": (TransactionKind.OVERPAYMENT, "Refund of an overpayment that came back"),
        "hold": (TransactionKind.DISPUTE_HOLD, "Payment disputed: amount held"),
        "release": (TransactionKind.DISPUTE_RELEASE, "Dispute won: amount released"),
        "loss": (TransactionKind.DISPUTE_LOSS, "Dispute lost: amount returned to the payer"),
        "reinstatement": (TransactionKind.DISPUTE_REINSTATED, "Dispute won after all: amount given back"),
        "kyc_hold": (TransactionKind.KYC_HOLD, "Beyond what can be added before verification: held"),
        "kyc_release": (TransactionKind.KYC_RELEASE, "Held before verification: released"),
    }
    assert set(KINDS) == set(ACTS)


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_payment_is_credited_once_whatever_tells_of_it() -> None:
    assert {posting_key(PAYMENT, Move("top_up", 5), cause) for cause in ("evt_1", "check:2")} == {PAYMENT}


def test_everything_else_is_posted_once_for_its_cause() -> None:
    assert posting_key(PAYMENT, Move("refund", 5), "evt_1") == f"{PAYMENT}:refund:evt_1"
    assert posting_key(PAYMENT, Move("hold", 5, "du"), "evt_1") == f"{PAYMENT}:dispute:du:hold:evt_1"
    assert posting_key(PAYMENT, Move("hold", 5, ""), "evt_1") == f"{PAYMENT}:dispute::hold:evt_1"
    keys = {
        posting_key(PAYMENT, Move(act, 5, ref), cause) for act in ACTS for ref in (None, "a") for cause in ("x", "y")
    }
    assert len(keys) == 1 + 4 * (len(ACTS) - 1)


def test_long_keys_are_shortened() -> None:
    longest = "x" * (LONGEST_KEY - len(f"{PAYMENT}:refund:"))
    assert posting_key(PAYMENT, Move("refund", 5), longest) == f"{PAYMENT}:refund:{longest}"
    shortened = [posting_key(PAYMENT, Move("refund", 5), f"{longest}{end}") for end in "yz"]
    assert all(key.startswith(f"{PAYMENT}:") and len(key) == len(f"{PAYMENT}:") + 64 for key in shortened)
    assert shortened[0] != shortened[1]
    assert LONGEST_KEY == 800, "as the schema says"


# --- entries --------------------------------------------------------------------------------------------------------

DRAWN: dict[Act, dict[str, int]] = {
    "top_up": {"cash:stub": 3, "purchased": -3},
    "overpayment": {"cash:stub": 3, "suspense": -3},
    "refund": {"cash:stub": -3, "purchased": 3},
    "refund_failed": {"cash:stub": 3, "purchased": -3},
    "excess_refund": {"cash:stub": -3, "suspense": 3},
    "excess_refund_failed": {"cash:stub": 3, "suspense": -3},
    "hold": {"purchased": 3, "held": -3},
    "release": {"held": 3, "purchased": -3},
    "kyc_hold": {"purchased": 3, "held": -3},
    "kyc_release": {"held": 3, "purchased": -3},
    "loss": {"held": 3, "cash:stub": -3},
    "reinstatement": {"cash:stub": 3, "purchased": -3},
}
TAKING: set[Act] = {"refund", "hold", "kyc_hold"}
GIVING_BACK: set[Act] = {"refund_failed", "release", "kyc_release", "reinstatement"}


@pytest.mark.parametrize("act", ACTS)
def test_what_each_act_posts(act: Act) -> None:
    """Of the payment's own lot first, though an older one has something left, and back into it."""
    balances: dict[Part, int] = {"purchased": -30, "held": -10}
    lots = [Lot("older", "purchased", 20, 20, "1"), Lot("own", "purchased", 20, 10, "2")]
    wallet = Wallet.of("u", balances, lots)
    Postings._drawing("stub", "own", Move(act, 3))(wallet)
    found = {line.account.removeprefix("user:u:"): line.amount for line in wallet.lines}
    assert found == DRAWN[act]
    expected = {"own": 7} if act in TAKING else {"own": 13} if act in GIVING_BACK else {}
    assert {sid: lot.remaining for sid, lot in wallet.changed.items()} == expected
    assert [lot.amount for lot in wallet.new_lots] == ([3] if act == "top_up" else [])
