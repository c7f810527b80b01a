"""A clock that was put back: nothing of its future lasts longer than it would have, and nobody is locked out by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProofFailed
from generated.models.onboarding import LoginMethod, LoginStart
from generated.tables.onboarding import USER
from handlers.identity.challenge import CLOCK_SKEW
from handlers.identity.limits import LONGEST, Rule, TooMany
from handlers.identity.login import OPEN, Login
from handlers.identity.sessions import IDLE, LIFE, SEEN_EVERY
from handlers.identity.visitor import Visitor
from tests.server.login_world import HERE, Clock, answer, link_of, log_in, new_login, start
from tests.server.mycelium_node import Node, running_node
from tests.server.people import Browser, Person
from tests.server.site import Site

DAY = timedelta(days=1)
SKEW = timedelta(seconds=CLOCK_SKEW)


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


# --- rate windows -----------------------------------------------------------------------------------------------


def test_windows_of_the_future_are_over(login: Login, clock: Clock) -> None:
    rule, limits = Rule("test", 3, timedelta(minutes=1)), login.limits
    for _ in range(3):
        limits.take(rule, "subject")
    clock.time -= timedelta(seconds=1)
    for _ in range(3):
        limits.take(rule, "subject")  # begun anew: it would have ended beyond its length from now
    with pytest.raises(TooMany) as refused:
        limits.take(rule, "subject")
    assert refused.value.retry_after == 60
    clock.time -= DAY
    limits.take(rule, "subject")
    clock.time += timedelta(seconds=60)
    for _ in range(3):
        limits.take(rule, "subject")


def test_windows_of_the_future_are_swept(login: Login, clock: Clock) -> None:
    login.limits.take(Rule("test", 3, LONGEST), "subject")
    login.limits.purge()
    assert login.database.execute('SELECT COUNT(*) FROM "rate_window"') == [(1,)]
    clock.time -= timedelta(seconds=1)
    login.limits.purge()
    assert login.database.execute('SELECT COUNT(*) FROM "rate_window"') == [(0,)]


@pytest.mark.parametrize("back", [DAY, timedelta(minutes=2), SKEW + timedelta(seconds=1)], ids=str)
def test_open_challenges_of_the_future_hold_nobody_up(login: Login, clock: Clock, back: timedelta) -> None:
    person = Person()
    for _ in range(OPEN):
        start(login, person)
    with pytest.raises(TooMany):
        start(login, person)
    clock.time -= back
    assert log_in(login, person)


def test_nobody_is_held_up_by_a_clock_that_ran_ahead(login: Login, clock: Clock, node: Node) -> None:
    """Limits, open challenges and codes were used up by the clock that ran ahead."""
    person = Person()
    for _ in range(15):
        log_in(login, person)
    message = LoginStart(public_key=person.public_key, method=LoginMethod.MESSAGE)
    for _ in range(3):
        login.start(message, HERE)
    for _ in range(OPEN - 3):
        start(login, person)
    with pytest.raises(TooMany):
        start(login, person)
    clock.time -= DAY
    login.start(message, HERE)
    assert log_in(login, person)


# --- challenges and links ---------------------------------------------------------------------------------------


def test_a_challenge_of_the_future_is_over(login: Login, clock: Clock) -> None:
    person = Person()
    log_in(login, person)
    started = start(login, person)
    given = answer(login, person, started)
    visitor = Visitor(HERE.peer, started.pre)
    clock.time -= SKEW + timedelta(seconds=1)
    with pytest.raises(ProofFailed):
        login.finish(given, visitor)
    clock.time += timedelta(seconds=1)
    assert login.finish(given, visitor).session, "two hosts' clocks may differ by so much"


def test_a_link_of_the_future_is_over(login: Login, clock: Clock) -> None:
    token = link_of(login, Person())
    clock.time -= SKEW + timedelta(seconds=1)
    assert login.links.look(token) is None and login.links.use(token, HERE) is None
    clock.time += timedelta(seconds=1)
    assert login.links.use(token, HERE) is not None


def test_challenges_of_the_future_are_swept(login: Login, clock: Clock) -> None:
    start(login, Person())
    clock.time -= DAY
    start(login, Person())
    kept = login.database.execute('SELECT "issued_at" FROM "login_challenge"')
    assert kept == [(int(clock.time.timestamp()),)]


# --- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_goes_on_by_todays_clock(login: Login, clock: Clock) -> None:
    person = Person()
    cookie, unseen = log_in(login, person), log_in(login, person)
    clock.time -= DAY
    session = login.sessions.find(cookie)
    assert session is not None, "nobody is signed out because a clock was put right"
    session = login.sessions.find(cookie)
    assert session is not None
    assert (session.last_seen_at, session.expires_at) == (clock.time, clock.time + LIFE)
    user = Store.of(USER, login.database).get(session.user_sid)
    assert user.last_active == clock.time
    clock.time += IDLE
    assert login.sessions.find(cookie) is None, "idle is counted from then on"
    assert login.sessions.find(unseen) is not None, "and for one that nobody used, from when it was made"
    clock.time += DAY
    assert login.sessions.find(unseen) is None


def test_a_session_of_a_distant_future_does_not_last_till_then(login: Login, clock: Clock) -> None:
    """A host that started with a wrong clock made it; nobody used it since, until a thief does."""
    cookie = log_in(login, Person())
    clock.time -= timedelta(days=365)
    log_in(login, Person())  # sweeps
    clock.time += IDLE
    assert login.sessions.find(cookie) is None


def test_clocks_that_differ_a_little_are_no_reason_to_write(login: Login, clock: Clock) -> None:
    cookie = log_in(login, Person())
    clock.time -= SEEN_EVERY - timedelta(seconds=1)
    before = login.sessions.find(cookie)
    assert login.sessions.find(cookie) == before is not None


# --- a site that was started again ------------------------------------------------------------------------------


def test_a_site_whose_clock_was_put_back(tmp_path: Path) -> None:
    """All that a site of tomorrow has kept: somebody who is signed in stays so, and everybody can log in."""
    site, person = Site(tmp_path), Person()
    site.command("migrate")
    with site.running():
        signed_in = Browser(site.url).login(person)
        for _ in range(OPEN):
            Browser(site.url).start(person)
        assert Browser(site.url).post("/auth/challenge", {"public_key": person.public_key}).status_code == 429
        for _ in range(60):
            Browser(site.url).post("/auth/challenge", {})
        assert Browser(site.url).post("/auth/challenge", {}).status_code == 429
    with closing(sqlite3.connect(tmp_path / "var/hero-onboarding.db")) as database, database:
        database.executescript(
            """
            UPDATE login_challenge SET issued_at = issued_at + 86400, expires_at = expires_at + 86400;
            UPDATE rate_window SET ends_at = ends_at + 86400;
            UPDATE session SET last_seen_at = last_seen_at + 86400, expires_at = expires_at + 86400;
            UPDATE user SET last_active = last_active + 86400;
            """
        )
    with site.running():
        assert signed_in.address == person.address
        again = Browser(site.url).login(person)
        [ours, _] = again.rpc("identity.sessions")
        assert ours["expires_at"] <= again.rpc("identity.sessions")[1]["expires_at"]
        assert again.rpc("identity.logout", {"everywhere": True}) == {"sessions_ended": 2}
