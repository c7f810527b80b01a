"""`billing.summary`: what the first screen shows of a user, for programs. What is not known is absent."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.runtime.context import Clock, Context
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.values.types import Money
from generated.models.onboarding import BillingSummary, KycStatus, LadderStanding, QuotaStanding, SpendingBlock
from generated.services.onboarding import BillingService
from handlers.identity.users import Users
from handlers.ledger.standing import Standing, Standings
from handlers.plans.overview import PlanOverview, PlanOverviews
from handlers.pricing.burn import in_all, runway_until
from handlers.usage.standing import UsageStanding, UsageStandings
from handlers.work.alert_settings import AlertThresholds
from handlers.work.alerts import unread


@dataclass(frozen=True, slots=True)
class Summaries:
    """Reads them: a query or two of each domain."""

    clock: Clock
    users: Users
    standings: Standings
    usage: UsageStandings
    plans: PlanOverviews
    thresholds: AlertThresholds

    def of(self, user_sid: str) -> BillingSummary:
        """Call it in a transaction, or its parts may be of different moments. Raises `NotFound`."""
        user, standing = self.users.store.get(user_sid), self.standings.of(user_sid)
        usage, plan = self.usage.of(user_sid), self.plans.of(user_sid)
        pace = burn_per_day(usage, plan)
        return BillingSummary(
            user_sid=user_sid,
            balance=standing.balance,
            balance_cents=standing.balance.cents,
            purchased=standing.purchased,
            granted=standing.granted,
            held=standing.held,
            held_for_kyc=standing.held_for_kyc,
            debt=standing.debt,
            debt_since=standing.debt_since,
            blocked=_blocks(standing, user.kyc_status),
            data_as_of=usage.as_of if usage is not None else None,
            silent_nodes=list(usage.silent) if usage is not None else None,
            burn_per_day=pace,
            runway_until=runway_until(int(standing.balance), pace, self.clock.now().replace(microsecond=0)),
            spend=list(usage.spend) if usage is not None else None,
            ladder=LadderStanding(
                tier=standing.tier,
                next_tier=standing.next_tier,
                next_at=standing.next_tier_at,
                saved=usage.saved if usage is not None else None,
            ),
            quota=_quota(plan),
            kyc_status=user.kyc_status,
            low_balance_threshold=self.thresholds.of(user_sid),
            notices=unread(self.users.database, user_sid),
        )


def burn_per_day(usage: UsageStanding | None, plan: PlanOverview | None) -> Money | None:
    """Spending per day, by usage and by a plan that is renewed; None where neither is known."""
    pace = in_all(usage.burn_per_day if usage is not None else None, plan.burn_per_day if plan is not None else None)
    return Money(pace) if pace is not None else None


def _quota(plan: PlanOverview | None) -> QuotaStanding | None:
    if plan is None or not plan.runs:
        return None
    return QuotaStanding(
        plan_id=plan.plan_id,
        vm_total=plan.vm_total,
        vm_used=plan.vm_used,
        period_end=plan.period_end,
        renew=plan.renew,
    )


def _blocks(standing: Standing, kyc: KycStatus) -> list[SpendingBlock]:
    holds = {
        SpendingBlock.FROZEN: standing.frozen,
        SpendingBlock.DEBT: standing.balance < 0,
        SpendingBlock.KYC: kyc != KycStatus.COMPLETED,
        SpendingBlock.NO_FUNDS: standing.balance == 0,
    }
    return [block for block, blocked in holds.items() if blocked]


@serves(BillingService)
class SummaryHandler:
    """The part of `BillingService` to which every domain adds."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries

    def summary(self, context: Context) -> BillingSummary:
        """What the dashboard's first screen shows."""
        return self._summaries.of(user_of(context))
