"""Who is counted as whom: strangers, owners and proxies at a real site, and on both databases."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from codegen.runtime.storage.database import Database
from generated.errors.onboarding import ProofFailed
from generated.models.onboarding import LoginMethod, LoginProof, LoginStart
from handlers.identity.limits import TooMany
from handlers.identity.login import MESSAGE_WINDOW, MESSAGES, MESSAGES_TO_KEY, OPEN, Login
from handlers.identity.peer import Peer
from handlers.identity.visitor import Visitor
from tests.server.login_world import Clock, answer, log_in, new_login, start
from tests.server.mycelium_node import Node, running_node
from tests.server.people import Browser, Person
from tests.server.site import ADMIN, Site
from tests.waiting import PATIENCE

OWNER, STRANGER = "203.0.113.9", "198.51.100.1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site behind proxies of ours: one on this machine, and one in front of that."""
    site = Site(tmp_path_factory.mktemp("site"), TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.1")
    site.command("migrate")
    with site.running():
        yield site
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    assert {line["peer"] for line in lines if line["event"] == "login"} >= {OWNER, STRANGER}


def behind(site: Site, address: str) -> Browser:
    """The browser of a visitor that a proxy sees at this address."""
    return Browser(site.url, **{"X-Forwarded-For": address})


def statuses(site: Site, address: str, person: Person, many: int) -> list[int]:
    """What a peer is answered that asks for so many challenges of a key."""
    return [
        behind(site, address).post("/auth/challenge", {"public_key": person.public_key}).status_code
        for _ in range(many)
    ]


# --- at a site --------------------------------------------------------------------------------------------------


def test_a_stranger_does_not_lock_the_owner_out(site: Site) -> None:
    person = Person()
    assert statuses(site, STRANGER, person, 30) == [200] * OPEN + [429] * (30 - OPEN)
    owner = behind(site, OWNER).login(person)
    [session] = owner.rpc("identity.sessions")
    assert session["ip"] == OWNER
    [event] = site.call("login_event.find", {"filter": {"address": person.address}}, ADMIN)["items"]
    assert event["ip"] == OWNER


def test_visitors_behind_a_proxy_are_counted_each_for_itself(site: Site) -> None:
    for number in (2, 3):
        peer = f"198.51.100.{number}"
        answers = [behind(site, peer).post("/auth/challenge", {}).status_code for _ in range(61)]
        assert answers == [400] * 60 + [429], peer
    assert behind(site, "198.51.100.4").post("/auth/challenge", {}).status_code == 400


def test_a_stranger_cannot_pass_for_many(site: Site) -> None:
    """What stands left of the address that the proxy saw is not looked at."""
    answers = [
        behind(site, f"203.0.113.{number}, 198.51.100.5").post("/auth/challenge", {}).status_code
        for number in range(61)
    ]
    assert answers == [400] * 60 + [429]


def test_all_headers_of_that_name_are_one(site: Site) -> None:
    """A client's own header comes first, our proxies' come behind it; one with underscores is another name."""
    person = Person()
    body = json.dumps({"public_key": person.public_key}).encode()
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(
            b"POST /auth/challenge HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\n"
            b"X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-For: 198.51.100.7\r\nx-forwarded-for: 10.0.0.1\r\n"
            b"X_Forwarded_For: 192.0.2.67\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
            % (site.url[7:].encode(), site.url.encode(), len(body), body)
        )
        answered = b""
        while part := connection.recv(4096):
            answered += part
    assert answered.startswith(b"HTTP/1.1 200")
    with closing(sqlite3.connect(site.directory / "var/hero-onboarding.db", timeout=PATIENCE)) as database:
        kept = database.execute(
            "SELECT peer FROM login_challenge WHERE public_key = ?", (person.public_key,)
        ).fetchall()
    assert kept == [("198.51.100.7",)]


def test_without_proxies_the_header_says_nothing(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = Site(tmp_path_factory.mktemp("alone"), TRUSTED_PROXIES="10.0.0.1")
    alone.command("migrate")
    with alone.running():
        [session] = behind(alone, OWNER).login(Person()).rpc("identity.sessions")
    assert session["ip"] == "127.0.0.1"


def test_a_setting_that_is_no_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    for text in ("proxy.example", "10.0.0.1/8", "10.0.0.1 10.0.0.2"):
        site = Site(tmp_path_factory.mktemp("wrong"), TRUSTED_PROXIES=text)
        told = site.command("migrate", status=1)
        assert "HERO_ONBOARDING_TRUSTED_PROXIES" in told, told


# --- on both databases ------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node() as node:
        yield node


@pytest.fixture
def login(database: Database, clock: Clock, node: Node) -> Login:
    return new_login(database, clock, node.url)


def at(address: str) -> Visitor:
    return Visitor(Peer(address))


def test_open_challenges_are_counted_for_key_and_peer(login: Login) -> None:
    person, other = Person(), Person()
    for number in range(1, 4):
        for _ in range(OPEN):
            start(login, person, at(f"198.51.100.{number}"))
        with pytest.raises(TooMany):
            start(login, person, at(f"198.51.100.{number}"))
        start(login, other, at(f"198.51.100.{number}"))
    begun = start(login, person, at(OWNER))
    finished = login.finish(answer(login, person, begun), Visitor(Peer(OWNER), begun.pre))
    assert finished.session is not None


def test_a_network_of_ipv6_is_one_peer(login: Login) -> None:
    person = Person()
    for number in range(OPEN):
        start(login, person, at(f"2001:db8::{number:x}"))
    with pytest.raises(TooMany):
        start(login, person, at("2001:db8::ffff"))
    start(login, person, at("2001:db8:0:1::1"))


def test_a_key_is_started_so_often_by_a_peer(login: Login, clock: Clock) -> None:
    person = Person()
    for _ in range(20):
        log_in(login, person, at(STRANGER))
    with pytest.raises(TooMany) as refused:
        start(login, person, at(STRANGER))
    assert 0 < (refused.value.retry_after or 0) <= 300
    log_in(login, person, at(OWNER))


def ask_for_code(login: Login, person: Person, address: str) -> None:
    login.start(LoginStart(public_key=person.public_key, method=LoginMethod.MESSAGE), at(address))


def test_codes_are_counted_for_key_and_peer(login: Login, clock: Clock, node: Node) -> None:
    person = Person()
    for _ in range(MESSAGES):
        ask_for_code(login, person, STRANGER)
    with pytest.raises(TooMany) as refused:
        ask_for_code(login, person, STRANGER)
    assert refused.value.retry_after == MESSAGE_WINDOW.total_seconds()
    ask_for_code(login, person, OWNER)
    clock.time += MESSAGE_WINDOW
    ask_for_code(login, person, STRANGER)


def test_nobody_is_flooded_with_codes(login: Login, node: Node) -> None:
    """Many peers together send so many; who has signed in from somewhere gets codes there all the same."""
    person, other = Person(), Person()
    log_in(login, person, at(OWNER))
    log_in(login, other, at("203.0.113.10"))
    begun = start(login, person, at("198.51.100.98"))
    with pytest.raises(ProofFailed):
        wrong = LoginProof(challenge_id=begun.challenge.challenge_id, response="A" * 43)
        login.finish(wrong, Visitor(Peer("198.51.100.98"), begun.pre))
    before = len(node.messages)
    for number in range(MESSAGES_TO_KEY):
        ask_for_code(login, person, f"198.51.100.{number}")
    for address in ("198.51.100.99", "198.51.100.98", "203.0.113.10", ""):
        with pytest.raises(TooMany):
            ask_for_code(login, person, address)
    ask_for_code(login, other, "198.51.100.99")
    for _ in range(MESSAGES):
        ask_for_code(login, person, OWNER)
    with pytest.raises(TooMany):
        ask_for_code(login, person, OWNER)
    assert len(node.messages) - before == MESSAGES_TO_KEY + MESSAGES + 1
    start(login, person, at("198.51.100.99"))  # a sealed challenge needs no code
