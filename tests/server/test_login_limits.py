"""Rate limits of the login, and cookies on https, at a real server."""

from collections.abc import Iterator

import httpx
import pytest

from tests.server.people import Browser, Person, code
from tests.server.site import Site
from tests.waiting import PATIENCE

ORIGIN = "https://hero.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), PUBLIC_URL=ORIGIN)
    site.command("migrate")
    with site.running():
        yield site


def browser(site: Site, **headers: str) -> Browser:
    return Browser(site.url, ORIGIN, Host="hero.example", **headers)


def set_cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """The attributes of each cookie that an answer sets."""
    cookies = {}
    for line in answer.headers.get_list("set-cookie"):
        pair, *attributes = line.split("; ")
        cookies[pair.partition("=")[0]] = set(attributes)
    return cookies


def test_cookies_on_https(site: Site) -> None:
    person, visitor = Person(), browser(site)
    answer = visitor.post("/auth/challenge", {"public_key": person.public_key})
    common = {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}
    assert set_cookies(answer) == {"__Host-hl_pre": common | {"Max-Age=600"}}, "no domain: for this host only"
    pre = answer.headers["set-cookie"].partition(";")[0]
    proof = {"challenge_id": answer.json()["challenge_id"], "response": person.answer(answer.json(), ORIGIN)}
    assert len(pre.partition("=")[2]) == 43, "32 bytes"
    unprefixed = visitor.post("/auth/verify", proof, Cookie=pre.replace("__Host-", ""))
    assert code(unprefixed) == (401, "proof_failed"), "a neighbour could have set that one"
    done = visitor.post("/auth/verify", proof, Cookie=pre)
    assert set_cookies(done) == {
        "__Host-hl_session": common | {"Max-Age=604800"},
        "__Host-hl_pre": common | {"expires=Thu, 01 Jan 1970 00:00:00 GMT"},
    }
    session = next(line for line in done.headers.get_list("set-cookie") if "hl_session" in line).partition(";")[0]
    assert visitor.rpc("identity.me", Cookie=session)["mycelium_address"] == person.address
    assert visitor.rpc("identity.me", Cookie=session.replace("__Host-", "")) == 1401


def test_a_browser_that_came_by_https_comes_by_nothing_else(site: Site) -> None:
    answers = [
        browser(site).http.get("/login"),
        browser(site).http.get("/nowhere", headers={"Accept": "text/html"}),
        browser(site).http.get("/healthz"),
        browser(site).http.post("/rpc", json={"jsonrpc": "2.0", "id": 1, "method": "billing.plans"}),
        browser(site).http.post("/rpc", json={"jsonrpc": "2.0", "method": "billing.plans"}),
        browser(site).post("/auth/challenge", {}),
        browser(site).post("/auth/challenge", {}, Origin="https://evil.example"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 200, 204, 400, 403]
    assert {answer.headers["Strict-Transport-Security"] for answer in answers} == {"max-age=31536000"}


def test_hosts(site: Site) -> None:
    for host, status in (
        ("hero.example", 400),
        ("HERO.example:443", 400),
        (f"127.0.0.1:{site.port}", 400),
        ("hero.example:8443", 403),
        ("hero.example.evil.example", 403),
        ("evil@hero.example", 403),
    ):
        answer = httpx.post(
            f"{site.url}/auth/challenge", json={}, headers={"Origin": ORIGIN, "Host": host}, timeout=PATIENCE
        )
        assert answer.status_code == status, host


def test_a_key_is_started_so_often(site: Site) -> None:
    person = Person()
    for _ in range(20):
        visitor = browser(site)
        answer = visitor.post("/auth/challenge", {"public_key": person.public_key, "initiated_by": "program"})
        assert answer.status_code == 200
        done = visitor.finish(answer.json(), person.answer(answer.json(), ORIGIN))
        assert done.status_code == 200
    late = browser(site).post("/auth/challenge", {"public_key": person.public_key})
    assert code(late) == (429, "rate_limited")
    assert 0 < int(late.headers["Retry-After"]) <= 300
    assert browser(site).post("/auth/challenge", {"public_key": Person().public_key}).status_code == 200


def test_a_peer_asks_so_often_whatever_it_says_of_itself(site: Site) -> None:
    """Runs last: it uses this peer's share up."""
    for path, limit in (("/auth/challenge", 60), ("/auth/verify", 120)):
        body = {"challenge_id": "x", "response": "x"} if path == "/auth/verify" else {}
        answers = [
            browser(site, **{"X-Forwarded-For": f"198.51.100.{number}"}).post(path, body) for number in range(limit + 1)
        ]
        last = answers[-1]
        assert code(last) == (429, "rate_limited"), path
        assert 0 < int(last.headers["Retry-After"]) <= 60
