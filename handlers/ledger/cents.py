"""Cents beside each amount, for programs that count in them: derived on output, rounded down."""

from collections.abc import Mapping

from codegen.runtime.types import Money
from generated.models.onboarding import Billing
from generated.tables.onboarding import BILLING


@BILLING.computes
def in_cents(billing: Billing) -> Mapping[str, int]:
    """The `*_cents` fields of a balance."""
    return {"credit_balance_cents": Money(billing.credit_balance).cents,
            "lifetime_paid_cents": Money(billing.lifetime_paid).cents}
