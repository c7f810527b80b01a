"""What usage brings: the breakdown of a user's own."""

from handlers.domain import Domain, Parts, Site
from handlers.usage.breakdown import BreakdownHandler, Breakdowns
from handlers.usage.standing import UsageStandings


def parts(site: Site) -> Parts:
    breakdowns = Breakdowns(site.database)
    return Parts(
        services=(BreakdownHandler(breakdowns),),
        shared=(breakdowns, UsageStandings(site.database, site.clock)),
    )


DOMAIN = Domain(name="usage", parts=parts)
