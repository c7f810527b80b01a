"""Fees that a provider keeps, for payments and of the account, posted once for each change of the balance there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from generated.models.onboarding import BalanceChange, TopUp, TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.posting import Ledger, payment_key
from handlers.payments.states import CURRENCY, NANO_PER_MINOR

Fee = tuple[TopUp | None, BalanceChange]
"""A change of the balance with the top-up of its payment; None for a fee of the account."""
AT_ONCE = 50
"""Fees in a transaction: others that post wait for as long."""


def post_fees(ledger: Ledger, provider: str, fees: Sequence[Fee]) -> int:
    """Post the fees that were not posted yet; what all of them add up to, in nano-dollars."""
    for start in range(0, len(fees), AT_ONCE):
        ledger.transaction(partial(_post, ledger, provider, fees[start : start + AT_ONCE]))
    return sum(_amount(change) for _, change in fees)


def in_dollars(change: BalanceChange) -> bool:
    return change.currency == CURRENCY


def _amount(change: BalanceChange) -> int:
    return change.fee_minor * NANO_PER_MINOR


def _post(ledger: Ledger, provider: str, fees: Sequence[Fee]) -> None:
    for top_up, change in fees:
        ledger.post(
            user_sid=top_up.user_sid if top_up is not None else None,
            kind=TransactionKind.PROVIDER_FEE,
            key=f"fee:{provider}:{change.change_ref}",
            source=payment_key(provider, change.payment_ref or change.change_ref),
            reason="Fee of the payment provider" if top_up is not None else "Fee of the account at the provider",
            effective_at=change.occurred_at,
            draw=partial(rules.provider_fee, provider=provider, amount=_amount(change)),
        )
