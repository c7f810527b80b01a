"""`billing.*`: what a user has, and what operators do to it."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Context
from codegen.runtime.errors import Unauthorized
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    Billing,
    BillingSummary,
    KycStatus,
    LadderStanding,
    SpendingBlock,
    Statement,
    User,
)
from generated.services.onboarding import BillingService
from generated.tables.onboarding import USER
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.months import Months
from handlers.ledger.posting import Ledger
from handlers.ledger.standing import Standing, Standings
from handlers.work.alert_settings import AlertThresholds
from handlers.work.alerts import unread


@serves(BillingService)
class BillingHandler:
    """The part of `BillingService` that the ledger answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._months = Months(ledger.database, ledger.clock)
        self._standings = Standings(ledger.database, ledger, ledger.clock)
        self._adjustments = Adjustments(ledger)

    def summary(self, context: Context) -> BillingSummary:
        """What the dashboard's first screen shows; what follows from usage is absent, for none is consumed yet."""
        if context.caller.sid is None:
            raise Unauthorized
        user = Store.of(USER, context.database).get(context.caller.sid)
        standing = self._standings.of(user.sid)
        return BillingSummary(
            user_sid=user.sid,
            balance=standing.balance,
            balance_cents=standing.balance.cents,
            purchased=standing.purchased,
            granted=standing.granted,
            held=standing.held,
            held_for_kyc=standing.held_for_kyc,
            debt=standing.debt,
            debt_since=standing.debt_since,
            blocked=_blocks(standing, user),
            kyc_status=user.kyc_status,
            ladder=LadderStanding(tier=standing.tier, next_tier=standing.next_tier, next_at=standing.next_tier_at),
            low_balance_threshold=AlertThresholds(context.database).of(user.sid),
            notices=unread(context.database, user.sid),
        )

    def statement(self, context: Context, *, month: str) -> Statement:
        """A month as printed."""
        if context.caller.sid is None:
            raise Unauthorized
        return self._months.statement(context.caller.sid, month).model(context.caller.sid)

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


def _blocks(standing: Standing, user: User) -> list[SpendingBlock]:
    holds = {
        SpendingBlock.FROZEN: standing.frozen,
        SpendingBlock.DEBT: standing.balance < 0,
        SpendingBlock.KYC: user.kyc_status != KycStatus.COMPLETED,
        SpendingBlock.NO_FUNDS: standing.balance == 0,
    }
    return [block for block, blocked in holds.items() if blocked]
