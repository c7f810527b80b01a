"""What the first pages bring: they show what several domains know."""

from pathlib import Path

from codegen.runtime.values.types import Money
from handlers.domain import Domain, Link, Pages, Parts, Site
from handlers.home.dashboard import Dashboard
from handlers.home.first_screen import FirstScreens
from handlers.home.landing import Landing
from handlers.home.summary import Summaries, SummaryHandler
from handlers.identity.users import Users
from handlers.kyc.standing import KycStandings
from handlers.ledger.history import History
from handlers.ledger.standing import Standings
from handlers.notices.notices import Notices
from handlers.payments.history import TopUpHistory
from handlers.payments.pages.top_up_form import TopUpForm
from handlers.payments.settings import PaymentSettings
from handlers.plans.overview import PlanOverviews
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.prices.offered import OfferedPrices
from handlers.usage.standing import UsageStandings
from handlers.vms.shown import MachinesShown
from handlers.work.alert_settings import AlertThresholds


def parts(site: Site) -> Parts:
    minimum = Money.from_cents(site.settings_of(PaymentSettings).top_up_min_cents)
    plans, prices, form = site.get(PlanCatalogue), site.get(OfferedPrices), site.get(TopUpForm)
    standings, usage, overviews = site.get(Standings), site.get(UsageStandings), site.get(PlanOverviews)
    users, thresholds = Users(site.database, site.clock), AlertThresholds(site.database)
    summaries = Summaries(site.clock, users, standings, usage, overviews, thresholds)
    screens = FirstScreens(
        clock=site.clock,
        standings=standings,
        usage=usage,
        plans=overviews,
        machines=site.get(MachinesShown),
        kyc=site.get(KycStandings),
        notices=site.get(Notices),
        history=site.get(History),
        top_ups=site.get(TopUpHistory),
    )
    return Parts(
        services=(SummaryHandler(summaries),),
        pages=Pages(
            routes={
                "/": lambda context: Landing(context, plans, prices, minimum),
                "/dashboard": lambda context: Dashboard(context, screens, form, prices.steps),
            },
            templates=Path(__file__).parent / "templates",
            navigation=(Link(10, "/dashboard", "Dashboard"),),
        ),
    )


DOMAIN = Domain(name="home", parts=parts)
