"""Logging in by a code that a Mycelium node delivers, against a stand-in of the node's HTTP API."""

import re
from collections.abc import Iterator

import pytest

from tests.server.mycelium_node import Node, running_node
from tests.server.people import SECRETS, Browser, Person, code, secret
from tests.server.site import ADMIN, Site

TEXT = re.compile(
    r"Hero login to (\S+) at \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Code: ([A-Z2-7]{5}-[A-Z2-7]{5})\. "
    r"Type it only on (\S+)\. If you did not ask, ignore\."
)
FAILED = (401, "proof_failed")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node() as node:
        yield node


@pytest.fixture(scope="module")
def site(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), MYCELIUM_API_URL=node.url)
    site.command("migrate")
    with site.running():
        yield site
    log = site.log.read_text()
    assert not [kept for kept in SECRETS if kept in log], "a secret stands in the log"


@pytest.fixture
def person(node: Node) -> Person:
    person = Person()
    node.keys[person.address] = person.public_key
    return person


def start(site: Site, node: Node, person: Person) -> tuple[Browser, dict[str, str], str]:
    browser = Browser(site.url)
    answer = browser.post("/auth/challenge", {"public_key": person.public_key, "method": "message"})
    assert (answer.status_code, answer.json()["delivery"]) == (202, "pending"), answer.text
    return browser, answer.json(), secret(node.code())


def finish(browser: Browser, started: dict[str, str], text: str) -> tuple[int, str]:
    answer = browser.post("/auth/verify", {"challenge_id": started["challenge_id"], "code": text})
    return (200, "") if answer.status_code == 200 else code(answer)


def test_a_code_logs_in(site: Site, node: Node, person: Person) -> None:
    browser, started, typed = start(site, node, person)
    assert set(started) == {"challenge_id", "origin", "address", "expires_at", "delivery"}
    message = node.messages[-1]
    found = TEXT.fullmatch(message["text"])
    assert found is not None and found.groups() == (site.url, typed, site.url)
    assert (message["pk"], message["topic"]) == (person.public_key, "hero.login")
    assert finish(browser, started, typed) == (200, "")
    assert browser.address == person.address
    [session] = browser.rpc("identity.sessions")
    assert session["method"] == "message"
    assert finish(browser, started, typed) == FAILED, "once"


def test_a_code_is_typed_as_people_type(site: Site, node: Node, person: Person) -> None:
    browser, started, typed = start(site, node, person)
    assert finish(browser, started, f" {typed.lower().replace('-', ' ')} ") == (200, "")


def test_a_code_is_good_in_the_browser_that_asked(site: Site, node: Node, person: Person) -> None:
    """Somebody who is talked into telling a code, or into typing one that another asked for, opens nothing."""
    browser, started, typed = start(site, node, person)
    assert finish(Browser(site.url), started, typed) == FAILED
    other = Browser(site.url)
    mine = other.start(Person())
    assert finish(other, started, typed) == FAILED
    assert finish(other, mine, typed) == FAILED
    assert finish(browser, started, typed) == (200, "")


def test_five_tries(site: Site, node: Node, person: Person) -> None:
    browser, started, typed = start(site, node, person)
    for _ in range(5):
        assert finish(browser, started, "AAAAA-AAAAA") == FAILED
    assert finish(browser, started, typed) == FAILED


def test_three_codes_in_a_quarter_of_an_hour(site: Site, node: Node, person: Person) -> None:
    for _ in range(3):
        browser, started, typed = start(site, node, person)
        assert finish(browser, started, typed) == (200, "")
    sent = len(node.messages)
    answer = browser.post("/auth/challenge", {"public_key": person.public_key, "method": "message"})
    assert code(answer) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert len(node.messages) == sent
    assert browser.start(person)["sealed"], "a sealed box is still offered"
    start(site, node, Person())


def test_an_address_whose_key_the_node_knows(site: Site, node: Node, person: Person) -> None:
    browser = Browser(site.url)
    answer = browser.post("/auth/challenge", {"address": person.address, "method": "message"})
    assert answer.status_code == 202
    assert node.messages[-1]["pk"] == person.public_key
    assert finish(browser, answer.json(), secret(node.code())) == (200, "")
    sealed = Browser(site.url).post("/auth/challenge", {"address": person.address})
    assert sealed.status_code == 200


def test_the_node_is_not_believed(site: Site, node: Node) -> None:
    """Any address of a /64 has the same key at the node: only the address that the key has is taken."""
    person = Person()
    neighbour = ":".join([*person.address.split(":")[:4], "1", "2", "3", "4"])
    for key in (person.public_key, Person().public_key, "00" * 32, "xyz", person.public_key[:-2]):
        node.keys[neighbour] = key
        answer = Browser(site.url).post("/auth/challenge", {"address": neighbour, "method": "message"})
        assert code(answer) == (422, "public_key_required")


def test_an_address_nobody_knows(site: Site, node: Node) -> None:
    answer = Browser(site.url).post("/auth/challenge", {"address": Person().address, "method": "message"})
    assert code(answer) == (422, "public_key_required")


def test_no_code_is_kept(site: Site, node: Node, person: Person) -> None:
    _, started, typed = start(site, node, person)
    found = site.call("user.list", {}, ADMIN)
    assert found
    for path in (site.directory / "var").glob("hero-onboarding.db*"):
        content = path.read_bytes()
        assert typed.encode() not in content and typed.replace("-", "").encode() not in content
        assert not path.name.endswith(".db-wal") or started["challenge_id"].encode() in content


# --- a node that fails ------------------------------------------------------------------------------------------


@pytest.fixture
def alone(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, for one that met a node which did not answer lets it rest."""
    site = Site(tmp_path_factory.mktemp("site"), MYCELIUM_API_URL=node.url)
    site.command("migrate")
    with site.running():
        yield site
    node.status = None
    node.goes_on.set()


def by_message(site: Site, person: Person) -> tuple[int, str]:
    return code(Browser(site.url).post("/auth/challenge", {"public_key": person.public_key, "method": "message"}))


def test_a_broken_node(alone: Site, node: Node, person: Person) -> None:
    node.status = 500
    for _ in range(6):
        assert by_message(alone, person) == (503, "mycelium_unavailable")
    Browser(alone.url).login(person)
    node.status = None
    start(alone, node, person)  # what was never sent counts for nothing


def test_a_slow_node_holds_nobody_up(alone: Site, node: Node, person: Person) -> None:
    node.goes_on.clear()
    assert by_message(alone, person) == (503, "mycelium_unavailable")
    asked = len(node.asked)
    for _ in range(5):
        assert by_message(alone, Person()) == (503, "mycelium_unavailable")
        unknown = Browser(alone.url).post("/auth/challenge", {"address": Person().address})
        assert code(unknown) == (422, "public_key_required"), "a sealed box needs no node, but a key"
    Browser(alone.url).login(person)
    assert len(node.asked) == asked, "it rests"


def test_no_node(tmp_path_factory: pytest.TempPathFactory, person: Person) -> None:
    site = Site(tmp_path_factory.mktemp("site"), MYCELIUM_API_URL="http://127.0.0.1:1")
    site.command("migrate")
    with site.running():
        assert by_message(site, person) == (503, "mycelium_unavailable")
        address = Browser(site.url).post("/auth/challenge", {"address": person.address, "method": "message"})
        assert code(address) == (503, "mycelium_unavailable")
        Browser(site.url).login(person)
