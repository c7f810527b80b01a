"""The composition root: settings → database → domains → Falcon application, each handed down."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.clock import follow
from codegen.runtime.context import Clock, SystemClock
from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.reference.pages import Reference
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.dispatch import Limits
from codegen.runtime.rpc.wiring import bind, unserved
from codegen.runtime.storage.database import Database
from generated.routes import SERVICES, WEBHOOKS, document, schema
from generated.tables import STORED
from handlers.composition import Assembly, assemble, load_settings
from handlers.domain import Domain
from handlers.pages.routes import add_pages
from handlers.settings import Settings
from handlers.version import require_current
from handlers.work.jobs import Runner, start
from handlers.work.queue import Queue


def create() -> App:
    """The site, by the settings in the environment: what the web processes load."""
    settings = load_settings()
    follow(settings.test_clock)
    database = Database.open(settings.database_url)
    require_current(database)
    clock, log = SystemClock(), Log()
    assembly = assemble(settings, database, clock, log)
    queue = Queue.of(assembly.site)
    if queue is None:
        start(Runner(database, clock, log, assembly.jobs))
    else:  # workers do it where there are any
        start(Runner(database, clock, log, queue.jobs(assembly.jobs), queue.has_workers))
    return application(assembly)


def build(
    settings: Settings,
    database: Database,
    clock: Clock | None = None,
    log: Log | None = None,
    *,
    validate_results: bool = False,
    domains: Sequence[Domain] | None = None,
    shared: Sequence[object] = (),
) -> App:
    """The site over an open database. Raises `WiringError` for handlers that do not fit.

    `shared` objects are used instead of those that a domain would make.
    """
    assembly = assemble(settings, database, clock or SystemClock(), log or Log(), domains=domains, shared=shared)
    return application(assembly, validate_results)


def application(assembly: Assembly, validate_results: bool = False) -> App:
    """The Falcon application with everything that the domains offer."""
    site, parts = assembly.site, assembly.parts
    settings, database = site.settings, site.database
    services = [service for each in parts for service in each.services]
    methods, webhooks = bind(services, SERVICES, WEBHOOKS, validate_results=validate_results)
    if lacking := unserved(services, SERVICES, WEBHOOKS):
        site.log.line("unserved", {"methods": lacking}, level="warning")
    on_admin_write = next((each.on_admin_write for each in parts if each.on_admin_write is not None), None)
    methods += crud.methods(STORED, database, [hooks for each in parts for hooks in each.hooks], on_admin_write)
    [authenticator] = [each.authenticator for each in parts if each.authenticator is not None]
    app = create_app(
        document=document(),
        methods=methods,
        webhooks=[*webhooks, *(webhook for each in parts for webhook in each.webhooks)],
        database=database,
        clock=site.clock,
        limits=Limits(body=settings.max_body_bytes, batch=settings.max_batch),
        authenticator=authenticator,
        observation=Observation(Metrics(methods), site.log),
        ready={"migrations": lambda: require_current(database)},
        collectors=[each for part in parts for each in part.collectors],
        middleware=[each for part in parts for each in part.middleware],
        public_url=settings.public_url,
        reference=Reference(document, schema),
    )
    for each in parts:
        if each.routes is not None:
            each.routes(app, authenticator)
    add_pages(app, site, [each.pages for each in parts if each.pages is not None])
    return app
