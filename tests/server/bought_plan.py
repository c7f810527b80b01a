"""A plan bought past the shop's window, for tests in which a plan is only a way to spend."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import PlanPurchase, TransactionKind
from generated.tables.onboarding import PLAN_PURCHASE
from handlers.ledger import wallet
from handlers.ledger.posting import Ledger
from handlers.plans.plan_catalogue import DEFAULT_SKU
from handlers.plans.rules import period_end

DAYS = 30


def buy_plan(ledger: Ledger, user_sid: str, cost: int, at: datetime) -> PlanPurchase:
    """A row and its posting of `cost` nano-dollars, in one transaction; a period begins where the one before ends."""
    purchases = Store.of(PLAN_PURCHASE, ledger.database)

    def buy() -> PlanPurchase:
        before = purchases.find({"user_sid": user_sid})["items"]
        start = max([at, *(purchase.period_end for purchase in before)])
        purchase = purchases.new(
            {
                "user_sid": user_sid,
                "plan_id": "vm5",
                "cost": Money(cost),
                "vm_count": 5,
                "days": DAYS,
                "sku": DEFAULT_SKU,
                "period_start": start,
                "period_end": period_end(start, DAYS),
            },
            at,
        )
        ledger.post(
            user_sid=user_sid,
            kind=TransactionKind.PLAN,
            key=f"plan:{purchase.sid}",
            source=f"plan:{purchase.sid}",
            reason="plan",
            effective_at=at,
            draw=lambda drawn: wallet.charge(drawn, "revenue:vm", cost),
        )
        return purchase

    return ledger.transaction(buy)
