"""The composition root: settings → database → providers → services → Falcon application, each handed down."""

from pathlib import Path

import generated
from codegen.runtime.context import Clock, SystemClock
from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.auth import Credentials
from codegen.runtime.rpc.dispatch import Limits
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from generated.routes import SERVICES, WEBHOOKS, document
from generated.tables import STORED
from handlers.admin.routes import add_routes as admin_routes
from handlers.admin.service import AuditHandler
from handlers.identity.api_keys import ApiKeys
from handlers.identity.guard import Guard
from handlers.identity.guesses import Guesses, SlowGuesses
from handlers.identity.hooks import USER_HOOKS
from handlers.identity.http import add_routes as login_routes
from handlers.identity.limits import RateLimits
from handlers.identity.login import Login
from handlers.identity.node import MyceliumNode
from handlers.identity.peer import Peers
from handlers.identity.service import IdentityHandler, NodeSelfHandler
from handlers.identity.sessions import Sessions
from handlers.identity.visitor import Visitors
from handlers.jobs import Runner, payment_jobs, start
from handlers.ledger.posting import Ledger
from handlers.ledger.service import BillingHandler
from handlers.pages.files import Folder
from handlers.pages.routes import Services, add_pages
from handlers.payments.service import Payments, PaymentsHandler, StripeReceiver, plugin_webhooks
from handlers.plans.offer import read_plans
from handlers.plans.service import PlansHandler
from handlers.server import metrics_directory
from handlers.settings import Settings, load_settings
from handlers.version import require_current

GENERATED = Path(generated.__file__).parent
ADMIN_HEADER = "X-Hero-Onboarding-Admin-Secret"


def create() -> App:
    """The site, by the settings in the environment: what the web processes load."""
    settings = load_settings()
    database = Database.open(settings.database_url)
    require_current(database)
    clock, log = SystemClock(), Log()
    payments = Payments.installed(database, clock, settings, log)
    start(Runner(database, clock, log, payment_jobs(payments)))
    return build(settings, database, clock, log, payments=payments)


def build(
    settings: Settings,
    database: Database,
    clock: Clock | None = None,
    log: Log | None = None,
    validate_results: bool = False,
    payments: Payments | None = None,
) -> App:
    """The site over an open database. Raises `PlansInvalid`, and `WiringError` for handlers that do not fit."""
    clock, log = clock or SystemClock(), log or Log()
    payments = payments or Payments.installed(database, clock, settings, log)
    sessions = Sessions(database, clock, settings)
    visitors = Visitors(Peers(settings.trusted_proxies), sessions.cookies)
    ledger = Ledger(database, clock)
    plans = read_plans(settings.plans_json)
    takes_payments = PaymentsHandler(payments, settings)
    handlers = [
        PlansHandler(plans),
        IdentityHandler(sessions),
        NodeSelfHandler(),
        BillingHandler(ledger),
        takes_payments,
        StripeReceiver(payments),
        AuditHandler(),
    ]
    methods, webhooks = bind(handlers, SERVICES, WEBHOOKS, validate_results=validate_results)
    webhooks += plugin_webhooks(payments, {route.path for route in WEBHOOKS})
    methods += crud.methods(STORED, database, [USER_HOOKS])
    secret = settings.admin_secret
    credentials = Credentials(
        admin_header=ADMIN_HEADER,
        admin_secret=secret.get_secret_value() if secret else None,
        bearer=ApiKeys(database, clock).caller,
        session=sessions.caller,
        cookie=sessions.cookies.session,
        origins=[settings.public_url],
    )
    guesses = Guesses(database, clock, log, settings.rate_limits)
    authenticator = SlowGuesses(credentials, guesses, visitors.peers, ADMIN_HEADER)
    app = create_app(
        document=document(),
        methods=methods,
        webhooks=webhooks,
        database=database,
        clock=clock,
        limits=Limits(body=settings.max_body_bytes, batch=settings.max_batch),
        authenticator=authenticator,
        observation=Observation(Metrics(methods, metrics_directory(settings)), log),
        ready={"migrations": lambda: require_current(database)},
        middleware=[Guard(settings.public_url, f"{settings.host}:{settings.port}")],
        public_url=settings.public_url,
    )
    login = Login(
        database,
        clock,
        settings.public_url,
        sessions,
        RateLimits(database, clock, settings.rate_limits),
        MyceliumNode(settings.mycelium_api_url),
    )
    login_routes(app, login, visitors, log)
    admin_routes(app, authenticator, ledger)
    Folder(GENERATED / "reference", "reference").add_to(app)
    add_pages(
        app,
        settings,
        database,
        clock,
        log,
        Services(
            sessions=sessions,
            visitors=visitors,
            login=login,
            ledger=ledger,
            payments=takes_payments,
            plans=list(plans.values()),
        ),
    )
    return app
