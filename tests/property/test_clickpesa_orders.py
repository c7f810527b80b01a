"""What happens on a link of ClickPesa, and what is told of it, in every order: the end is the same."""

from __future__ import annotations

from itertools import count, permutations
from pathlib import Path

import httpx

from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import TopUpStatus
from generated.tables.onboarding import TOP_UP
from handlers.payments.providers import Providers
from handlers.payments.service import Payments
from handlers.payments.settings import PaymentSettings
from handlers.settings import load
from providers.clickpesa import ClickPesaProvider, ClickPesaSettings
from providers.sandbox.app import Sandbox, create
from providers.sandbox.clickpesa import signing
from providers.sandbox.clickpesa.api import Keys
from providers.sandbox.clickpesa.payments import Payments as Vendor
from tests.migrated import migrate
from tests.server.audited import audit
from tests.server.payment_house import Clock, House
from tests.server.stub_provider import StubProvider

URL = "http://sandbox.example"
STEPS = ("told of the first", "the first goes back", "the second is paid", "told of the second", "told of a failed try")
NUMBERS = count(1)


class Bench(House):
    """A house whose provider is ClickPesa's, over a sandbox in this process."""

    @classmethod
    def over(cls, database: Database, directory: Path, sandbox: Sandbox, clock: Clock) -> Bench:
        migrate(database)
        provider = ClickPesaProvider(ClickPesaSettings.model_validate({"sandbox_url": URL}), clock)
        provider._calls._http = httpx.Client(transport=httpx.WSGITransport(app=sandbox.app))
        settings = load(PaymentSettings, var_dir=directory, database_url=database.url, rate_limits=False)
        payments = Payments.over(database, clock, settings, Providers({"stub": provider}), Log(lambda _: None))
        return cls(database, clock, StubProvider(), payments, settings)


class Link:
    """One link with three tries to pay it, of which the third failed."""

    def __init__(self, house: Bench, vendor: Vendor) -> None:
        self.house, self.vendor = house, vendor
        self.user = house.user(next(NUMBERS))
        self.top_up = house.top_up(self.user)
        order = self.top_up.session_ref
        self.first, self.second, self.third = (vendor.begin(order) for _ in range(3))
        self.first = vendor.succeed(self.first["id"])
        self.third = vendor.fail(self.third["id"])

    def do(self, step: str) -> None:
        if step == "told of the first":
            self._tell("PAYMENT RECEIVED", self.first)
        elif step == "the first goes back":
            self.vendor.become(self.first["id"], "REVERSED", "reversed", told=False)
        elif step == "the second is paid":
            self.vendor.succeed(self.second["id"])
        elif step == "told of the second":
            self._tell("PAYMENT RECEIVED", self.second | {"status": "SUCCESS"})
        else:
            self._tell("PAYMENT FAILED", self.third)
        self.house.payments.inbox.run_once()

    def _tell(self, name: str, payment: dict[str, object]) -> None:
        event = {"event": name, "data": payment}
        body = {**event, "checksum": signing.checksum("canonical", Keys.checksum_key, event)}
        for _ in range(2):
            self.house.receive(signing.compact(body).encode())

    def end(self) -> tuple[object, ...]:
        """What is known of its payments, and what they moved."""
        rows = Store.of(TOP_UP, self.house.database).find({"user_sid": self.user.sid})["items"]
        payments = sorted((each.payment_ref == self.first["id"], each.status, int(each.refunded)) for each in rows)
        return payments, self.house.end(self.user)


def test_every_order_ends_in_the_same_state(tmp_path: Path) -> None:
    """All orders: also of what is told before the vendor itself knows it."""
    clock, database = Clock(), Database.open(f"sqlite:///{tmp_path}/orders.db")
    sandbox = create(":memory:", own_url=URL, product_url="http://127.0.0.1:9", clock=clock)
    sandbox.store.set_switch("clickpesa", "webhooks", "drop")
    vendor = Vendor(sandbox.store, sandbox.deliveries, clock, Keys.client_id, f"{URL}/clickpesa/pay")
    house = Bench.over(database, tmp_path, sandbox, clock)
    dollars = 10 * 10**9
    links = []
    for order in permutations(STEPS):
        links.append((order, Link(house, vendor)))
        for step in order:
            links[-1][1].do(step)
    house.jobs()
    (compared,) = house.payments.reconciler.day(clock.now().date()).providers
    assert compared.items == []
    for order, link in links:
        assert link.end() == (
            [(False, TopUpStatus.SETTLED, 0), (True, TopUpStatus.REFUNDED, dollars)],
            (dollars, {"purchased": -dollars}),
        ), order
    sandbox.store.close()
    assert audit(database) == []
    database.close()
