"""Logging out everywhere ends what is under way too: challenges, codes and links that were made before."""

from functools import partial

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProofFailed
from generated.models.onboarding import LoginMethod, LoginOutcome, LoginProof, LoginStart
from generated.tables.onboarding import LOGIN_CHALLENGE, USER
from handlers.identity.login import Login
from handlers.identity.visitor import Visitor
from tests.server.login_world import HERE, Clock, answer, at_once, link_of, log_in, new_login, start
from tests.server.mycelium_node import running_node
from tests.server.people import Person


@pytest.fixture
def login(database: Database) -> Login:
    return new_login(database, Clock())


def user_of(login: Login, person: Person) -> str:
    user = Store.of(USER, login.database).one({"mycelium_address": person.address})
    assert user is not None
    return user.sid


def test_links_and_challenges_end(login: Login) -> None:
    person, stranger = Person(), Person()
    for each in (person, stranger):
        log_in(login, each)
    links = {each: link_of(login, each) for each in (person, stranger)}
    begun = {each: start(login, each) for each in (person, stranger)}
    programs = {each: start(login, each, program=True) for each in (person, stranger)}
    assert login.sessions.end_all(user_of(login, person)) == 1

    assert login.links.look(links[person]) is None and login.links.use(links[person], HERE) is None
    for started in (begun[person], programs[person]):
        with pytest.raises(ProofFailed):
            login.finish(answer(login, person, started), Visitor(HERE.peer, started.pre))
    assert login.sessions.of(user_of(login, person)) == []
    kept = Store.of(LOGIN_CHALLENGE, login.database).find({"expires_at": begun[person].challenge.expires_at})["items"]
    assert {each.result for each in kept if each.public_key == person.public_key} == {
        LoginOutcome.SUCCEEDED,
        LoginOutcome.LOGGED_OUT,
    }

    assert login.links.use(links[stranger], HERE) is not None, "others' go on"
    started = begun[stranger]
    assert login.finish(answer(login, stranger, started), Visitor(HERE.peer, started.pre)).session
    assert log_in(login, person), "and a new login is as ever"


def test_codes_end(database: Database) -> None:
    person = Person()
    with running_node() as node:
        login = new_login(database, Clock(), node.url)
        log_in(login, person)
        started = login.start(LoginStart(public_key=person.public_key, method=LoginMethod.MESSAGE), HERE)
        login.sessions.end_all(user_of(login, person))
        proof = LoginProof(challenge_id=started.challenge.challenge_id, code=node.code())
    with pytest.raises(ProofFailed):
        login.finish(proof, Visitor(HERE.peer, started.pre))


def test_ended_challenges_make_room(login: Login) -> None:
    person = Person()
    log_in(login, person)
    for _ in range(5):
        start(login, person)
    login.sessions.end_all(user_of(login, person))
    assert log_in(login, person)


def test_ending_one_session_ends_nothing_else(login: Login) -> None:
    person = Person()
    cookie = log_in(login, person)
    link = link_of(login, person)
    assert login.sessions.end(cookie) == 1
    assert login.links.use(link, HERE) is not None


def test_nobody_slips_through(login: Login) -> None:
    """A link and a challenge used while its owner logs out everywhere: whoever comes first, no session is left."""
    for _ in range(4):
        person = Person()
        log_in(login, person)
        token, begun = link_of(login, person), start(login, person)
        proof, visitor = answer(login, person, begun), Visitor(HERE.peer, begun.pre)
        outcomes = at_once(
            login.database,
            partial(login.links.use, token, HERE),
            partial(login.sessions.end_all, user_of(login, person)),
            partial(login.finish, proof, visitor),
        )
        failures = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert failures in ([], [ProofFailed]), outcomes
        assert login.sessions.of(user_of(login, person)) == []
        assert login.links.use(token, HERE) is None
