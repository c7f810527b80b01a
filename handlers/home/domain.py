"""What the first pages bring: they show what several domains know."""

from pathlib import Path

from codegen.runtime.values.types import Money
from handlers.domain import Domain, Link, Pages, Parts, Site
from handlers.home.dashboard import Dashboard
from handlers.home.landing import Landing
from handlers.kyc.standing import KycStandings
from handlers.ledger.history import History
from handlers.ledger.standing import Standings
from handlers.payments.history import TopUpHistory
from handlers.payments.pages.top_up_form import TopUpForm
from handlers.payments.settings import PaymentSettings
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.prices.offered import OfferedPrices


def parts(site: Site) -> Parts:
    minimum = Money.from_cents(site.settings_of(PaymentSettings).top_up_min_cents)
    plans, prices = site.get(PlanCatalogue), site.get(OfferedPrices)
    standings, history = site.get(Standings), site.get(History)
    top_ups, form, kyc = site.get(TopUpHistory), site.get(TopUpForm), site.get(KycStandings)
    return Parts(
        pages=Pages(
            routes={
                "/": lambda context: Landing(context, plans, prices, minimum),
                "/dashboard": lambda context: Dashboard(context, standings, history, top_ups, form, kyc, prices.steps),
            },
            templates=Path(__file__).parent / "templates",
            navigation=(Link(10, "/dashboard", "Dashboard"),),
        )
    )


DOMAIN = Domain(name="home", parts=parts)
