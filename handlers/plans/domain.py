"""What plans bring: what is on offer."""

from handlers.domain import Domain, Parts, Site
from handlers.plans import demo
from handlers.plans.plan_catalogue import PlanCatalogue, read_plans
from handlers.plans.plans import Plans
from handlers.plans.service import PlansHandler
from handlers.plans.settings import PlanSettings


def parts(site: Site) -> Parts:
    catalogue = PlanCatalogue(read_plans(site.settings_of(PlanSettings).plans_json))
    return Parts(services=(PlansHandler(catalogue),), shared=(catalogue, Plans(site.database, site.clock)))


DOMAIN = Domain(name="plans", settings=PlanSettings, parts=parts, demo=demo.fill)
