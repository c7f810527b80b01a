"""Whether a node may serve a user: what the site answers, and how the node goes on by it while the site is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import DeclaredError, InvalidParams
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.tables.onboarding import NODE, STREAM_CURSOR
from handlers.app import build
from handlers.composition import load_settings
from handlers.identity.api_keys import ApiKeys
from handlers.ledger.changed import ChangedUsers
from handlers.ledger.standing import Standings
from handlers.node import allowance_service
from handlers.node.allowance_service import AllowanceHandler
from handlers.node.allowances import Allowances, Leave, SiteAway, SiteRefused
from handlers.node.errors import NodeError
from handlers.node.site import JsonRpcSite
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.site import SECRET

DOLLAR = 10**9
LASTING = timedelta(hours=1)
STREAM = "6f0c"


class Site:
    """The site's handler, asked as the node n1 asks it; `away` it answers nothing."""

    def __init__(self, book: Book) -> None:
        self.book, self.away, self.calls = book, False, 0
        self.on_the_way: dict[str, Callable[[], object]] = {}
        """What happens once, after the answer of a method was made and before it arrives."""
        standings = Standings(book.database, book.ledger, book.clock)
        changed = ChangedUsers(book.database)
        self.handler = AllowanceHandler(book.database, standings, changed, Money(5 * DOLLAR), LASTING)

    def call(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        if self.away:
            raise SiteAway("away")
        self.calls += 1
        context = Context(Caller("node", "n1"), self.book.clock, self.book.database, "test")
        given: Any = params
        asked = self.handler.allowance if method == "usage.allowance" else self.handler.allowances_changed
        try:
            answer: dict[str, Any] = asked(context, **given).model_dump(mode="json", exclude_none=True)
            self.on_the_way.pop(method, lambda: None)()
            return answer
        except DeclaredError as error:
            raise SiteRefused(error.slug, str(error)) from None


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


@pytest.fixture
def site(book: Book) -> Site:
    return Site(book)


@pytest.fixture
def node(site: Site, book: Book) -> Allowances:
    return Allowances(site, STREAM, book.clock)


def test_who_may_be_served(site: Site, book: Book, node: Allowances) -> None:
    stranger, granted, payer = book.user(), book.user(), book.user()
    book.top_up(payer, "pi_1", 10 * DOLLAR)
    book.adjustments.grant(book.context, user_sid=granted, amount=Money(2 * DOLLAR), reason="welcome")
    assert node.may_serve(stranger) == Leave(False, Decimal(0), "insufficient_funds"), "no debt without a payment"
    assert node.may_serve(granted) == Leave(True, Decimal("2.00"))
    assert node.may_serve(payer) == Leave(True, Decimal("15.00")), "the balance and what may be owed"
    assert node.may_serve("01JD4ZK7Q1M8") == Leave(False, Decimal(0), "not_found")
    book.charge(payer, "c1", 15 * DOLLAR)
    assert node.refresh() == 1
    assert node.may_serve(payer) == Leave(False, Decimal(0), "insufficient_funds")
    assert audit(book.database) == []


def test_one_call_tells_what_changed(site: Site, book: Book, node: Allowances, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance_service, "MOST", 3)
    users = [book.user() for _ in range(5)]
    for number, user in enumerate(users):
        book.top_up(user, f"pi_{number}", DOLLAR)
    assert all(node.may_serve(user).allowed for user in users[:4])
    asked = site.calls
    for number in range(4):
        book.charge(users[number], f"c{number}", DOLLAR)
    book.adjustments.freeze(book.context, user_sid=users[3], on=True, reason="dispute")
    book.charge(users[4], "c4", DOLLAR)
    assert node.refresh() >= 4, "the fifth is not one of this node's users"
    left = [node.may_serve(user) for user in users[:4]]
    assert left[:3] == [Leave(True, Decimal("5.00"))] * 3 and left[3] == Leave(False, Decimal(0), "frozen")
    book.adjustments.freeze(book.context, user_sid=users[3], on=False, reason="it is settled")
    assert node.refresh() == 1 and node.may_serve(users[3]).allowed
    assert node.refresh() == 0 and site.calls < asked + 10, "no call for a user"
    with pytest.raises(InvalidParams):
        site.call("usage.allowances_changed", {"cursor": "x"})


def test_an_answer_holds_while_the_site_is_away_until_its_end(site: Site, book: Book, node: Allowances) -> None:
    user = book.user()
    book.top_up(user, "pi_1", DOLLAR)
    assert node.may_serve(user).allowed
    book.clock.time += LASTING - timedelta(minutes=1)
    node.refresh()  # nothing changed: the answer holds for another hour from now
    book.clock.time += timedelta(minutes=2)
    site.away = True
    asked = site.calls
    assert node.may_serve(user) == Leave(True, Decimal("6.00"))
    with pytest.raises(SiteAway):
        node.refresh()
    book.clock.time += LASTING
    assert node.may_serve(user) == Leave(False, Decimal(0), "site_away")
    assert node.may_serve(book.user()).reason == "site_away"
    site.away = False
    assert node.may_serve(user).allowed and site.calls == asked + 1


def test_what_is_logged_counts_until_the_site_has_billed_it(site: Site, book: Book, node: Allowances) -> None:
    user = book.user()
    book.top_up(user, "pi_1", 10 * DOLLAR)
    for number in range(1, 5):
        node.logged(user, number, Decimal(3))
    assert node.may_serve(user) == Leave(True, Decimal("3.00"))
    book.charge(user, "c1", 6 * DOLLAR)  # two of the four were consumed and billed
    Store.of(STREAM_CURSOR, book.database).new(
        {"node_id": "n1", "stream_id": STREAM, "last_seq": 2, "last_occurred_at": book.clock.now()}, book.clock.now()
    )
    node.refresh()
    assert node.may_serve(user) == Leave(True, Decimal("3.00")), "9 are left there, of which 6 are used up"
    node.logged(user, 5, Decimal(3))
    assert node.may_serve(user) == Leave(False, Decimal(0), "insufficient_funds")


def test_a_freeze_is_not_lost_between_an_answer_and_its_arrival(site: Site, book: Book, node: Allowances) -> None:
    user = book.user()
    book.top_up(user, "pi_1", DOLLAR)
    node.refresh()

    def freeze() -> None:
        book.adjustments.freeze(book.context, user_sid=user, on=True, reason="dispute")
        node.refresh()

    site.on_the_way["usage.allowance"] = freeze
    assert node.may_serve(user).allowed, "it was asked before the freeze"
    assert node.may_serve(user) == Leave(False, Decimal(0), "frozen")


def test_a_page_does_not_undo_a_later_answer(site: Site, book: Book, node: Allowances) -> None:
    user = book.user()
    node.refresh()
    book.top_up(user, "pi_1", DOLLAR)

    def freeze() -> None:
        book.adjustments.freeze(book.context, user_sid=user, on=True, reason="dispute")
        assert node.may_serve(user) == Leave(False, Decimal(0), "frozen")

    site.on_the_way["usage.allowances_changed"] = freeze
    node.refresh()
    assert node.may_serve(user) == Leave(False, Decimal(0), "frozen")


class Breaking(BaseHTTPRequestHandler):
    """A server that breaks off in the middle of its answer, or speaks no HTTP."""

    answers = iter(
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
            b"HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\n{",
            b"x\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"[" * 50_000,
        )
    )

    def do_POST(self) -> None:
        self.wfile.write(next(self.answers))

    def log_message(self, *_: object) -> None:
        pass


def test_a_site_that_breaks_off_is_away() -> None:
    with HTTPServer(("127.0.0.1", 0), Breaking) as server:
        for _ in range(4):
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with pytest.raises(SiteAway):
                JsonRpcSite(f"http://127.0.0.1:{server.server_port}", "k").call("usage.allowance", {})
            thread.join()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Database]]:
    """A whole site on a port, and its database."""
    database = Database.open(f"sqlite:///{tmp_path}/site.db")
    create_tables(database)
    settings = load_settings(var_dir=tmp_path, database_url=database.url, admin_secret=SECRET)
    server = make_server("127.0.0.1", 0, build(settings, database, log=Log(lambda _: None)), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", database
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_node_asks_by_its_key(served: tuple[str, Database]) -> None:
    url, database = served
    book = Book(database)
    user = book.user()
    book.top_up(user, "pi_1", DOLLAR)
    Store.of(NODE, database).new(
        {"node_id": "n1", "repo_url": "https://x/n1.git", "keys": [], "kinds": []}, book.clock.now()
    )
    key = ApiKeys(database, book.clock).create_for_node("n1", "k").secret
    site = JsonRpcSite(url, key)
    allowances = Allowances(site, STREAM)
    assert allowances.may_serve(user) == Leave(True, Decimal("6.00"))
    assert allowances.refresh() == 0
    assert allowances.may_serve("01JD4ZK7Q1M8").reason == "not_found"
    with pytest.raises(SiteRefused) as refused:
        JsonRpcSite(url, "hok_of_nobody").call("usage.allowance", {"user_sid": user})
    assert refused.value.slug == "unauthorized"
    with pytest.raises(SiteAway):
        JsonRpcSite("http://127.0.0.1:9", key, timeout=1).call("usage.allowance", {"user_sid": user})
    with pytest.raises(NodeError, match="https"):
        JsonRpcSite("http://site.example", key)
