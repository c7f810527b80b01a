"""All pages and their routes: the one door of this package."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.runtime.context import Clock
from codegen.runtime.http.app import App
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import Plan
from handlers.identity.history import LoginHistory
from handlers.identity.login import Login
from handlers.identity.sessions import Sessions
from handlers.identity.visitor import Visitors
from handlers.ledger.history import History
from handlers.ledger.posting import Ledger
from handlers.ledger.standing import Standings
from handlers.pages.account import Dashboard, LedgerPage
from handlers.pages.assets import Assets
from handlers.pages.errors import ErrorPages
from handlers.pages.landing import Landing
from handlers.pages.login import LoginLink, LoginPage
from handlers.pages.messages import Messages
from handlers.pages.offer import Offer
from handlers.pages.render import Renderer
from handlers.pages.sessions import Logout, SessionsPage
from handlers.pages.topup import PaymentCheck, PaymentIntent, PaymentReturn, ReceiptPage, TopUpPage
from handlers.pages.visit import House
from handlers.payments.history import TopUpHistory
from handlers.payments.service import PaymentsHandler
from handlers.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What pages call."""

    sessions: Sessions
    visitors: Visitors
    login: Login
    ledger: Ledger
    payments: PaymentsHandler
    plans: list[Plan]


def add_pages(app: App, settings: Settings, database: Database, clock: Clock, log: Log, services: Services) -> None:
    """Serve all pages, their static files, and error pages."""
    assets = Assets()
    providers = services.payments.providers.capabilities()
    renderer = Renderer(settings, assets, providers)
    house = House(database, clock, services.sessions, services.visitors, renderer, Messages(settings), log)
    history, top_ups, offer = History(database), TopUpHistory(database), Offer(settings, providers)
    app.add_route("/static/{name}", assets)
    app.add_route("/", Landing(house, services.plans, Money.from_cents(settings.top_up_min_cents)))
    app.add_route("/login", LoginPage(house, services.login))
    app.add_route("/login/link", LoginLink(house, services.login))
    app.add_route("/logout", Logout(house))
    app.add_route("/sessions", SessionsPage(house, LoginHistory(database)))
    app.add_route("/dashboard", Dashboard(house, Standings(database, services.ledger, clock), history, top_ups, offer))
    app.add_route("/ledger", LedgerPage(house, history))
    app.add_route("/topup", TopUpPage(house, offer, top_ups))
    app.add_route("/payment/intent", PaymentIntent(house, services.payments))
    app.add_route("/payment/return", PaymentReturn(house, services.payments, top_ups))
    app.add_route("/payment/check", PaymentCheck(house, services.payments))
    app.add_route("/receipts/{sid}", ReceiptPage(house, services.payments))
    app.set_error_serializer(ErrorPages(house))
