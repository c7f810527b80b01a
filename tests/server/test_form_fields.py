"""A form's fields are as strict as a call's: what cannot be kept is refused with a slug on every way in, and no row."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest
from falcon import inspect

from codegen.runtime.errors import Conflict, InvalidParams
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginMethod, User
from generated.tables.onboarding import OPERATOR_ACT, REFUND, TOP_UP
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from tests.server.payment_world import World, world
from tests.server.site import ADMIN, SECRET
from tests.waiting import PATIENCE

HOSTILE = ("hello", "\0", "a\0b", "\u202e", "\U0001f4b8" * 40, "x" * 3000, "-1", "1e9", "'; --", "null", "\u0665" * 9)
NOT_UTF_8 = "%ED%A0%80"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url, admin_secret=SECRET) as found:
        yield found
        found.audit()


class Browser:
    """Somebody who is signed in."""

    def __init__(self, site: World, user: User) -> None:
        self.site = site
        sessions = Sessions(site.database, site.clock, site.settings)
        cookie = site.database.run(lambda: sessions.create(user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))
        self.csrf = sessions.csrf_token(cookie)
        self.headers = {"Origin": site.site_url, "Cookie": f"hl_session={cookie}"}

    def post(self, path: str, fields: dict[str, str], tail: str = "") -> httpx.Response:
        body = urlencode({"csrf_token": self.csrf, **fields}) + tail
        form = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self.site.http.post(f"{self.site.site_url}{path}", content=body, headers=form)

    def get(self, path: str) -> httpx.Response:
        return self.site.http.get(f"{self.site.site_url}{path}", headers=self.headers)


@pytest.fixture
def browser(site: World) -> Browser:
    return Browser(site, site.user())


def slug(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["error"][0]


def rows(site: World) -> int:
    database = site.database
    stored = (Store.of(TOP_UP, database).list(1000), Store.of(REFUND, database).list(1000))
    return sum(len(page["items"]) for page in (*stored, Store.of(OPERATOR_ACT, database).list(1000)))


INTENT = {"provider": "stripe", "amount": "25"}


def test_a_phone_number_that_is_none(site: World, browser: Browser) -> None:
    for phone in HOSTILE:
        assert slug(browser.post("/payment/intent", {**INTENT, "phone": phone})) == "phone_invalid", phone
    assert rows(site) == 0


@pytest.mark.parametrize("field", ["provider", "amount", "amount_cents"])
def test_other_fields_of_the_top_up_form(site: World, browser: Browser, field: str) -> None:
    for value in HOSTILE:
        fields = {"provider": "stripe", "amount_cents": "2500", field: value}
        assert slug(browser.post("/payment/intent", fields)) in ("unknown_provider", "amount_invalid"), value
    assert rows(site) == 0


def test_forms_that_name_an_object(site: World, browser: Browser) -> None:
    for path, field in (("/payment/check", "top_up"), ("/payment/cancel", "top_up"), ("/sessions", "sid")):
        for value in ("", *HOSTILE):
            assert browser.post(path, {field: value}).status_code in (303, 400, 404), (path, value)
    assert rows(site) == 0


def test_addresses_that_name_an_object(browser: Browser) -> None:
    for path in ("/payment/return?top_up={}", "/payment/return?session_id={}", "/receipts/{}"):
        for value in (*map(quote, HOSTILE), NOT_UTF_8):
            assert browser.get(path.format(value)).status_code in (400, 404), (path, value)


def test_every_form_refuses_what_is_not_utf_8(site: World, browser: Browser) -> None:
    for path in ("/payment/intent", "/payment/check", "/payment/cancel", "/sessions", "/logout"):
        assert browser.post(path, INTENT, f"&phone={NOT_UTF_8}").status_code == 400, path
    assert rows(site) == 0


def test_no_route_acts_on_a_body_that_is_cut_off(site: World, browser: Browser) -> None:
    """Everything that takes a body: fewer bytes than its Content-Length are no request."""
    posts = [route.path for route in inspect.inspect_routes(site.app) if any(m.method == "POST" for m in route.methods)]
    assert {"/payment/intent", "/payment/check", "/rpc", "/admin/balance-adjust", "/webhooks/stripe"} <= set(posts)
    forms = urlencode({"csrf_token": browser.csrf, **INTENT})
    order = json.dumps({"sid": site.user("7").sid, "balance_cents": 5})
    for path in posts:
        for kind, body in (("application/x-www-form-urlencoded", forms), ("application/json", order)):
            headers = {**browser.headers, **ADMIN, "Content-Type": kind, "Content-Length": str(len(body) + 10)}
            status = cut_off(site, path, body, headers)
            assert 400 <= status < 500, (path, kind, status)
    assert rows(site) == 0


def cut_off(site: World, path: str, body: str, headers: dict[str, str]) -> int:
    """The status of the answer to a request whose sender stops before its end."""
    host, _, port = site.site_url.removeprefix("http://").partition(":")
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "", body]).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline().decode()
    return int(answer.split()[1])


# --- machines -------------------------------------------------------------------------------------------------------


def test_a_reason_that_cannot_be_kept(site: World) -> None:
    user = site.user("8")
    for value in ("\0", "a\0b", "", "x" * 501, 7, ["a"]):
        answer = balance(site, {"sid": user.sid, "balance_cents": 500, "reason": value})
        assert answer.status_code == 400 and answer.json()["error"] == "invalid", (value, answer.text)
        assert answer.json()["errors"]
    billing = site.billing(user)
    assert rows(site) == 0 and (billing is None or billing.credit_balance == 0)


def test_other_fields_of_a_balance(site: World) -> None:
    order = {"sid": site.user("8").sid, "balance_cents": 500}
    wrong: list[dict[str, object]] = [
        {"sid": "\0\0\0\0"},
        {"balance_cents": 2**63},
        {"balance_cents": "5"},
        {"other": 1},
    ]
    for fields in wrong:
        assert balance(site, {**order, **fields}).status_code == 400, fields
    assert rows(site) == 0


def balance(site: World, order: dict[str, object]) -> httpx.Response:
    return site.http.post(f"{site.site_url}/admin/balance-adjust", json=order, headers=ADMIN)


def test_services_check_what_forms_hand_on(site: World) -> None:
    """Whoever calls a service in the program is checked like a call from outside."""
    user = site.user("9")
    for fields in ({"phone": "hello"}, {"amount_cents": 2**70}, {"form_token": 7}):
        with pytest.raises(InvalidParams):
            site.handler.create_top_up(
                site.context(user),
                **{"provider": "stripe", "amount_cents": 1000, **fields},  # type: ignore[arg-type]
            )
    assert rows(site) == 0


# --- one key, one thing ---------------------------------------------------------------------------------------------


def test_a_form_token_with_other_fields(site: World, browser: Browser) -> None:
    first = browser.post("/payment/intent", {**INTENT, "form_token": "t1"})
    again = browser.post("/payment/intent", {**INTENT, "form_token": "t1"})
    assert again.headers["location"] == first.headers["location"]
    assert slug(browser.post("/payment/intent", {**INTENT, "amount": "26", "form_token": "t1"})) == "conflict"
    other = Browser(site, site.user("2"))
    answer = other.post("/payment/intent", {**INTENT, "amount": "26", "form_token": "t1"})
    assert "error=" not in answer.headers["location"]
    assert rows(site) == 2


def test_a_refund_key_with_other_arguments(site: World) -> None:
    user, admin = site.user("3"), site.context(None)
    first, second = site.paid(user), site.paid(user)
    refund = site.handler.refund(admin, top_up_sid=first.top_up_sid, amount_cents=300, reason="asked", key="k")
    assert site.handler.refund(admin, top_up_sid=first.top_up_sid, amount_cents=300, reason="asked", key="k").sid == (
        refund.sid
    )
    for other in ({"amount_cents": 301}, {"reason": "other"}, {"top_up_sid": second.top_up_sid}):
        fields = {"top_up_sid": first.top_up_sid, "amount_cents": 300, "reason": "asked", **other}
        with pytest.raises(Conflict):
            site.handler.refund(admin, key="k", **fields)  # type: ignore[arg-type]
    site.settle()
    assert site.balance(user) == 17


def test_a_decision_key_with_other_arguments(site: World) -> None:
    user, admin = site.user("4"), site.context(None)
    site.switch(settle_as={"amount": 900})
    started = site.start(user)
    site.pay(started)
    site.settle()
    for _ in range(2):
        site.handler.resolve_review(admin, top_up_sid=started.top_up_sid, credit=True, reason="r", key="k")
    with pytest.raises(Conflict):
        site.handler.resolve_review(admin, top_up_sid=started.top_up_sid, credit=False, reason="r", key="k")
    assert site.balance(user) == 9 and len(site.acts()) == 1
