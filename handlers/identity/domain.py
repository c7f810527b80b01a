"""What identity brings: login, sessions, API keys, and who may do what in this site."""

from pathlib import Path

from codegen.runtime.rpc.auth import Authenticator, Credentials
from handlers.domain import Domain, Link, Pages, Parts, Site
from handlers.identity import demo, http
from handlers.identity.api_keys import ApiKeys
from handlers.identity.commands import COMMANDS
from handlers.identity.guard import Guard
from handlers.identity.guesses import Guesses, SlowGuesses
from handlers.identity.history import LoginHistory
from handlers.identity.hooks import USER_HOOKS
from handlers.identity.limits import RateLimits
from handlers.identity.login import Login
from handlers.identity.node import MyceliumNode
from handlers.identity.pages import messages
from handlers.identity.pages.login import LoginLink, LoginPage
from handlers.identity.pages.sessions import Logout, SessionsPage
from handlers.identity.peer import Peers
from handlers.identity.production_checks import problems
from handlers.identity.service import IdentityHandler, NodeSelfHandler
from handlers.identity.sessions import Sessions
from handlers.identity.settings import IdentitySettings
from handlers.identity.visitor import Visitors

ADMIN_HEADER = "X-Hero-Onboarding-Admin-Secret"


def parts(site: Site) -> Parts:
    settings = site.settings_of(IdentitySettings)
    sessions = Sessions(site.database, site.clock, settings)
    visitors = Visitors(Peers(settings.trusted_proxies), sessions.cookies)
    login = Login(
        site.database,
        site.clock,
        settings.public_url,
        sessions,
        RateLimits(site.database, site.clock, settings.rate_limits),
        MyceliumNode(settings.mycelium_api_url),
    )
    history = LoginHistory(site.database)
    return Parts(
        services=(IdentityHandler(sessions), NodeSelfHandler()),
        hooks=(USER_HOOKS,),
        routes=lambda app, _: http.add_routes(app, login, visitors, site.log),
        middleware=(Guard(settings.public_url, f"{settings.host}:{settings.port}"),),
        pages=Pages(
            routes={
                "/login": lambda context: LoginPage(context, login, settings.login_command),
                "/login/link": lambda context: LoginLink(context, login),
                "/logout": Logout,
                "/sessions": lambda context: SessionsPage(context, history),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors=messages.ERRORS,
            events=messages.EVENTS,
            navigation=(Link(40, "/sessions", "Sessions", account=True),),
        ),
        authenticator=authenticator(site, sessions, visitors),
        shared=(sessions, visitors, login),
    )


def authenticator(site: Site, sessions: Sessions, visitors: Visitors) -> Authenticator:
    """Who calls: by the admin secret, an API key or a session; guessing the secret is slow."""
    secret = site.settings.admin_secret
    credentials = Credentials(
        admin_header=ADMIN_HEADER,
        admin_secret=secret.get_secret_value() if secret else None,
        bearer=ApiKeys(site.database, site.clock).caller,
        session=sessions.caller,
        cookie=sessions.cookies.session,
        origins=[site.settings.public_url],
    )
    guesses = Guesses(site.database, site.clock, site.log, site.settings.rate_limits)
    return SlowGuesses(credentials, guesses, visitors.peers, ADMIN_HEADER)


DOMAIN = Domain(
    name="identity",
    settings=IdentitySettings,
    parts=parts,
    checks=problems,
    demo=demo.fill,
    demo_settings=demo.settings,
    commands=COMMANDS,
)
