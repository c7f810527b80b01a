"""Fees that a provider keeps, for payments and of the account: each kept as it was told, and posted once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import BalanceChange, ProviderFee, TopUp, TransactionKind
from generated.tables.onboarding import PROVIDER_FEE
from handlers.ledger import wallet as rules
from handlers.ledger.posting import Ledger, payment_key
from handlers.payments.states import CURRENCY, NANO_PER_MINOR

Fee = tuple[TopUp | None, BalanceChange]
"""A change of the balance with the top-up of its payment; None for a fee of the account."""
AT_ONCE = 50
"""Fees in a transaction: others that post wait for as long."""


def post_fees(ledger: Ledger, provider: str, fees: Sequence[Fee]) -> int:
    """Keep and post the fees that are not known yet; what all of them add up to, in nano-dollars."""
    for start in range(0, len(fees), AT_ONCE):
        ledger.transaction(partial(_keep, ledger, provider, fees[start : start + AT_ONCE]))
    return sum(_amount(change) for _, change in fees)


def in_dollars(change: BalanceChange) -> bool:
    return change.currency == CURRENCY


def post_fee(ledger: Ledger, fee: ProviderFee) -> None:
    """Post a fee that is kept. Call it inside `ledger.transaction`."""
    of_account = fee.payment_ref is None
    ledger.post(
        user_sid=fee.user_sid,
        kind=TransactionKind.PROVIDER_FEE,
        key=f"fee:{fee.provider}:{fee.change_ref}",
        source=payment_key(fee.provider, fee.payment_ref or fee.change_ref),
        reason="Fee of the account at the provider" if of_account else "Fee of the payment provider",
        effective_at=fee.occurred_at,
        draw=partial(rules.provider_fee, provider=fee.provider, amount=int(fee.amount)),
    )


def _amount(change: BalanceChange) -> int:
    return change.fee_minor * NANO_PER_MINOR


def _keep(ledger: Ledger, provider: str, fees: Sequence[Fee]) -> None:
    store, now = Store.of(PROVIDER_FEE, ledger.database), ledger.clock.now()
    for top_up, change in fees:
        kept = store.insert_once(
            {
                "provider": provider,
                "change_ref": change.change_ref,
                "payment_ref": change.payment_ref,
                "user_sid": top_up.user_sid if top_up is not None else None,
                "amount": Money(_amount(change)),
                "occurred_at": change.occurred_at.replace(microsecond=0),
            },
            now,
            ("provider", "change_ref"),
        )
        if kept is not None:
            post_fee(ledger, kept)
