"""What the dashboard shows of a user, read in one transaction from the domains that know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.values.types import Money
from generated.models.onboarding import Notice, TopUp, User, VmAllocation, WaitingListEntry
from handlers.home.next_steps import Step, next_steps
from handlers.home.summary import burn_per_day
from handlers.kyc.standing import KycStanding, KycStandings
from handlers.ledger.history import History, HistoryPage
from handlers.ledger.standing import Standing, Standings
from handlers.notices.notices import Notices
from handlers.payments.history import TopUpHistory
from handlers.plans.overview import PlanOverview, PlanOverviews
from handlers.pricing.burn import runway_until
from handlers.usage.chart import Chart, chart
from handlers.usage.standing import SHOWN, UsageStanding, UsageStandings
from handlers.vms.shown import MachinesShown

LINES, PAYMENTS, NOTICES = 8, 5, 10
NEWCOMER = timedelta(days=7)
"""Whoever used something so long ago already needs no steps to the first machine."""


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """`usage` and `spend` are None as long as no usage is known. `pace` is the spending per day, by usage of late and
    by a plan that is renewed; None where neither is known. `runway` is None where the balance is not used up at that
    pace, or the pace is not known; `lasts` says it in words. `steps` lead to the first machine."""

    standing: Standing
    usage: UsageStanding | None
    spend: Chart | None
    pace: Money | None
    runway: datetime | None
    lasts: str
    plan: PlanOverview | None
    machines: list[VmAllocation]
    waiting: list[tuple[WaitingListEntry, int]]
    kyc: KycStanding
    notices: list[Notice]
    history: HistoryPage
    payments: list[TopUp]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FirstScreens:
    """Reads them; a query or two each."""

    clock: Clock
    standings: Standings
    usage: UsageStandings
    plans: PlanOverviews
    machines: MachinesShown
    kyc: KycStandings
    notices: Notices
    history: History
    top_ups: TopUpHistory

    def of(self, user: User) -> FirstScreen:
        """Call it in a transaction, or its parts may be of different moments."""
        now = self.clock.now()
        standing, usage = self.standings.of(user.sid), self.usage.of(user.sid)
        plan, machines, kyc = self.plans.of(user.sid), self.machines.live(user.sid), self.kyc.of(user)
        pace = burn_per_day(usage, plan)
        runway = runway_until(int(standing.balance), pace, now)
        return FirstScreen(
            standing=standing,
            usage=usage,
            spend=None if usage is None else chart(usage.spend, now.date() - SHOWN + timedelta(days=1), now.date()),
            pace=pace,
            runway=runway,
            lasts="" if runway is None else lasting((runway - now).days),
            plan=plan,
            machines=machines,
            waiting=self.machines.waiting(user.sid),
            kyc=kyc,
            notices=self.notices.unread(user.sid, NOTICES),
            history=self.history.page(user.sid, LINES),
            payments=self.top_ups.latest(user.sid, PAYMENTS),
            steps=()
            if usage is not None and now.date() - usage.since >= NEWCOMER
            else next_steps(
                paid=standing.lifetime_paid > 0 or standing.balance > 0 or plan is not None,
                verified=kyc.step == "completed",
                plan=plan is not None and plan.runs,
                machines=bool(machines),
            ),
        )


def lasting(days: int) -> str:
    """How long so many days are, for people: `about 18 days`, `about 5 months`, `about 3 years`."""
    if days < 1:
        return "less than a day"
    unit, length = ("day", 1) if days < 60 else ("month", 30) if days < 730 else ("year", 365)
    count = days // length
    return f"about {count} {unit}{'s' if count != 1 else ''}"


def to_settle(balance: Money, minimum: Money, maximum: Money) -> Money:
    """What to pay first for a balance above zero again: whole dollars, not less than one payment can be. A debt that is
    more than one can be takes several."""
    dollar = Money.from_cents(100)
    dollars = -int(balance) // int(dollar) + 1
    return min(max(Money(dollars * int(dollar)), minimum), maximum)
