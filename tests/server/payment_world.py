"""A site and the sandbox it pays with, both over real HTTP in this process; clock and jobs wait for the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx

from codegen.runtime.context import Caller, Context
from codegen.runtime.http.app import App
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    Billing,
    KycStatus,
    OperatorAct,
    TopUp,
    TopUpStarted,
    TopUpStatus,
    User,
    WebhookInboxEntry,
)
from generated.routes import SERVICES
from generated.services.onboarding import PaymentsService
from generated.tables.onboarding import OPERATOR_ACT, OPERATOR_ALERT, PAYMENT_EVENT, TOP_UP, USER, WEBHOOK_INBOX_ENTRY
from handlers.app import build
from handlers.composition import load_settings
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.billing import billings
from handlers.payments.providers import Providers
from handlers.payments.service import Payments, PaymentsHandler
from handlers.payments.settings import PaymentSettings
from providers.sandbox.app import Sandbox, create
from tests.migrated import migrate
from tests.programs import free_port
from tests.server.audited import audit
from tests.waiting import PATIENCE, wait_for

DOLLAR = 10**9


class Now:
    """A clock that stands at the time of the test's start, for Stripe's SDK compares with the real one, plus `ahead`.

    Only the test moves it: how long anything takes on this machine makes nothing due.
    """

    def __init__(self) -> None:
        self.start = datetime.now(UTC)
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self.start + self.ahead


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def serving(app: Any, port: int) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, server_class=_Threads, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class World:
    """`payments` are the site's own; jobs run when a test says so. `vendor` is the provider that is paid with."""

    database: Database
    clock: Now
    settings: PaymentSettings
    payments: Payments
    sandbox: Sandbox
    sandbox_url: str
    site_url: str
    app: App
    logged: list[bytes]
    vendor: str = "stripe"
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE, verify=False))

    # --- what people do ---------------------------------------------------------------------------------------

    def user(self, name: str = "1", kyc_status: KycStatus = KycStatus.PENDING) -> User:
        key = name.zfill(4) * 16
        return Store.of(USER, self.database).new(
            {"mycelium_address": f"400::{name}", "public_key": key, "kyc_status": kyc_status}, self.clock.now()
        )

    def context(self, user: User | None) -> Context:
        caller = Caller("admin") if user is None else Caller("user", user.sid)
        return Context(caller, self.clock, self.database, "test")

    @property
    def handler(self) -> PaymentsService:
        """The service as calls from outside have it: parameters are checked, keys are kept."""
        return local(PaymentsService, PaymentsHandler(self.payments, self.settings), SERVICES)

    def start(self, user: User, cents: int = 1000, **fields: Any) -> TopUpStarted:
        return self.handler.create_top_up(self.context(user), provider=self.vendor, amount_cents=cents, **fields)

    def pay(self, started: TopUpStarted, method: str = "4242424242424242") -> httpx.Response:
        """Press the button of the hosted page."""
        assert started.url is not None
        page = started.url.partition("#")[0]
        assert self.http.get(page).status_code == 200
        return self.http.post(page, data={"method": method, "email": "a@example.org"})

    def paid(self, user: User, cents: int = 1000) -> TopUpStarted:
        """A top-up that was paid and credited."""
        started = self.start(user, cents)
        self.pay(started)
        self.settle()
        assert self.status(started) == TopUpStatus.SETTLED
        return started

    # --- what the sandbox does --------------------------------------------------------------------------------

    def switch(self, **switches: Any) -> None:
        assert self.http.post(f"{self.sandbox_url}/_control/{self.vendor}", json=switches).status_code == 200

    def act(self, name: str, **fields: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.sandbox_url}/_control/{self.vendor}", json={"act": name, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(f"{self.sandbox_url}/_control/{self.vendor}").json()["deliveries"]
        return found

    def settle(self) -> None:
        """Wait until every webhook that may go out has arrived, and do what waits for it."""
        wait_for(lambda: all(each["state"] != "waiting" or each["held"] for each in self.deliveries()))
        self.jobs()

    # --- what the house does ----------------------------------------------------------------------------------

    def jobs(self) -> None:
        """Run jobs until nothing is left to be done now."""
        for _ in range(20):
            self.payments.refunds.run_once()
            if self.payments.inbox.run_once() + self.payments.checks.run_once() == 0:
                return
            self.clock.ahead += timedelta(seconds=1)

    def wait_until_due(self, started: TopUpStarted) -> bool:
        """Let the time come at which the provider is asked next; False where it is not asked any more."""
        due = self.top_up(started.top_up_sid).next_check_at
        if due is not None and due > self.clock.now():
            self.clock.ahead += due - self.clock.now() + timedelta(seconds=1)
        return due is not None

    def freeze(self, user: User, *, on: bool) -> None:
        """An operator freezes or unfreezes a user's spending."""
        adjustments = Adjustments(self.payments.settlement.ledger)
        adjustments.freeze(self.context(None), user_sid=user.sid, on=on, reason="test")

    def without_providers(self) -> Payments:
        """The payments of a site that offers no way to pay any more."""
        return Payments.over(self.database, self.clock, self.settings, Providers({}), Log(self.logged.append))

    # --- what can be seen -------------------------------------------------------------------------------------

    def top_up(self, sid: str) -> TopUp:
        return Store.of(TOP_UP, self.database).get(sid)

    def status(self, started: TopUpStarted) -> TopUpStatus:
        return self.top_up(started.top_up_sid).status

    def billing(self, user: User) -> Billing | None:
        return billings(self.database).one({"user_sid": user.sid})

    def balance(self, user: User) -> float:
        """In dollars."""
        billing = self.billing(user)
        return int(billing.credit_balance) / DOLLAR if billing else 0.0

    def inbox(self) -> list[WebhookInboxEntry]:
        return Store.of(WEBHOOK_INBOX_ENTRY, self.database).list_full(1000)["items"]

    def events(self) -> list[tuple[str, str]]:
        items = Store.of(PAYMENT_EVENT, self.database).list_full(1000)["items"]
        return [(event.kind.value, event.status.value) for event in items]

    def alerts(self) -> list[str]:
        """What an operator has to look at now."""
        items = Store.of(OPERATOR_ALERT, self.database).list_full(1000)["items"]
        return [each.kind for each in items if each.cleared_at is None]

    def acts(self) -> list[OperatorAct]:
        """What operators did."""
        return Store.of(OPERATOR_ACT, self.database).list_full(1000)["items"]

    def payment(self, started: TopUpStarted) -> str:
        ref = self.top_up(started.top_up_sid).payment_ref
        assert ref is not None
        return ref

    def audit(self) -> None:
        assert audit(self.database) == []


@contextmanager
def world(directory: Path, database_url: str, **given: Any) -> Iterator[World]:
    """Everything started; the database is migrated."""
    port, sandbox_port = free_port(), free_port()
    site_url, sandbox_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    settings = load_settings(
        var_dir=directory, database_url=database_url, public_url=site_url, port=port, sandbox_url=sandbox_url, **given
    )
    assert isinstance(settings, PaymentSettings)
    database = Database.open(database_url)
    migrate(database)
    if database.dialect == "sqlite":
        database.execute("PRAGMA synchronous = off")
    clock = Now()
    logged: list[bytes] = []
    log = Log(logged.append)
    payments = Payments.installed(database, clock, settings, log)
    sandbox = create(directory / "sandbox.db", own_url=sandbox_url, product_url=site_url, clock=clock)
    app = build(settings, database, clock, log, validate_results=True, shared=[payments])
    with serving(sandbox.app, sandbox_port), serving(app, port):
        sandbox.deliveries.start()
        found = World(database, clock, settings, payments, sandbox, sandbox_url, site_url, app, logged)
        try:
            yield found
        finally:
            sandbox.close()
            found.http.close()
            database.close()
