"""The product for browser tests: a real site and a real sandbox, each a process, and a stand-in of a Mycelium node."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from codegen.runtime.clock import SystemClock
from codegen.runtime.storage.database import Database
from handlers.plans.plan_catalogue import DEFAULT_SKU
from tests.programs import free_port
from tests.server import daily_usage
from tests.server.mycelium_node import Node
from tests.server.people import Person
from tests.server.site import ADMIN, Site, running_sandbox
from tests.waiting import PATIENCE

OFF = {
    "webhooks": "send",
    "webhook_copies": 1,
    "webhook_delay": 0,
    "webhook_forge": False,
    "decline_all": False,
    "api_fail": None,
}


class Product:
    """Site and sandbox while `running`; `settings` are the site's own."""

    def __init__(self, directory: Path, node: Node, **settings: str) -> None:
        self.directory, self.node = directory, node
        self.sandbox_port = free_port()
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.site = Site(directory, SANDBOX_URL=self.sandbox, MYCELIUM_API_URL=node.url, **settings)
        self.url = self.site.url
        self._stack = ExitStack()
        self._pools = 0

    @contextmanager
    def running(self) -> Iterator["Product"]:
        self.site.command("migrate")
        with running_sandbox(self.site, self.sandbox_port):
            self._stack.enter_context(self.site.running())
            try:
                yield self
            finally:
                self._stack.close()

    def restart_site(self) -> None:
        """End the site's process and start it again on the same data."""
        self._stack.close()
        self._stack.enter_context(self.site.running())

    # --- the sandbox's switches -------------------------------------------------------------------------------

    def switch(self, **switches: Any) -> None:
        """Set switches of the payment vendor."""
        self._control(switches)

    def act(self, act: str, **arguments: Any) -> Any:
        """Let something happen at the payment vendor."""
        return self._control({"act": act, **arguments})

    def _control(self, asked: dict[str, Any]) -> Any:
        return httpx.post(f"{self.sandbox}/_control/stripe", json=asked, timeout=PATIENCE).raise_for_status().json()

    def reset(self) -> None:
        """All switches as they were."""
        self.switch(**OFF)
        self.act("release")

    # --- machines ---------------------------------------------------------------------------------------------

    @contextmanager
    def pool(self, count: int) -> Iterator[None]:
        """So many machines in the pool until the block ends; those that are in use then go with their release."""
        self._pools += 1
        file = self.directory / f"pool-{self._pools}.csv"
        rows = [f"{file.stem}-{place},5a0:{self._pools:x}::{place},{DEFAULT_SKU}" for place in range(1, count + 1)]
        file.write_text("\n".join(["name,address,sku", *rows]))
        self.site.command("pool", "import", str(file))
        try:
            yield
        finally:
            for sid, state in self.rows("SELECT sid, state FROM pool_vm WHERE name LIKE ?", f"{file.stem}-%"):
                if state != "retired":
                    self.site.call("vm.pool_retire", {"sid": sid, "reason": "the test is over"}, ADMIN)

    # --- usage ------------------------------------------------------------------------------------------------

    @contextmanager
    def usage(self, person: Person) -> Iterator[None]:
        """A month of somebody's usage as pages show it, until the block ends: no node has reported it."""
        database = Database.open(f"sqlite:///{self.directory}/var/hero-onboarding.db")
        [(sid,)] = database.execute('SELECT sid FROM "user" WHERE mycelium_address = ?', (person.address,))
        today = SystemClock().now().date()
        try:
            for back in range(0, 30, 2):
                day = today - timedelta(days=back)
                daily_usage.write(
                    database,
                    daily_usage.hero_os(sid, day, 3 + back % 7, "01KBA7Z0QZJ4M7V2T9X3C5N8WE", 50),
                    daily_usage.language_model(sid, day, 1_560_000, 21_003_451 * back, "qwen-2.5-72b-instruct"),
                )
            yield
        finally:
            database.change("DELETE FROM daily_usage WHERE user_sid = ?", (sid,))
            database.close()

    # --- people -----------------------------------------------------------------------------------------------

    def key_file(self, person: Person) -> Path:
        path = self.directory / f"{person.public_key}.bin"
        path.write_bytes(person.private)
        return path

    def link(self, person: Person) -> str:
        """What the login program prints."""
        return self.site.command("login", self.url, "--key", str(self.key_file(person))).splitlines()[-1]

    def answer(self, person: Person, challenge: str) -> str:
        """What the login program answers to a challenge that was copied from the login page."""
        return self.site.command("login", self.url, "--key", str(self.key_file(person)), "--challenge", challenge)

    # --- what is kept -----------------------------------------------------------------------------------------

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """Rows of the site's database."""
        database = Database.open(f"sqlite:///{self.directory}/var/hero-onboarding.db")
        try:
            return database.execute(sql, params)
        finally:
            database.close()

    def change(self, sql: str, *params: object) -> None:
        """Change the site's database, as what cannot be waited for would."""
        database = Database.open(f"sqlite:///{self.directory}/var/hero-onboarding.db")
        try:
            database.execute(sql, params)
        finally:
            database.close()

    def top_up(self, person: Person) -> tuple[str, str, str | None, str]:
        """The last top-up of somebody: its sid, checkout, payment and status."""
        [found] = self.rows(
            'SELECT t.sid, t.session_ref, t.payment_ref, t.status FROM top_up t JOIN "user" u'
            " ON u.sid = t.user_sid WHERE u.mycelium_address = ? ORDER BY t.sid DESC LIMIT 1",
            person.address,
        )
        return found[0], found[1], found[2], found[3]
