"""Post what moves of a payment to the ledger: each move a transaction under a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from generated.models.onboarding import TopUp, TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.posting import Ledger, payment_key
from handlers.ledger.wallet import Wallet
from handlers.payments.moves import Act, Move

KINDS: Mapping[Act, tuple[TransactionKind, str]] = {
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
LONGEST_KEY = 800


class Postings:
    """Posts to `ledger`; call it inside `ledger.transaction`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def post(self, top_up: TopUp, move: Move, cause: str, at: datetime) -> None:
        """Post one move; `cause` names the event or the act that it follows from."""
        assert top_up.payment_ref is not None, "only a payment moves money"
        payment = payment_key(top_up.provider, top_up.payment_ref)
        kind, reason = KINDS[move.act]
        self._ledger.post(
            user_sid=top_up.user_sid,
            kind=kind,
            key=posting_key(payment, move, cause),
            source=payment,
            reason=reason,
            effective_at=at,
            draw=self._drawing(top_up.provider, self._ledger.lot_of(payment), move),
        )

    @staticmethod
    def _drawing(provider: str, lot: str | None, move: Move) -> Callable[[Wallet], object]:
        amount = move.amount
        drawings: Mapping[Act, Callable[[Wallet], object]] = {
            "top_up": lambda wallet: rules.top_up(wallet, provider, amount),
            "overpayment": lambda wallet: rules.overpayment(wallet, provider, amount),
            "refund": lambda wallet: rules.refund(wallet, provider, amount, lot),
            "refund_failed": lambda wallet: rules.refund_failed(wallet, provider, amount, lot),
            "excess_refund": lambda wallet: rules.overpayment(wallet, provider, -amount),
            "excess_refund_failed": lambda wallet: rules.overpayment(wallet, provider, amount),
            "hold": lambda wallet: rules.hold(wallet, amount, lot),
            "release": lambda wallet: rules.release(wallet, amount, lot),
            "kyc_hold": lambda wallet: rules.hold(wallet, amount, lot),
            "kyc_release": lambda wallet: rules.release(wallet, amount, lot),
            "loss": lambda wallet: rules.dispute_lost(wallet, provider, amount),
            "reinstatement": lambda wallet: rules.dispute_reinstated(wallet, provider, amount, lot),
        }
        return drawings[move.act]


def posting_key(payment: str, move: Move, cause: str) -> str:
    """A payment is credited once, whatever tells of it; everything else once for its cause."""
    if move.act == "top_up":
        return payment
    steps = (payment, move.act, cause) if move.ref is None else (payment, "dispute", move.ref, move.act, cause)
    key = ":".join(steps)
    return key if len(key) <= LONGEST_KEY else f"{payment}:{sha256(key.encode()).hexdigest()}"
