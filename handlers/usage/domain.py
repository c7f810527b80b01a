"""What usage brings: nodes, what is consumed of their repositories, and how users are shown their own."""

from pathlib import Path

from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage import audit, routes
from handlers.usage.aggregation import Aggregation
from handlers.usage.breakdown import BreakdownHandler, Breakdowns
from handlers.usage.commands import COMMANDS
from handlers.usage.discovery import Discovery
from handlers.usage.forges import FORGE, Forges
from handlers.usage.mirrors import Mirrors
from handlers.usage.node_repositories import ForgeRepositories, RepositoriesHandler
from handlers.usage.nodes_service import NodesHandler
from handlers.usage.own_lines import OwnLines
from handlers.usage.pages.lines import LinesPage
from handlers.usage.pages.usage import PERIOD_INVALID, UsageCsv, UsagePage
from handlers.usage.pushes import ForgeWebhookHandler, Pushes, other_webhooks
from handlers.usage.registration import Registration
from handlers.usage.service import AggregationHandler
from handlers.usage.settings import UsageSettings
from handlers.usage.standing import UsageStandings
from handlers.usage.unit_prices import UnitPrices
from handlers.usage.watch import SilenceWatch, UsageMetrics
from handlers.work.queue import Queue
from handlers.work.soon import Soon


def parts(site: Site) -> Parts:
    books = site.get(PriceBooks)
    breakdowns, prices, own_lines = Breakdowns(site.database), UnitPrices(books), OwnLines(site.database, books)
    ladder = site.settings_of(PriceSettings).ladder
    settings = site.settings_of(UsageSettings)
    mirrors = site.find(Mirrors) or Mirrors.below(settings.mirrors, settings.fetch_limits)
    forges = site.find(Forges) or Forges.installed(site.settings, site.log)
    made = Aggregation.over(
        site.database,
        site.clock,
        site.log,
        mirrors,
        site.settings_of(PriceSettings),
        credentials=forges.credentials,
    )
    aggregate = made.job(settings.aggregate_cron_interval_ms / 1000)
    pushes = Pushes(forges, made.nodes, Soon(aggregate, site.log, Queue.of(site)), site.clock)
    repositories = ForgeRepositories(site.database, forges, made.nodes, settings.forge_owner, site.settings.public_url)
    discovery = Discovery(site.database, site.clock, forges, made.nodes, settings.forge_owner)
    registration = Registration(site.database, settings.logs)
    return Parts(
        services=(
            BreakdownHandler(breakdowns),
            AggregationHandler(made.aggregator, made.decisions),
            NodesHandler(site.database, made.nodes, mirrors, registration, site.log, repositories.announcing),
            RepositoriesHandler(repositories),
            ForgeWebhookHandler(pushes),
        ),
        webhooks=other_webhooks(forges, pushes),
        jobs=(
            aggregate,
            Job("usage.discover", settings.discover_cron_interval_ms / 1000, discovery.run_once, apart=True),
            Job("usage.silent", 300, SilenceWatch(site.database, site.clock, site.log, made.nodes).run_once),
        ),
        routes=lambda app, authenticator: routes.add_routes(
            app, authenticator, site.database, site.clock, made.aggregator
        ),
        pages=Pages(
            routes={
                "/usage": lambda context: UsagePage(context, breakdowns, prices),
                "/usage.csv": lambda context: UsageCsv(context, breakdowns),
                "/usage/lines/{node}/{commit}": lambda context: LinesPage(context, own_lines, ladder),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors={"period_invalid": PERIOD_INVALID},
            navigation=(Link(25, "/usage", "Usage"),),
        ),
        collectors=(UsageMetrics(site.clock, made.nodes),),
        shared=(breakdowns, mirrors, forges, made, UsageStandings(site.database, site.clock)),
    )


DOMAIN = Domain(
    name="usage",
    settings=UsageSettings,
    parts=parts,
    audits=(audit.COMMITS, audit.RECORDS, audit.USERS, audit.NODES),
    plugins=(FORGE,),
    commands=COMMANDS,
)
