"""Somebody who is signed in to a running site and comes in by every way: pages, forms, webhooks, login, JSON-RPC."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable

import httpx

from codegen.runtime.context import Clock, SystemClock
from codegen.runtime.storage.database import Database
from generated.models.onboarding import LoginMethod
from handlers.composition import load_settings
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from tests.server.people import Person
from tests.server.site import ADMIN, Site


def database_url_of(site: Site) -> str:
    """Where its data is."""
    return site.environment.get("HERO_ONBOARDING_DATABASE_URL", f"sqlite:///{site.directory}/var/hero-onboarding.db")


class Visitor:
    """Was last seen a while ago, so that every page notes that they are seen."""

    def __init__(self, site: Site, clock: Clock | None = None) -> None:
        self.site = site
        self.database_url = database_url_of(site)
        database = Database.open(self.database_url)
        settings = load_settings(var_dir=site.directory / "var", public_url=site.url)
        sessions = Sessions(database, clock or SystemClock(), settings)
        self.person = Person()
        self.sid = sessions.users.new(
            {"mycelium_address": self.person.address, "public_key": self.person.public_key}, sessions.clock.now()
        ).sid
        self.cookie = sessions.create(self.sid, LoginMethod.SEALED, Peer("127.0.0.1"))
        self.csrf = sessions.csrf_token(self.cookie)
        database.execute('UPDATE "session" SET "last_seen_at" = "last_seen_at" - 3600')
        database.close()
        self.cents = 0
        """The balance, as the last answer that was a success left it."""

    def get(self, path: str) -> httpx.Response:
        return self.site.http.get(path, headers={"Cookie": f"hl_session={self.cookie}", "Accept": "text/html"})

    def webhook(self) -> httpx.Response:
        event = {"id": f"evt_{os.urandom(8).hex()}", "object": "event", "type": "customer.created", "livemode": False}
        body = json.dumps({**event, "created": int(time.time()), "data": {"object": {"id": "cus_1"}}}).encode()
        now = int(time.time())
        signature = hmac.new(b"whsec_sandbox", b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
        return self.site.http.post(
            "/webhooks/stripe", content=body, headers={"Stripe-Signature": f"t={now},v1={signature}"}
        )

    def form(self) -> httpx.Response:
        fields = {"csrf_token": self.csrf, "provider": "stripe", "amount_cents": "1000"}
        headers = {"Cookie": f"hl_session={self.cookie}", "Origin": self.site.url, "Accept": "text/html"}
        return self.site.http.post("/payment/intent", data=fields, headers=headers)

    def login(self) -> httpx.Response:
        return self.site.http.post(
            "/auth/challenge", json={"public_key": Person().public_key}, headers={"Origin": self.site.url}
        )

    def adjust(self, cents: int) -> httpx.Response:
        answer = self.site.http.post(
            "/admin/balance-adjust", json={"sid": self.sid, "balance_cents": cents}, headers=ADMIN
        )
        if answer.status_code == 200:
            self.cents = cents
        return answer

    def ways(self) -> dict[str, Callable[[], httpx.Response]]:
        """Those that write."""
        return {"webhook": self.webhook, "form": self.form, "login": self.login}

    def rename(self) -> httpx.Response:
        """A write by JSON-RPC."""
        params = {"sid": self.sid, "data": {"display_name": "Ada" * 10}}
        return self.site.post({"jsonrpc": "2.0", "id": 1, "method": "user.patch", "params": params}, ADMIN)

    def renames(self) -> tuple[int, int]:
        """The code of it (0: it was done), and when to try again."""
        error = self.rename().json().get("error", {"code": 0, "data": {}})
        return error["code"], error["data"].get("retry_after", 0)

    def reads(self) -> None:
        """What writes nothing is answered."""
        assert self.site.call("user.get", {"sid": self.sid}, ADMIN)["sid"] == self.sid
        for path in ("/", "/dashboard", "/ledger", "/healthz", "/readyz"):
            assert self.get(path).status_code == 200, path
        assert "rpc_call_seconds_count" in self.get("/metrics").text
