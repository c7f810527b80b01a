"""The product beside slow clients, a silent provider and a locked database, on both databases: others are served."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest

from codegen.runtime.http.front import SLOW_THREADS
from tests.server.people import Person
from tests.server.served import call, message
from tests.server.site import ADMIN, Site, bearer, site_on
from tests.server.visitor import Visitor
from tests.waiting import PATIENCE, wait_for

MANY = 200
SLOW_WAYS = {
    "headers": b"POST /rpc HTTP/1.1\r\nHost: x\r\n",
    "body": message(b"{", "Content-Length: 100", length=False),
    "chunks": message(b"2\r\n{ ", "Transfer-Encoding: chunked", length=False),
    "form": message(b"a=", "Content-Length: 100", length=False, path="/payment/intent"),
    "webhook": message(b"{", "Content-Length: 100", length=False, path="/webhooks/stripe"),
    "taking an answer": message(call("billing.plans")) * 2000,
}


class SilentProvider:
    """Takes connections and says nothing, until it is told to hang up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.calls: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.calls.append(self._listener.accept()[0])
            except OSError:
                return

    def hang_up(self) -> None:
        self._listener.close()
        for each in self.calls:
            each.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[SilentProvider]:
    made = SilentProvider()
    yield made
    made.hang_up()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, provider: SilentProvider
) -> Iterator[Site]:
    settings = {"SANDBOX_URL": provider.url, "RATE_LIMITS": "off", "KYC_FREE_CAP_CENTS": "1000000"}
    with site_on(request.param, request, tmp_path_factory.mktemp("site"), **settings) as found:
        found.http = httpx.Client(base_url=found.url, timeout=PATIENCE, verify=False)
        yield found


def on_sqlite(site: Site) -> bool:
    return "HERO_ONBOARDING_DATABASE_URL" not in site.environment


def new_user(site: Site) -> dict[str, Any]:
    user: dict[str, Any] = site.call("user.new", {"data": Person().identity}, ADMIN)
    return user


def everybody_is_served(site: Site, known: dict[str, Any]) -> None:
    """Health, a short call, a reading page, a list, a write; some over new connections, for no process is spared."""
    for _ in range(4):
        with httpx.Client(base_url=site.url, timeout=PATIENCE, verify=False) as other:
            assert other.get("/healthz").status_code == 200
        with httpx.Client(base_url=site.url, timeout=PATIENCE, verify=False) as other:
            body = {"jsonrpc": "2.0", "id": 1, "method": "user.get", "params": {"sid": known["sid"]}}
            assert other.post("/rpc", json=body, headers=ADMIN).json()["result"] == known
        assert site.call("billing.plans")
        assert site.http.get("/").status_code == 200
        assert known["sid"] in site.call("user.list", {"limit": 1000}, ADMIN)["items"]
        assert new_user(site)


@pytest.mark.parametrize("sent", SLOW_WAYS.values(), ids=SLOW_WAYS.keys())
def test_many_slow_clients(site: Site, sent: bytes) -> None:
    known = new_user(site)
    with ExitStack() as stack:
        for _ in range(MANY):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE))
            slow.settimeout(0.2)
            with suppress(TimeoutError):  # those that take no answers are not read from either
                slow.sendall(sent)
        everybody_is_served(site, known)


def test_a_provider_that_is_silent(site: Site, provider: SilentProvider) -> None:
    """More payments wait for it than there are threads for what is slow; whoever signs in does not, nor do webhooks."""
    known = new_user(site)
    key = bearer(site.command("apikey", "create", "--user", known["sid"], "--name", "payer"))
    number = 2 * SLOW_THREADS + 4

    def pay() -> tuple[int, Any]:
        return site.error("payments.create_top_up", {"provider": "stripe", "amount_cents": 1000}, key)

    visitor = Visitor(site)
    other_ways = {"login": visitor.login, "webhook": visitor.webhook}
    before = len(provider.calls)
    with ThreadPoolExecutor(number) as pool:
        waiting = [pool.submit(pay) for _ in range(number)]
        wait_for(lambda: len(provider.calls) - before >= SLOW_THREADS // 2)
        everybody_is_served(site, known)
        for name, come in other_ways.items():
            assert come().status_code == 200, name
        for _ in range(number):  # the rest of them call it too
            for each in provider.calls:
                each.close()
            if all(each.done() for each in waiting):
                break
            time.sleep(0.1)
        assert "provider_unavailable" in {each.result()[1] for each in waiting}, "and each is answered"


@contextmanager
def locked(site: Site, all_tables: bool = False) -> Iterator[None]:
    """Nobody else can write. On PostgreSQL nobody can read users either, or any table."""
    if on_sqlite(site):
        path = site.directory / "var" / "hero-onboarding.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.close()
        return
    with psycopg.connect(site.environment["HERO_ONBOARDING_DATABASE_URL"]) as other:
        found = other.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()")
        tables = ", ".join(table for (table,) in found) if all_tables else '"user"'
        other.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_database_that_stays_locked_is_busy_on_every_way_in(site: Site) -> None:
    """However many wait for the one writer: they do not wait in turn, each for as long as the first."""
    visitor = Visitor(site)
    ways = {**visitor.ways(), "machine": lambda: visitor.adjust(100), "rpc": visitor.rename}
    with ThreadPoolExecutor(20 * len(ways)) as pool, locked(site, all_tables=True):
        waiting = [(name, pool.submit(come)) for name, come in ways.items() for _ in range(20)]
        while not all(each.done() for _, each in waiting):
            assert site.http.get("/healthz").status_code == 200
            if on_sqlite(site):
                visitor.reads()
            time.sleep(0.2)
        for name, each in waiting:
            answer = each.result()
            if name == "rpc":
                assert answer.json()["error"]["code"] == 1453
            if name != "rpc" or answer.status_code != 200:
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), name
    assert visitor.rename().json()["result"]
    assert visitor.adjust(100).status_code == 200
    visitor.reads()


def test_a_locked_database_holds_up_writers_alone(site: Site) -> None:
    known = new_user(site)

    def write() -> httpx.Response:
        return site.post(
            {"jsonrpc": "2.0", "id": 1, "method": "user.new", "params": {"data": Person().identity}}, ADMIN
        )

    with ThreadPoolExecutor(8) as pool:
        with locked(site):
            waiting = [pool.submit(write) for _ in range(3)]
            for _ in range(10):
                assert site.http.get("/healthz").status_code == 200
                if on_sqlite(site):
                    assert site.call("user.get", {"sid": known["sid"]}, ADMIN) == known
                    assert site.http.get("/").status_code == 200
        assert all("result" in each.result().json() or each.result().status_code == 503 for each in waiting)
