"""`billing.*`: what a user has, and what operators do to it."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Context
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.values.types import Money
from generated.models.onboarding import Billing, Statement
from generated.services.onboarding import BillingService
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.months import Months
from handlers.ledger.posting import Ledger


@serves(BillingService)
class BillingHandler:
    """The part of `BillingService` that the ledger answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._months = Months(ledger.database, ledger.clock)
        self._adjustments = Adjustments(ledger)

    def statement(self, context: Context, *, month: str) -> Statement:
        """A month as printed."""
        user_sid = user_of(context)
        return self._months.statement(user_sid, month).model(user_sid)

    def set_credit_balance(
        self,
        context: Context,
        *,
        sid: str,
        balance_cents: int,
        reason: str | None = None,
        expected_prev_cents: int | None = None,
        key: str | None = None,
    ) -> Billing:
        """Bring a balance to an amount, which may be negative."""
        return self._adjustments.set_balance(
            context,
            sid=sid,
            balance_cents=balance_cents,
            reason=reason,
            expected_prev_cents=expected_prev_cents,
        ).billing

    def grant(
        self,
        context: Context,
        *,
        user_sid: str,
        amount: Money,
        reason: str,
        key: str,
        expires_at: datetime | None = None,
    ) -> Billing:
        """Give credit that was not paid for."""
        return self._adjustments.grant(context, user_sid=user_sid, amount=amount, reason=reason, expires_at=expires_at)

    def freeze(self, context: Context, *, user_sid: str, on: bool, reason: str) -> Billing:
        """Freeze or unfreeze new spending."""
        return self._adjustments.freeze(context, user_sid=user_sid, on=on, reason=reason)
