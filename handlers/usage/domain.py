"""What usage brings: the breakdown of a user's own, and how it is shown."""

from pathlib import Path

from handlers.domain import Domain, Pages, Parts, Site
from handlers.usage.breakdown import BreakdownHandler, Breakdowns
from handlers.usage.standing import UsageStandings


def parts(site: Site) -> Parts:
    breakdowns = Breakdowns(site.database)
    return Parts(
        services=(BreakdownHandler(breakdowns),),
        pages=Pages(templates=Path(__file__).parent / "pages" / "templates"),
        shared=(breakdowns, UsageStandings(site.database, site.clock)),
    )


DOMAIN = Domain(name="usage", parts=parts)
