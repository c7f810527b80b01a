"""The login on SQLite and PostgreSQL: who wins when several come at once, one-time links, and what failures do."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProofFailed
from generated.models.onboarding import LoginMethod, LoginProof, LoginStart
from generated.tables.onboarding import LOGIN_CHALLENGE, USER
from handlers.identity.limits import RateLimits, Rule, TooMany
from handlers.identity.links import LIFE
from handlers.identity.login import OPEN, Login, Started
from handlers.identity.visitor import Visitor
from tests.server.login_world import HERE, Clock, answer, at_once, link_of, new_login, start
from tests.server.people import Browser, Person
from tests.server.site import Site

PEER = HERE.peer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(database: Database, clock: Clock) -> Login:
    return new_login(database, clock)


def count(login: Login, table: str) -> int:
    [(found,)] = login.database.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
    return int(found)


# --- at once ----------------------------------------------------------------------------------------------------


def test_of_two_finishes_one_makes_a_session(login: Login) -> None:
    for _ in range(4):
        person = Person()
        started = start(login, person)
        visitor, given = Visitor(PEER, started.pre), answer(login, person, started)
        outcomes = at_once(login.database, *[partial(login.finish, given, visitor)] * 4)
        won = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        assert len(won) == 1, outcomes
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [ProofFailed] * 3
        caller = login.sessions.caller(won[0].session or "")
        assert caller is not None and caller.sid is not None
        assert len(login.sessions.of(caller.sid)) == 1
    assert count(login, "session") == 4


def test_two_first_logins_make_one_user(login: Login) -> None:
    for round_ in range(3):
        person = Person()
        pairs = [(begun := start(login, person), answer(login, person, begun)) for _ in range(3)]
        outcomes = at_once(
            login.database, *[partial(login.finish, given, Visitor(PEER, begun.pre)) for begun, given in pairs]
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
        assert count(login, "user") == count(login, "billing") == round_ + 1
        user = Store.of(USER, login.database).one({"mycelium_address": person.address})
        assert user is not None and user.public_key == person.public_key
        assert len(login.sessions.of(user.sid)) == 3


def test_five_open_however_many_ask_at_once(login: Login) -> None:
    person = Person()
    outcomes = at_once(login.database, *[lambda: start(login, person)] * 9)
    assert sum(isinstance(outcome, Started) for outcome in outcomes) == OPEN, outcomes
    assert all(isinstance(outcome, (Started, TooMany)) for outcome in outcomes), outcomes
    assert count(login, "login_challenge") == OPEN


def test_tries_are_counted_when_they_come_at_once(login: Login) -> None:
    person = Person()
    started = start(login, person)
    wrong = LoginProof(challenge_id=started.challenge.challenge_id, response="A" * 43)
    visitor = Visitor(PEER, started.pre)
    outcomes = at_once(login.database, *[lambda: login.finish(wrong, visitor)] * 7)
    assert [type(outcome) for outcome in outcomes] == [ProofFailed] * 7
    with pytest.raises(ProofFailed):
        login.finish(answer(login, person, started), visitor)


def test_processes_count_together(login: Login, clock: Clock) -> None:
    rule = Rule("test", 5, timedelta(minutes=1))
    limits = [RateLimits(login.database, clock) for _ in range(8)]

    def take(each: RateLimits) -> bool:
        each.take(rule, "subject")
        return True

    outcomes = at_once(login.database, *[partial(take, each) for each in limits])
    assert sum(outcome is True for outcome in outcomes) == 5, outcomes
    assert {type(outcome) for outcome in outcomes if outcome is not True} == {TooMany}
    clock.time += timedelta(seconds=59)
    with pytest.raises(TooMany) as refused:
        take(limits[0])
    assert refused.value.retry_after == 1
    clock.time += timedelta(seconds=1)
    assert take(limits[0])
    clock.time += timedelta(minutes=1)
    limits[0].purge()
    assert count(login, "rate_window") == 0


def test_two_finishes_at_once_in_two_processes(postgresql_url: str, tmp_path: Path) -> None:
    site = Site(tmp_path, postgresql_url, WORKERS="2", RATE_LIMITS="off")
    site.command("migrate")
    with site.running():
        for _ in range(5):
            person, browser = Person(), Browser(site.url)
            started = browser.start(person)
            answer, pre = person.answer(started, site.url), browser.cookie("hl_pre") or ""
            browsers = [Browser(site.url).plant("hl_pre", pre) for _ in range(6)]
            gate = threading.Barrier(len(browsers))
            with ThreadPoolExecutor(len(browsers)) as pool:
                statuses = list(
                    pool.map(lambda each: (gate.wait(), each.finish(started, answer).status_code)[1], browsers)  # noqa: B023
                )
            assert sorted(statuses) == [200] + [401] * 5
            assert sum(each.address == person.address for each in browsers) == 1


# --- links ------------------------------------------------------------------------------------------------------


def test_a_link_signs_in_once(login: Login) -> None:
    person = Person()
    token = link_of(login, person)
    assert count(login, "session") == 0
    assert login.links.look(token) == login.links.look(token) == person.address, "looking changes nothing"
    outcomes = at_once(login.database, *[lambda: login.links.use(token, Visitor(PEER))] * 4)
    [cookie] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(cookie, str)
    session = login.sessions.find(cookie)
    assert session is not None and login.sessions.user(session).mycelium_address == person.address
    assert session.proved_at is not None
    assert login.links.look(token) is None and login.links.use(token, Visitor(PEER)) is None


def test_a_link_is_good_for_a_minute(login: Login, clock: Clock) -> None:
    first, second = link_of(login, Person()), link_of(login, Person())
    clock.time += LIFE - timedelta(seconds=1)
    assert login.links.use(first, Visitor(PEER)) is not None
    clock.time += timedelta(seconds=1)
    assert login.links.look(second) is None and login.links.use(second, Visitor(PEER)) is None


def test_a_link_replaces_the_session_of_the_browser(login: Login) -> None:
    old = login.links.use(link_of(login, Person()), Visitor(PEER))
    new = login.links.use(link_of(login, Person()), Visitor(PEER, session=old))
    assert old and new and login.sessions.caller(old) is None and login.sessions.caller(new) is not None


@pytest.mark.parametrize("token", ["", None, "x", "A" * 43, "\0", "é"])
def test_what_is_no_link(login: Login, token: str | None) -> None:
    link_of(login, Person())
    assert login.links.look(token) is None
    assert login.links.use(token, Visitor(PEER)) is None


def test_links_are_kept_as_digests(login: Login) -> None:
    token = link_of(login, Person())
    assert token not in str(login.database.execute('SELECT * FROM "login_challenge"'))


# --- what failures do -------------------------------------------------------------------------------------------


def noting(asked: list[str], plain: Callable[..., Any]) -> Callable[..., Any]:
    def noted(sql: str, params: tuple[Any, ...] = ()) -> Any:
        asked.append(sql)
        return plain(sql, params)

    return noted


def test_every_failure_does_the_same_work(login: Login, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same statements in the same order, whatever is wrong: nothing to be told apart by its time."""
    person = Person()
    right, used, spent, expired = (start(login, person) for _ in range(4))
    login.finish(answer(login, person, used), Visitor(PEER, used.pre))
    for _ in range(5):
        with pytest.raises(ProofFailed):
            login.finish(
                LoginProof(challenge_id=spent.challenge.challenge_id, response="A" * 43), Visitor(PEER, spent.pre)
            )
    login.database.change(
        login.database.prepare('UPDATE "login_challenge" SET "expires_at" = ? WHERE "challenge_id" = ?'),
        (int(clock.time.timestamp()), expired.challenge.challenge_id),
    )
    attempts: list[tuple[str, str, str | None]] = [
        (right.challenge.challenge_id, "A" * 43, right.pre),
        (right.challenge.challenge_id, "A" * 43, "B" * 43),
        (right.challenge.challenge_id, "A" * 43, None),
        (used.challenge.challenge_id, "A" * 43, used.pre),
        (spent.challenge.challenge_id, "A" * 43, spent.pre),
        (expired.challenge.challenge_id, "A" * 43, expired.pre),
        ("A" * 22, "A" * 43, right.pre),
        ("\0", "A" * 43, right.pre),
    ]
    works = []
    for challenge_id, response, pre in attempts:
        asked: list[str] = []
        with monkeypatch.context() as patched:
            for name in ("execute", "change"):
                patched.setattr(login.database, name, noting(asked, getattr(login.database, name)))
            with pytest.raises(ProofFailed):
                login.finish(LoginProof(challenge_id=challenge_id, response=response), Visitor(PEER, pre))
        works.append(asked)
    assert works[0] and all(asked == works[0] for asked in works)


def test_what_is_over_is_forgotten(login: Login, clock: Clock) -> None:
    for _ in range(3):
        start(login, Person())
    clock.time += timedelta(minutes=20)
    start(login, Person())
    assert count(login, "login_challenge") == 1


def test_nothing_is_kept_of_a_refused_start(login: Login) -> None:
    with pytest.raises(Exception, match="does not answer"):
        login.start(LoginStart(public_key=Person().public_key, method=LoginMethod.MESSAGE), Visitor(PEER))
    assert count(login, "login_challenge") == 0


def test_secrets_do_not_show_in_values(login: Login) -> None:
    person = Person()
    started = start(login, person)
    visitor = Visitor(PEER, started.pre, "old-session")
    finished = login.finish(answer(login, person, started), visitor)
    kept = Store.of(LOGIN_CHALLENGE, login.database).one({"challenge_id": started.challenge.challenge_id})
    assert kept is not None and started.pre and finished.session
    shown = repr((started, finished, kept, visitor))
    for hidden in (kept.proof_hash, kept.pre_hash, started.pre, finished.session, "old-session"):
        assert hidden is not None and hidden not in shown
