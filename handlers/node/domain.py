"""What the room of nodes brings: the commands that a node runs, and on a site the nodes whose logs it keeps."""

from handlers.domain import Domain, Job, Parts, Site
from handlers.node import routes
from handlers.node.commands import COMMANDS
from handlers.node.service import HostedNodes, RecordingHandler
from handlers.node.settings import NodeSettings


def parts(site: Site) -> Parts:
    settings = site.settings_of(NodeSettings)
    nodes = HostedNodes(settings.var_dir.joinpath("nodes"), site.database, site.clock)
    handler = RecordingHandler(nodes)
    return Parts(
        services=(handler,),
        jobs=(Job("node.push", settings.push_cron_interval_ms / 1000, nodes.run_once),),
        routes=lambda app, authenticator: routes.add_routes(app, authenticator, site.database, site.clock, handler),
    )


DOMAIN = Domain(name="node", settings=NodeSettings, parts=parts, commands=COMMANDS)
