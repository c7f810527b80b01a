"""Every attack on the login that the protocol knows, against a real server: each is refused, and nothing is told."""

import ipaddress
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import time

import httpx
import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import USER
from handlers.identity import challenge as protocol
from tests.server.people import SECRETS, Browser, Person, code, secret
from tests.server.site import ADMIN, Site
from tests.waiting import PATIENCE

P = 2**255 - 19
LOW_ORDER = (
    0,
    1,
    P - 1,
    P,
    P + 1,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
)
FAILED = (401, "proof_failed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site without rate limits (they have tests of their own); at its end, its log holds no secret."""
    site = Site(tmp_path_factory.mktemp("site"), RATE_LIMITS="off", MYCELIUM_API_URL="http://127.0.0.1:1")
    site.command("migrate")
    with site.running():
        yield site
    log = site.log.read_text()
    assert '"event":"login"' in log
    assert not [kept for kept in SECRETS if kept in log], "a secret stands in the log"


@pytest.fixture
def browser(site: Site) -> Browser:
    return Browser(site.url)


@pytest.fixture
def person() -> Person:
    return Person()


def execute(site: Site, sql: str, *params: object) -> list[tuple[object, ...]]:
    """A statement on the site's database, behind its back."""
    connection = sqlite3.connect(site.directory / "var/hero-onboarding.db", timeout=PATIENCE)
    try:
        with connection:
            return connection.execute(sql, params).fetchall()
    finally:
        connection.close()


def pin(site: Site, address: str, public_key: str) -> None:
    """Let a user have an address that its key does not derive, as if such a key had been found."""
    database = Database.open(f"sqlite:///{site.directory}/var/hero-onboarding.db")
    Store.of(USER, database).new({"mycelium_address": address, "public_key": public_key}, datetime.now(UTC))
    database.close()


def nobody(browser: Browser) -> bool:
    return browser.cookie("hl_session") is None and browser.address is None


# --- the way it is meant ----------------------------------------------------------------------------------------


def test_login_and_logout(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    assert (started["origin"], started["address"]) == (site.url, person.address)
    assert nobody(browser)
    answer = browser.finish(started, person.answer(started, site.url))
    assert answer.json() == {"redirect": "/dashboard"}
    assert browser.address == person.address
    [session] = browser.rpc("identity.sessions")
    assert (session["current"], session["method"], session["ip"]) == (True, "sealed", "127.0.0.1")
    assert browser.rpc("identity.logout") == {"sessions_ended": 1}
    assert browser.address is None
    outcomes = [
        event["outcome"]
        for event in site.call("login_event.find", {"filter": {"address": person.address}}, ADMIN)["items"]
    ]
    assert outcomes == ["succeeded", "logged_out"]


def test_the_first_login_makes_the_user_with_a_balance(site: Site, browser: Browser, person: Person) -> None:
    browser.start(person)
    assert site.call("user.find", {"filter": {"mycelium_address": person.address}}, ADMIN)["items"] == []
    browser.login(person)
    Browser(site.url).login(person)
    [user] = site.call("user.find", {"filter": {"mycelium_address": person.address}}, ADMIN)["items"]
    assert user["public_key"] == person.public_key
    [billing] = site.call("billing.find", {"filter": {"user_sid": user["sid"]}}, ADMIN)["items"]
    assert billing["credit_balance"] == "0.00"


def test_a_pinned_address_is_enough(site: Site, browser: Browser, person: Person) -> None:
    unknown = browser.post("/auth/challenge", {"address": person.address})
    assert code(unknown) == (422, "public_key_required")
    browser.login(person)
    again = Browser(site.url)
    started = again.post("/auth/challenge", {"address": person.address.upper()}).json()
    assert again.finish(started, person.answer(started, site.url)).status_code == 200


def test_logout_everywhere_and_of_one(site: Site, person: Person) -> None:
    browsers = [Browser(site.url).login(person) for _ in range(4)]
    stranger = Browser(site.url).login(Person())
    first = browsers[0]
    others = [session["sid"] for session in first.rpc("identity.sessions") if not session["current"]]
    assert first.rpc("identity.end_session", {"sid": others[0]}) == {"sessions_ended": 1}
    assert first.rpc("identity.end_session", {"sid": others[0]}) == 1404
    assert stranger.rpc("identity.end_session", {"sid": others[1]}) == 1404, "another's"
    assert [browser.address for browser in browsers] == [person.address, None, person.address, person.address]
    assert first.rpc("identity.logout", {"everywhere": True}) == {"sessions_ended": 3}
    assert not any(browser.address for browser in browsers)
    assert stranger.address is not None


def test_a_restart_keeps_sessions(tmp_path: Path, person: Person) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    with site.running():
        browser = Browser(site.url).login(person)
    with site.running():
        assert browser.address == person.address


# --- replay, doubles, time --------------------------------------------------------------------------------------


def test_replay(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    answer = person.answer(started, site.url)
    pre = browser.cookie("hl_pre")
    assert browser.finish(started, answer).status_code == 200
    again = Browser(site.url).plant("hl_pre", pre or "")
    assert code(again.finish(started, answer)) == FAILED
    assert nobody(again)


def test_two_finishes_at_once(site: Site, person: Person) -> None:
    browser = Browser(site.url)
    started = browser.start(person)
    answer, pre = person.answer(started, site.url), browser.cookie("hl_pre") or ""
    statuses = at_once(site, started, answer, pre, 8)
    assert sorted(statuses) == [200] + [401] * 7
    assert execute(
        site,
        'SELECT COUNT(*) FROM "session" AS s JOIN "user" AS u ON u.sid = s.user_sid WHERE u.public_key = ?',
        person.public_key,
    ) == [(1,)]


def at_once(site: Site, started: dict[str, object], answer: str, pre: str, many: int) -> list[int]:
    """The statuses of that many finishes sent together."""
    statuses: list[int] = []
    gate = threading.Barrier(many)

    def finish() -> None:
        each = Browser(site.url).plant("hl_pre", pre)
        gate.wait()
        statuses.append(each.finish(started, answer).status_code)

    threads = [threading.Thread(target=finish) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_expired(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    execute(
        site, 'UPDATE "login_challenge" SET expires_at = ? WHERE challenge_id = ?', int(time()), started["challenge_id"]
    )
    assert code(browser.finish(started, person.answer(started, site.url))) == FAILED
    assert nobody(browser)


def test_the_sixth_try(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    for _ in range(5):
        assert code(browser.finish(started, "A" * 43)) == FAILED
    assert code(browser.finish(started, person.answer(started, site.url))) == FAILED, "right, but too late"
    fifth = browser.start(person)
    for _ in range(4):
        browser.finish(fifth, "A" * 43)
    assert browser.finish(fifth, person.answer(fifth, site.url)).status_code == 200


def test_failed_tries_are_in_the_history(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    for _ in range(7):
        browser.finish(started, "A" * 43)
    events = execute(site, 'SELECT outcome, user_sid FROM "login_event" WHERE address = ?', person.address)
    assert events == [("failed", None)] * 5, "one for each try that counted"


# --- other browsers, other sites --------------------------------------------------------------------------------


@pytest.mark.parametrize("pre", [None, "", "A" * 43, "another's"])
def test_other_cookie(site: Site, browser: Browser, person: Person, pre: str | None) -> None:
    started = browser.start(person)
    answer = person.answer(started, site.url)
    other = Browser(site.url)
    if pre == "another's":
        other.start(Person())
    elif pre is not None:
        other.plant("hl_pre", pre)
    assert code(other.finish(started, answer)) == FAILED
    assert nobody(other)
    assert browser.finish(started, answer).status_code == 200, "and it cost the right browser nothing"


@pytest.mark.parametrize("path", ["/auth/challenge", "/auth/verify"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": ""},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    ],
    ids=str,
)
def test_other_origin(site: Site, person: Person, path: str, headers: dict[str, str]) -> None:
    answer = httpx.post(
        site.url + path,
        json={"public_key": person.public_key},
        headers={"Origin": site.url, **headers},
        timeout=PATIENCE,
    )
    assert code(answer) == (403, "bad_origin")
    assert "set-cookie" not in answer.headers


def test_missing_origin(site: Site, person: Person) -> None:
    answer = httpx.post(f"{site.url}/auth/challenge", json={"public_key": person.public_key}, timeout=PATIENCE)
    assert code(answer) == (403, "bad_origin")


def test_a_form_cannot_post_json(site: Site, person: Person) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = httpx.post(
            f"{site.url}/auth/challenge",
            content=f'{{"public_key":"{person.public_key}"}}',
            headers={"Origin": site.url, "Content-Type": kind},
            timeout=PATIENCE,
        )
        assert code(answer) == (415, "bad_request")


def test_reading_changes_nothing(site: Site) -> None:
    for path in ("/auth/challenge", "/auth/verify"):
        assert httpx.get(site.url + path, timeout=PATIENCE).status_code == 405


def test_cookies_count_with_our_origin_only(site: Site, browser: Browser, person: Person) -> None:
    browser.login(person)
    del browser.http.headers["Origin"]
    assert browser.rpc("identity.me") == 1403
    assert browser.rpc("identity.logout", Origin="https://evil.example") == 1403
    assert browser.rpc("identity.me", Origin="null") == 1403
    browser.http.headers["Origin"] = site.url
    assert browser.address == person.address


def test_a_relayed_challenge_is_not_answered(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    for origin in ("https://evil.example", f"{site.url}.evil.example", site.url.replace("http:", "https:")):
        with pytest.raises(protocol.ChallengeRefused):
            person.answer(started, origin)


# --- forged headers ---------------------------------------------------------------------------------------------


def test_headers_prove_nothing(site: Site, browser: Browser, person: Person) -> None:
    Browser(site.url).login(person)
    forged = {
        "X-Public-Key": person.public_key,
        "X-Signature": "00" * 64,
        "X-Hero-Context": "user",
        "X-Hero-Claims": f'{{"sub":"{person.address}"}}',
        "X-Hero-User": person.address,
        "X-Forwarded-For": person.address,
        "X-Real-IP": person.address,
        "Forwarded": f"for={person.address}",
    }
    assert browser.rpc("identity.me", None, **forged) == 1401
    started = browser.start(person)
    assert code(browser.finish(started, "A" * 43, **forged)) == FAILED


def test_the_peer_is_the_sockets(site: Site, person: Person) -> None:
    forged = Browser(
        site.url,
        **{
            "X-Forwarded-For": "198.51.100.9",
            "X-Real-IP": "198.51.100.9",
            "Forwarded": "for=198.51.100.9",
            "User-Agent": "B" * 5000,
        },
    )
    [session] = forged.login(person).rpc("identity.sessions")
    assert session["ip"] == "127.0.0.1"
    assert session["user_agent"] == "B" * 255


# --- wrong keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", LOW_ORDER)
def test_low_order_and_non_canonical_keys(browser: Browser, number: int) -> None:
    for key in (number, number | 1 << 255):
        answer = browser.post("/auth/challenge", {"public_key": key.to_bytes(32, "little").hex()})
        assert code(answer) == (400, "bad_request")


def test_the_twin_of_a_key(browser: Browser, person: Person) -> None:
    twin = person.key[:31] + bytes([person.key[31] | 0x80])
    assert code(browser.post("/auth/challenge", {"public_key": twin.hex()})) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"public_key": ""},
        {"public_key": "00"},
        {"public_key": "g" * 64},
        {"public_key": 5},
        {"public_key": None},
        {"public_key": "a" * 66},
        {"address": "::1"},
        {"address": "2001:db8::1"},
        {"address": "127.0.0.1"},
        {"address": "::ffff:4.0.0.1"},
        {"address": "400::1%eth0"},
        {"address": "600::1"},
        {"address": "400::1/64"},
        {"address": "400::1", "method": "overlay"},
        {"address": "400::1", "method": "other"},
        {"address": "400::1", "initiated_by": "nobody"},
        {"address": "400::1", "admin": True},
        [],
        5,
        "x",
    ],
    ids=str,
)
def test_what_is_no_start(browser: Browser, body: object) -> None:
    assert code(browser.post("/auth/challenge", body)) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"challenge_id": "x"},
        {"challenge_id": "x", "response": "a", "code": "b"},
        {"response": "x"},
        {"challenge_id": "", "response": "x"},
        {"challenge_id": "x" * 65, "response": "x"},
        {"challenge_id": "x", "response": "x" * 65},
        {"challenge_id": 1, "response": "x"},
        [],
    ],
    ids=str,
)
def test_what_is_no_proof(browser: Browser, body: object) -> None:
    assert code(browser.post("/auth/verify", body)) == (400, "bad_request")


@pytest.mark.parametrize(
    "content", [b"", b"null", b"{", b"\xff", b'{"public_key":"\\ud800"}', b"NaN", b"[" * 500, b'{"a":1e999}']
)
def test_what_is_no_json(site: Site, content: bytes) -> None:
    for path in ("/auth/challenge", "/auth/verify"):
        answer = httpx.post(
            site.url + path,
            content=content,
            headers={"Origin": site.url, "Content-Type": "application/json"},
            timeout=PATIENCE,
        )
        assert code(answer) == (400, "bad_request")


def test_bodies_have_a_kilobyte(site: Site) -> None:
    for size, status in ((1024, 400), (1025, 413), (100_000, 413)):
        answer = httpx.post(
            f"{site.url}/auth/verify",
            content=b" " * size,
            headers={"Origin": site.url, "Content-Type": "application/json"},
            timeout=PATIENCE,
        )
        assert code(answer) == (status, "bad_request")


def test_another_address(browser: Browser, person: Person) -> None:
    answer = browser.post("/auth/challenge", {"public_key": person.public_key, "address": Person().address})
    assert code(answer) == (400, "address_key_mismatch")
    answer = browser.post("/auth/challenge", {"public_key": person.public_key, "address": person.address})
    assert answer.status_code == 200


def test_another_key_for_a_pinned_address(site: Site, browser: Browser, person: Person) -> None:
    """A second key with the same address takes 2^121 tries; the table is made to say that it was found."""
    pin(site, person.address, Person().public_key)
    assert code(browser.post("/auth/challenge", {"public_key": person.public_key})) == (409, "key_mismatch")
    assert code(browser.post("/auth/challenge", {"public_key": person.public_key})) == (409, "key_mismatch")
    assert code(browser.post("/auth/challenge", {"address": person.address})) == (422, "public_key_required")
    outcomes = execute(site, 'SELECT outcome FROM "login_event" WHERE address = ?', person.address)
    assert outcomes == [("refused",)] * 2
    alerts = execute(site, 'SELECT kind, count, detail FROM "operator_alert" WHERE subject = ?', person.address)
    assert [(kind, count) for kind, count, _ in alerts] == [("pinned_key_differs", 2)]
    assert person.public_key in str(alerts[0][2])


def test_another_key_pinned_between_start_and_finish(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    pin(site, person.address, Person().public_key)
    answer = person.answer(started, site.url)
    assert code(browser.finish(started, answer)) == (409, "key_mismatch")
    assert code(browser.finish(started, answer)) == FAILED, "and the challenge is spent"
    assert nobody(browser)
    assert execute(site, 'SELECT COUNT(*) FROM "operator_alert" WHERE subject = ?', person.address) == [(1,)]


def test_an_address_has_one_form(site: Site, browser: Browser, person: Person) -> None:
    """However an operator wrote it: the owner of the key gets in, and nobody is somebody twice."""
    spelt = ipaddress.IPv6Address(person.address).exploded
    data = {"mycelium_address": spelt, "public_key": person.public_key}
    user = site.call("user.new", {"data": data}, ADMIN)
    assert user["mycelium_address"] == person.address
    assert site.error("user.new", {"data": data}, ADMIN)[0] == 1409
    again = {"sid": user["sid"], "display_name": "A", **data}
    assert site.call("user.set", {"data": again}, ADMIN)["mycelium_address"] == person.address
    assert browser.login(person).rpc("identity.me")["sid"] == user["sid"]


def test_an_operator_cannot_give_an_address_to_another_key(site: Site, person: Person) -> None:
    """Whoever has the address's own key could never log in, and whoever was given it would pass for its owner."""
    wrong = ("::1", "2001:db8::1", "4:4", "cafe", Person().address)
    for refused in (
        *({"mycelium_address": address, "public_key": person.public_key} for address in wrong),
        {"mycelium_address": person.address, "public_key": "0" * 64},
        {"mycelium_address": person.address, "public_key": "f" * 64},
    ):
        for method in ("user.new", "user.set"):
            assert site.error(method, {"data": refused}, ADMIN)[0] == -32602, (method, refused)
    user = site.call("user.new", {"data": person.identity}, ADMIN)
    other = Person()
    for change in ({"mycelium_address": other.address}, {"public_key": other.public_key}):
        assert site.error("user.patch", {"sid": user["sid"], "data": change}, ADMIN)[0] == -32602
        replaced = {"sid": user["sid"], "mycelium_address": person.address, "public_key": person.public_key, **change}
        assert site.error("user.set", {"data": replaced}, ADMIN)[0] == -32602


# --- sessions ---------------------------------------------------------------------------------------------------


def test_fixation(site: Site, person: Person) -> None:
    victim = Browser(site.url)
    planted = secret("B" * 43)
    victim.plant("hl_session", planted)
    started = victim.start(person)
    pre = victim.cookie("hl_pre")
    answer = victim.finish(started, person.answer(started, site.url))
    assert pre is not None
    made = secret(httpx.Cookies(answer.cookies)["hl_session"])
    assert made != planted and len(made) == 43
    assert {"hl_session", "hl_pre"} == {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")}
    for value in (planted, pre, started["challenge_id"]):
        thief = Browser(site.url).plant("hl_session", value)
        assert thief.address is None


def test_a_new_login_ends_the_old_session_of_the_browser(site: Site, browser: Browser, person: Person) -> None:
    old = browser.login(person).cookie("hl_session")
    browser.login(person)
    assert browser.cookie("hl_session") != old
    left = Browser(site.url).plant("hl_session", old or "")
    assert left.address is None


def test_hostile_cookies(site: Site) -> None:
    for cookie in (
        b"hl_session=\xff\xfe",
        b'hl_session="',
        b"hl_session=" + b"A" * 5000,
        b";;;=;hl_session",
        b"hl_session=x; hl_pre=\xc3\xa9",
    ):
        answer = httpx.post(
            f"{site.url}/rpc",
            json={"jsonrpc": "2.0", "id": 1, "method": "billing.plans"},
            headers=[(b"Cookie", cookie), (b"Origin", site.url.encode())],
            timeout=PATIENCE,
        )
        assert "result" in answer.json(), cookie
        answer = httpx.post(
            f"{site.url}/auth/verify",
            json={"challenge_id": "x", "response": "x"},
            headers=[(b"Cookie", cookie), (b"Origin", site.url.encode())],
            timeout=PATIENCE,
        )
        assert code(answer) == FAILED, cookie


def test_two_tabs(site: Site, person: Person) -> None:
    """A second login in the same browser does not undo the first one's; the cookie is gone once one is done."""
    browser = Browser(site.url)
    first, second = browser.start(person), browser.start(Person())
    pre = browser.cookie("hl_pre")
    third = browser.start(person)
    assert browser.cookie("hl_pre") == pre
    answer = person.answer(third, site.url)
    assert browser.finish(first, person.answer(first, site.url)).status_code == 200
    assert browser.cookie("hl_pre") is None and browser.address == person.address
    assert code(browser.finish(third, answer)) == FAILED, "discarded with the login that it began"
    assert code(Browser(site.url).plant("hl_pre", pre or "").finish(second, "A" * 43)) == FAILED


@pytest.mark.parametrize("planted", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "!", "A" * 500])
def test_a_cookie_that_is_no_secret_begins_no_login(browser: Browser, person: Person, planted: str) -> None:
    browser.plant("hl_pre", planted).start(person)
    made = {cookie.value for cookie in browser.http.cookies.jar if cookie.name == "hl_pre"} - {planted}
    assert [len(value or "") for value in made] == [43]


# --- what is told -----------------------------------------------------------------------------------------------


def test_all_failures_look_the_same(site: Site, browser: Browser, person: Person) -> None:
    used, live, tried, expired = (browser.start(person) for _ in range(4))
    answers = set()
    for each in (used, live, tried, expired):
        answer = browser.finish(each, "A" * 43)
        answers.add((answer.status_code, answer.text))
    execute(site, 'UPDATE "login_challenge" SET used_at = 1 WHERE challenge_id = ?', used["challenge_id"])
    execute(site, 'UPDATE "login_challenge" SET tries = 5 WHERE challenge_id = ?', tried["challenge_id"])
    execute(site, 'UPDATE "login_challenge" SET expires_at = 1 WHERE challenge_id = ?', expired["challenge_id"])
    for challenge_id in (used["challenge_id"], tried["challenge_id"], expired["challenge_id"], "unknown", "\0", "é"):
        answer = browser.post("/auth/verify", {"challenge_id": challenge_id, "response": "A" * 43})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1


def test_nothing_in_the_database_finishes_a_login(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    answer = person.answer(started, site.url)
    kept = str(execute(site, 'SELECT * FROM "login_challenge" WHERE challenge_id = ?', started["challenge_id"]))
    for hidden in (answer, started["sealed"], browser.cookie("hl_pre") or ""):
        assert hidden and hidden not in kept
    [(proof_hash,)] = execute(
        site, 'SELECT proof_hash FROM "login_challenge" WHERE challenge_id = ?', started["challenge_id"]
    )
    assert code(browser.finish(started, str(proof_hash))) == FAILED


def test_five_open_challenges(site: Site, person: Person) -> None:
    browsers = [Browser(site.url) for _ in range(5)]
    started = [browser.start(person) for browser in browsers]
    sixth = browsers[0].post("/auth/challenge", {"public_key": person.public_key})
    assert code(sixth) == (429, "rate_limited")
    assert 0 < int(sixth.headers["Retry-After"]) <= 120
    for browser, each in zip(browsers, started, strict=True):
        assert browser.finish(each, person.answer(each, site.url)).status_code == 200, "none was pushed out"
    assert browsers[0].start(person)


def test_answers_are_kept_and_framed_by_nobody(browser: Browser, person: Person) -> None:
    for answer in (
        browser.http.get("/login"),
        browser.post("/auth/challenge", {"public_key": person.public_key}),
        browser.post("/auth/verify", {"challenge_id": "x", "response": "x"}),
        browser.post("/auth/verify", {}, Origin="https://evil.example"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "access-control-allow-origin" not in answer.headers
        assert "strict-transport-security" not in answer.headers, "this site is on plain http"


# --- programs ---------------------------------------------------------------------------------------------------


def test_a_program_gets_a_link_and_no_session(site: Site, person: Person) -> None:
    program = Browser(site.url)
    started = program.start(person, initiated_by="program")
    answer = program.finish(started, person.answer(started, site.url))
    assert set(answer.json()) == {"link"}
    assert secret(answer.json()["link"]).startswith(f"{site.url}/login/link?token=")
    assert "set-cookie" not in answer.headers
    assert nobody(program)
    assert code(program.finish(started, person.answer(started, site.url))) == FAILED, "once"


def test_a_browsers_challenge_is_no_programs(site: Site, browser: Browser, person: Person) -> None:
    started = browser.start(person)
    program = Browser(site.url)
    assert code(program.finish(started, person.answer(started, site.url))) == FAILED


def test_no_message_for_a_program(browser: Browser, person: Person) -> None:
    answer = browser.post(
        "/auth/challenge", {"public_key": person.public_key, "method": "message", "initiated_by": "program"}
    )
    assert code(answer) == (400, "bad_request")
