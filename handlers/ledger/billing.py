"""The balances as they are kept; whoever stores one takes the store from here, which knows the cents beside it."""

from collections.abc import Mapping

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import Billing
from generated.tables.onboarding import BILLING, BillingFilter, BillingNew, BillingPatch


@BILLING.computes
def in_cents(billing: Billing) -> Mapping[str, int]:
    """The `*_cents` fields of a balance: rounded down."""
    return {
        "credit_balance_cents": Money(billing.credit_balance).cents,
        "lifetime_paid_cents": Money(billing.lifetime_paid).cents,
    }


def billings(database: Database) -> Store[Billing, BillingNew, BillingPatch, BillingFilter]:
    """The balances in a database."""
    return Store.of(BILLING, database)
