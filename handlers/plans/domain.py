"""What plans bring: what is on offer, buying it, the ends of periods, and what follows from a balance."""

from pathlib import Path

from codegen.runtime.rpc.local import local
from codegen.runtime.values.types import Money
from generated.routes import SERVICES
from generated.services.onboarding import BillingService
from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.ledger.followers import followers
from handlers.ledger.posting import Ledger
from handlers.ledger.standing import Standings
from handlers.plans import audit, demo
from handlers.plans.balance_watch import BalanceWatch
from handlers.plans.machines import PlanMachines
from handlers.plans.overview import PlanOverviews
from handlers.plans.pages import messages
from handlers.plans.pages.plans import PlanBuy, PlanRenew, PlansPage
from handlers.plans.period_ends import PeriodEnds
from handlers.plans.plan_catalogue import PlanCatalogue, read_plans
from handlers.plans.plans import Plans
from handlers.plans.purchases import Purchases
from handlers.plans.service import PlansHandler
from handlers.plans.settings import PlanSettings


def parts(site: Site) -> Parts:
    settings = site.settings_of(PlanSettings)
    catalogue = PlanCatalogue(read_plans(settings.plans_json))
    ledger, standings = site.get(Ledger), site.get(Standings)

    def machines() -> PlanMachines | None:
        return site.find(PlanMachines)  # type: ignore[type-abstract]

    purchases = Purchases(ledger, site.clock, catalogue, machines)
    limit = Money.from_cents(settings.debt_limit_cents)
    followers(site.database)["plans"] = BalanceWatch(site.database, site.clock, purchases, limit, machines).follow
    ends = PeriodEnds(site.database, site.clock, purchases, catalogue, standings)
    overviews = PlanOverviews(site.database, site.clock, catalogue)
    handler = PlansHandler(catalogue, purchases)
    service = local(BillingService, handler, SERVICES)
    return Parts(
        services=(handler,),
        jobs=(Job("plans.ends", 10, ends.run_once, apart=True), Job("plans.notices", 300, ends.tell)),
        pages=Pages(
            routes={
                "/plans": lambda context: PlansPage(context, catalogue, overviews, standings),
                "/plan/buy": lambda context: PlanBuy(context, service),
                "/plan/renew": lambda context: PlanRenew(context, service),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors=messages.ERRORS,
            events=messages.EVENTS,
            navigation=(Link(20, "/plans", "Plans"),),
        ),
        shared=(catalogue, Plans(site.database, site.clock), overviews, purchases, ends),
    )


DOMAIN = Domain(
    name="plans",
    settings=PlanSettings,
    parts=parts,
    audits=(audit.PURCHASES, audit.POSTINGS, audit.BILLED),
    demo=demo.fill,
)
