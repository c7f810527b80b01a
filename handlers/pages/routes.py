"""The pages of all domains under one roof: their routes, templates and sentences, static files, error pages."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.http.app import App
from handlers.domain import Pages, Site
from handlers.identity.sessions import Sessions
from handlers.identity.visitor import Visitors
from handlers.pages.assets import Assets
from handlers.pages.errors import ErrorPages
from handlers.pages.messages import Messages
from handlers.pages.render import Renderer
from handlers.pages.visit import PageContext


def add_pages(app: App, site: Site, offered: Sequence[Pages]) -> None:
    """Serve the pages that domains offer."""
    assets = Assets()
    context = PageContext(
        database=site.database,
        clock=site.clock,
        sessions=site.get(Sessions),
        visitors=site.get(Visitors),
        renderer=Renderer(site.settings, assets, offered),
        messages=Messages(offered),
        log=site.log,
    )
    app.add_route("/static/{name}", assets)
    for pages in offered:
        for route, make in pages.routes.items():
            app.add_route(route, make(context))
    app.set_error_serializer(ErrorPages(context))
