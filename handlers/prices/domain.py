"""What prices bring: the book, and the tiers of the discount ladder."""

from codegen.runtime.storage.faults import Unavailable
from handlers.domain import Domain, Job, Parts, Site
from handlers.prices import routes
from handlers.prices.books import PriceBooks
from handlers.prices.commands import COMMANDS
from handlers.prices.configured import load_configured
from handlers.prices.ladder_job import LadderJob
from handlers.prices.offered import OfferedPrices
from handlers.prices.service import LadderHandler, PricesHandler
from handlers.prices.settings import PriceSettings
from handlers.prices.simulation import Simulations


def parts(site: Site) -> Parts:
    settings = site.settings_of(PriceSettings)
    books = PriceBooks(site.database, site.clock)
    try:
        load_configured(books, settings)
    except Unavailable as error:  # the job does it later
        site.log.line("price book", {"detail": error.reason}, level="warning")
    job = LadderJob(site.database, site.clock, settings.ladder)

    def load_book() -> int:
        load_configured(books, settings)
        return 0

    seconds = settings.discount_ladder_cron_interval_ms / 1000
    return Parts(
        services=(PricesHandler(books, Simulations(site.database, settings.ladder)), LadderHandler(job)),
        jobs=(Job("prices.book", 300, load_book), Job("prices.ladder", seconds, job.run_once)),
        routes=lambda app, authenticator: routes.add_routes(app, authenticator, site.database, site.clock, job),
        shared=(books, OfferedPrices(books, site.clock, settings.ladder)),
    )


DOMAIN = Domain(name="prices", settings=PriceSettings, parts=parts, commands=COMMANDS)
