"""One-time links by themselves: whom they sign in, for how long, how often, and what is written down of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginMethod, LoginOutcome
from generated.tables.onboarding import LOGIN_CHALLENGE, LOGIN_EVENT
from handlers.identity.challenge import CLOCK_SKEW
from handlers.identity.login import Login
from handlers.identity.secret import digest
from tests.server.login_world import HERE, Clock, link_of, new_login
from tests.server.people import Person

MINUTE, SECOND = timedelta(seconds=60), timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(database: Database, clock: Clock) -> Login:
    return new_login(database, clock)


def test_a_link_names_its_address_and_signs_in_once(login: Login, clock: Clock) -> None:
    person = Person()
    token = link_of(login, person)
    assert login.links.look(token) == person.address
    assert login.links.look(token) == person.address, "to look at it uses nothing up"
    before = len(Store.of(LOGIN_EVENT, login.database).list_full()["items"])
    cookie = login.links.use(token, HERE)
    assert cookie is not None
    session = login.sessions.find(cookie)
    assert session is not None and session.method == LoginMethod.SEALED
    assert login.sessions.user(session).mycelium_address == person.address
    assert login.links.look(token) is None and login.links.use(token, HERE) is None
    events = Store.of(LOGIN_EVENT, login.database).list_full()["items"]
    assert len(events) == before + 1
    told = events[-1]
    assert (told.outcome, told.method, told.ip) == (LoginOutcome.SUCCEEDED, LoginMethod.SEALED, HERE.peer.ip)
    (used,) = [each for each in Store.of(LOGIN_CHALLENGE, login.database).list_full()["items"] if each.link_hash]
    assert (used.link_hash, used.link_used_at) == (digest(token), clock.time)


@pytest.mark.parametrize(("later", "good"), [(MINUTE - SECOND, True), (MINUTE, False)])
def test_a_link_is_good_for_a_minute(login: Login, clock: Clock, later: timedelta, good: bool) -> None:
    token = link_of(login, Person())
    clock.time += later
    assert (login.links.look(token) is not None) is good
    assert (login.links.use(token, HERE) is not None) is good


@pytest.mark.parametrize(("extra", "good"), [(0, True), (1, False)])
def test_a_link_that_was_made_before_the_clock_was_put_back(login: Login, clock: Clock, extra: int, good: bool) -> None:
    token = link_of(login, Person())
    clock.time -= timedelta(seconds=CLOCK_SKEW + extra)
    assert (login.links.look(token) is not None) is good
    assert (login.links.use(token, HERE) is not None) is good


@pytest.mark.parametrize("token", [None, "", "a" * 43])
def test_what_is_no_link(login: Login, token: str | None) -> None:
    link_of(login, Person())
    assert login.links.look(token) is None and login.links.use(token, HERE) is None
