"""The one-time link and the forms around the login in a browser's hands: nothing happens by being led there."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.server.people import SECRETS, Browser, Person, secret
from tests.server.site import Site
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), RATE_LIMITS="off", MYCELIUM_API_URL="http://127.0.0.1:1")
    site.command("migrate")
    with site.running():
        yield site
    log = site.log.read_text()
    assert not [kept for kept in SECRETS if kept in log], "a secret stands in the log"


@pytest.fixture
def person() -> Person:
    return Person()


def token_of(site: Site, person: Person) -> str:
    """The token of a link that the login program would print."""
    program = Browser(site.url)
    started = program.start(person, initiated_by="program")
    link = program.finish(started, person.answer(started, site.url)).json()["link"]
    return secret(str(link.split("?token=")[1]))


def look(browser: Browser, token: str) -> tuple[str, str]:
    """The page behind a link, and the token of its form."""
    page = browser.http.get("/login/link", params={"token": token})
    assert page.status_code == 200, page.headers.get("location")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return page.text.replace("<wbr>", ""), secret(found[1])


def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    return browser.http.post(path, data=fields)


def test_a_link_asks_and_then_signs_in(site: Site, person: Person) -> None:
    token, browser = token_of(site, person), Browser(site.url)
    for _ in range(3):
        page, csrf = look(browser, token)
        assert person.address in page
        assert browser.cookie("hl_session") is None and browser.address is None, "looking does nothing"
    done = send(browser, "/login/link", token=token, csrf_token=csrf)
    assert (done.status_code, done.headers["location"]) == (303, "/dashboard")
    assert browser.address == person.address
    again = Browser(site.url)
    assert "error=proof_failed" in again.http.get("/login/link", params={"token": token}).headers["location"]


def test_a_mailed_link_signs_nobody_in(site: Site, person: Person) -> None:
    """Login CSRF: somebody is led to the attacker's link, or made to send its form from another page."""
    attacker, victim = Person(), Browser(site.url).login(person)
    token = token_of(site, attacker)
    page, csrf = look(victim, token)
    assert attacker.address in page, "the page says whose it is"
    assert victim.address == person.address
    _, foreign = look(Browser(site.url), token)
    for fields, headers in (
        ({"csrf_token": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf_token": csrf}, {"Origin": "null"}),
        ({"csrf_token": csrf}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf_token": csrf}, {"Host": "evil.example"}),
        ({}, {}),
        ({"csrf_token": ""}, {}),
        ({"csrf_token": foreign}, {}),
    ):
        answer = victim.http.post("/login/link", data={"token": token, **fields}, headers=headers)
        assert answer.status_code == 403, (fields, headers)
    without = httpx.post(
        f"{site.url}/login/link",
        data={"token": token, "csrf_token": csrf},
        headers={"Cookie": f"hl_session={victim.cookie('hl_session')}"},
        timeout=PATIENCE,
    )
    assert without.status_code == 403, "no Origin"
    assert victim.address == person.address
    assert look(Browser(site.url), token), "and the link was not used up by all this"


def test_links_tell_nothing_outside(site: Site, person: Person) -> None:
    answer = Browser(site.url).http.get("/login/link", params={"token": token_of(site, person)})
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r'(?:src|href|action)="https?://', answer.text)


def test_a_link_with_what_no_text_has_is_refused(site: Site) -> None:
    assert Browser(site.url).http.get("/login/link", params={"token": "\0"}).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "%00", "é"])
def test_what_is_no_link(site: Site, token: str) -> None:
    answer = Browser(site.url).http.get("/login/link", params={"token": token})
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")


def test_a_code_or_response_in_a_form(site: Site, person: Person) -> None:
    browser = Browser(site.url)
    page = browser.http.get("/login").text
    csrf = secret(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])
    begun = send(browser, "/login", identity=person.public_key, method="sealed", csrf_token=csrf)
    assert begun.status_code == 200
    blob = max(re.findall(r"[A-Za-z0-9_-]{400,}", begun.text), key=len)
    challenge_id = re.findall(r'name="challenge_id" value="([^"]+)"', begun.text)[0]
    csrf = secret(re.findall(r'name="csrf_token" value="([^"]+)"', begun.text)[0])
    response = person.answer({"sealed": blob}, site.url)
    fields = {"challenge_id": challenge_id, "response": response}
    assert send(browser, "/login", **fields).status_code == 403
    assert send(Browser(site.url), "/login", **fields, csrf_token=csrf).status_code == 403
    assert send(browser, "/login", **fields, csrf_token=csrf).headers["location"] == "/dashboard"
    assert browser.address == person.address
    assert secret(browser.cookie("hl_session") or "")


def test_two_tabs_of_the_login_page(site: Site, person: Person) -> None:
    """Each tab has its own challenge; what the second one does leaves the first one's forms good."""
    browser = Browser(site.url)

    def begin() -> dict[str, str]:
        csrf = secret(re.findall(r'name="csrf_token" value="([^"]+)"', browser.http.get("/login").text)[0])
        page = send(browser, "/login", identity=person.public_key, method="sealed", csrf_token=csrf).text
        blob = max(re.findall(r"[A-Za-z0-9_-]{400,}", page), key=len)
        return {
            "challenge_id": re.findall(r'name="challenge_id" value="([^"]+)"', page)[0],
            "response": person.answer({"sealed": blob}, site.url),
            "csrf_token": secret(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]),
        }

    first, second = begin(), begin()
    assert first["csrf_token"] == second["csrf_token"]
    assert send(browser, "/login", **first).headers["location"] == "/dashboard"
    assert browser.address == person.address
    assert send(browser, "/login", **second).status_code == 403, "signed in already"
    assert browser.address == person.address


def test_logout_and_sessions_ask_for_the_token(site: Site, person: Person) -> None:
    here, there = Browser(site.url).login(person), Browser(site.url).login(person)
    page = here.http.get("/sessions").text
    csrf = secret(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])
    other = next(each["sid"] for each in here.rpc("identity.sessions") if not each["current"])
    assert send(here, "/logout", everywhere="1").status_code == 403
    assert send(here, "/sessions", sid=other).status_code == 403
    assert here.http.get("/logout").status_code == 405
    assert here.address == there.address == person.address
    for sid in ("\0", "x", "", "é" * 10, other * 40):
        assert "error=not_found" in send(here, "/sessions", sid=sid, csrf_token=csrf).headers["location"]
    assert send(here, "/sessions", sid=other, csrf_token=csrf).status_code == 303
    assert here.address == person.address
    assert there.address is None
    kept = here.cookie("hl_session") or ""
    assert send(here, "/logout", csrf_token=csrf).status_code == 303
    assert here.cookie("hl_session") is None
    assert Browser(site.url).plant("hl_session", kept).address is None, "ended, not only forgotten"
