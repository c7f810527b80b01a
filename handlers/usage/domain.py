"""What usage brings: the breakdown of a user's own, and how it is shown."""

from pathlib import Path

from handlers.domain import Domain, Link, Pages, Parts, Site
from handlers.prices.books import PriceBooks
from handlers.usage.breakdown import BreakdownHandler, Breakdowns
from handlers.usage.pages.usage import PERIOD_INVALID, UsageCsv, UsagePage
from handlers.usage.standing import UsageStandings
from handlers.usage.unit_prices import UnitPrices


def parts(site: Site) -> Parts:
    breakdowns, prices = Breakdowns(site.database), UnitPrices(site.get(PriceBooks))
    return Parts(
        services=(BreakdownHandler(breakdowns),),
        pages=Pages(
            routes={
                "/usage": lambda context: UsagePage(context, breakdowns, prices),
                "/usage.csv": lambda context: UsageCsv(context, breakdowns),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors={"period_invalid": PERIOD_INVALID},
            navigation=(Link(25, "/usage", "Usage"),),
        ),
        shared=(breakdowns, UsageStandings(site.database, site.clock)),
    )


DOMAIN = Domain(name="usage", parts=parts)
