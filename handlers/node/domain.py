"""What the room of nodes brings: the commands that a node runs, and on a site the nodes whose logs it keeps."""

from datetime import timedelta

from codegen.runtime.values.types import Money
from handlers.domain import Domain, Job, Parts, Site
from handlers.ledger.changed import ChangedUsers
from handlers.ledger.standing import Standings
from handlers.node import demo, routes
from handlers.node.allowance_service import AllowanceHandler
from handlers.node.commands import COMMANDS
from handlers.node.daily_limit import DailyLimits
from handlers.node.service import HostedNodes, RecordingHandler
from handlers.node.settings import NodeSettings
from handlers.plans.settings import PlanSettings
from handlers.usage.settings import UsageSettings


def parts(site: Site) -> Parts:
    settings = site.settings_of(NodeSettings)
    limits = DailyLimits(site.database, site.clock, settings.record_usage_daily_cents)
    nodes = HostedNodes(site.settings_of(UsageSettings).logs, site.database, site.clock, limits)
    handler = RecordingHandler(nodes)
    limit = Money.from_cents(site.settings_of(PlanSettings).debt_limit_cents)
    lasting = timedelta(seconds=settings.allowance_seconds)
    allowances = AllowanceHandler(site.database, site.get(Standings), site.get(ChangedUsers), limit, lasting)
    return Parts(
        services=(handler, allowances),
        jobs=(Job("node.push", settings.push_cron_interval_ms / 1000, nodes.run_once),),
        routes=lambda app, authenticator: routes.add_routes(app, authenticator, site.database, site.clock, handler),
    )


DOMAIN = Domain(
    name="node",
    settings=NodeSettings,
    parts=parts,
    demo=demo.fill,
    demo_settings=lambda _: {"aggregate_cron_interval_ms": 10_000},
    demo_programs=("demo-nodes",),
    commands=COMMANDS,
)
