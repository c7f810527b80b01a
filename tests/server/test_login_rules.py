"""The rules of the login one by one, without a server: what starts a challenge, what ends it, and what is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from codegen.runtime.errors import DeclaredError
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import (
    AddressKeyMismatch,
    BadRequest,
    KeyMismatch,
    MyceliumUnavailable,
    ProofFailed,
    PublicKeyRequired,
)
from generated.models.onboarding import LoginInitiator, LoginMethod, LoginProof, LoginStart
from generated.tables.onboarding import LOGIN_CHALLENGE, LOGIN_EVENT, OPERATOR_ALERT
from handlers.identity.limits import TooMany
from handlers.identity.login import (
    CHALLENGES_OF_KEY,
    CHALLENGES_OF_PEER,
    LIVES,
    MESSAGE_WINDOW,
    MESSAGES,
    MESSAGES_TO_KEY,
    OPEN,
    PROOFS_OF_PEER,
    TRIES,
    Login,
    Started,
)
from handlers.identity.peer import Peer
from handlers.identity.secret import digest
from handlers.identity.visitor import Visitor
from tests.server.login_world import HERE, ORIGIN, Clock, answer, link_of, log_in, new_login, start
from tests.server.people import Person

MESSAGE = LoginMethod.MESSAGE
SECOND = timedelta(seconds=1)


class Node:
    """A Mycelium node in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.sent: list[tuple[bytes, str, str]] = []
        self.away = False

    def public_key(self, address: str) -> bytes | None:
        if self.away:
            raise MyceliumUnavailable
        return self.keys.get(address)

    def send(self, public_key: bytes, topic: str, text: str) -> None:
        if self.away:
            raise MyceliumUnavailable
        self.sent.append((public_key, topic, text))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def login(database: Database, clock: Clock, node: Node) -> Login:
    made = new_login(database, clock)
    made.node = node  # type: ignore[assignment]
    return made


def challenges(login: Login) -> list[Any]:
    return list(Store.of(LOGIN_CHALLENGE, login.database).find({}, limit=1000)["items"])


def events(login: Login) -> list[tuple[str, str, str, str | None, str | None]]:
    found = Store.of(LOGIN_EVENT, login.database).find({}, limit=1000)["items"]
    return [(each.address, each.method, each.outcome, each.ip, each.user_agent) for each in found]


def alerts(login: Login) -> list[tuple[str, str]]:
    found = Store.of(OPERATOR_ALERT, login.database).find({}, limit=1000)["items"]
    return [(each.kind, each.subject) for each in found]


def elsewhere(number: int, pre: str | None = None) -> Visitor:
    return Visitor(Peer(f"198.51.100.{number}", "Other/1"), pre)


def message(login: Login, person: Person, visitor: Visitor = HERE) -> Started:
    return login.start(LoginStart(public_key=person.public_key, method=MESSAGE), visitor)


def code_of(node: Node) -> str:
    found = re.search(r"Code: (\S+)\. ", node.sent[-1][2])
    assert found is not None
    return found[1]


def back(started: Started, visitor: Visitor = HERE) -> Visitor:
    """The visitor with the cookie that the start gave."""
    return Visitor(visitor.peer, started.pre, visitor.session)


# --- who may start --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "detail"),
    [
        ({}, BadRequest, "give a public_key or an address"),
        ({"public_key": "00" * 32}, BadRequest, "this is no public key that can log in"),
        ({"address": "::1"}, BadRequest, "this is no Mycelium address"),
        ({"public_key": Person(b"a" * 32).public_key, "address": Person(b"b" * 32).address}, AddressKeyMismatch, None),
        ({"address": Person(b"b" * 32).address}, PublicKeyRequired, None),
        ({"method": MESSAGE, "initiated_by": LoginInitiator.PROGRAM, "public_key": Person(b"a" * 32).public_key},
         BadRequest, "a code is typed into the browser that asked for it"),
        ({"method": LoginMethod.OVERLAY, "public_key": Person(b"a" * 32).public_key}, BadRequest,
         "this method is not offered"),
    ],
    ids=str,
)  # fmt: skip
def test_what_starts_nothing(login: Login, given: dict[str, Any], error: type[DeclaredError], detail: Any) -> None:
    with pytest.raises(error) as raised:
        login.start(LoginStart.model_construct(**{**LoginStart().__dict__, **given}), HERE)
    assert type(raised.value) is error
    if detail is not None:
        assert raised.value.data() == {"detail": detail}
    assert challenges(login) == []


def test_an_address_that_the_node_or_a_login_knows(login: Login, node: Node) -> None:
    person, other = Person(), Person()
    by_address = LoginStart(address=person.address)
    node.keys[person.address] = other.key  # the key of another address of the same network
    with pytest.raises(PublicKeyRequired):
        login.start(by_address, HERE)
    node.keys[person.address] = person.key
    assert login.start(by_address, HERE).challenge.address == person.address
    assert login.start(LoginStart(address=person.address, public_key=person.public_key), HERE)
    log_in(login, person)
    node.keys.clear()
    assert login.start(by_address, HERE).challenge.address == person.address


def test_a_node_that_is_away(login: Login, node: Node) -> None:
    person = Person()
    node.away = True
    with pytest.raises(PublicKeyRequired):
        login.start(LoginStart(address=person.address), HERE)
    with pytest.raises(MyceliumUnavailable):
        login.start(LoginStart(address=person.address, method=MESSAGE), HERE)
    with pytest.raises(MyceliumUnavailable):
        message(login, person)
    assert challenges(login) == []
    assert start(login, person)


def test_what_is_kept_of_a_challenge(login: Login, clock: Clock) -> None:
    clock.time += timedelta(microseconds=700)
    person = Person()
    started = start(login, person)
    shown = started.challenge
    now = clock.time.replace(microsecond=0)
    assert (shown.origin, shown.address, shown.expires_at) == (ORIGIN, person.address, now + timedelta(seconds=120))
    assert shown.delivery is None and shown.sealed is not None and started.pre is not None
    (kept,) = challenges(login)
    assert (kept.challenge_id, kept.public_key, kept.address) == (shown.challenge_id, person.public_key, person.address)
    assert (kept.method, kept.initiated_by, kept.origin) == ("sealed", "browser", ORIGIN)
    assert (kept.peer, kept.issued_at, kept.expires_at) == (HERE.peer.network, now, shown.expires_at)
    assert kept.pre_hash == digest(started.pre)
    given = answer(login, person, started).response
    assert given is not None and kept.proof_hash == digest(given)
    assert start(login, person, program=True).pre is None
    assert start(login, person, Visitor(HERE.peer, "kept")).pre == "kept"


# --- how it ends ----------------------------------------------------------------------------------------------------


def test_the_right_answer_signs_in(login: Login) -> None:
    person = Person()
    started = start(login, person)
    finished = login.finish(answer(login, person, started), back(started))
    assert finished.session is not None and finished.link is None
    (kept,) = challenges(login)
    assert (kept.used_at, kept.result, kept.tries) == (login.clock.now(), "succeeded", 1)
    assert events(login) == [(person.address, "sealed", "succeeded", HERE.peer.ip, HERE.peer.user_agent)]
    user = login.users.at(person.address)
    assert user is not None and user.public_key == person.public_key
    with pytest.raises(ProofFailed):
        login.finish(answer(login, person, started), back(started))


def test_a_program_gets_a_link(login: Login) -> None:
    person = Person()
    token = link_of(login, person)
    assert events(login) == []  # nobody is signed in before the link is used
    assert login.links.look(token) == person.address
    assert login.links.use(token, HERE) is not None
    assert [event[2] for event in events(login)] == ["succeeded"]


def test_no_secret_is_shown_in_a_message_or_a_log(login: Login) -> None:
    person = Person()
    started = start(login, person)
    finished = login.finish(answer(login, person, started), back(started))
    program = start(login, person, program=True)
    linked = login.finish(answer(login, person, program), HERE)
    for secret, made in ((started.pre, started), (finished.session, finished), (linked.link, linked)):
        assert secret is not None and secret not in repr(made)


def test_both_or_no_answer(login: Login) -> None:
    for given in ({}, {"response": "x", "code": "y"}):
        with pytest.raises(BadRequest) as raised:
            login.finish(LoginProof(challenge_id="x", **given), HERE)
        assert raised.value.data() == {"detail": "give a response or a code"}


def test_wrong_answers_are_written_down_and_counted(login: Login) -> None:
    person = Person()
    started = start(login, person)
    wrong = LoginProof(challenge_id=started.challenge.challenge_id, response="wrong")
    for number in range(1, TRIES):
        with pytest.raises(ProofFailed):
            login.finish(wrong, back(started))
        assert challenges(login)[0].tries == number
    assert login.finish(answer(login, person, started), back(started)).session
    failed = (person.address, "sealed", "failed", HERE.peer.ip, HERE.peer.user_agent)
    assert events(login)[:-1] == [failed] * (TRIES - 1)
    spent = start(login, person)
    for _ in range(TRIES):
        with pytest.raises(ProofFailed):
            login.finish(of(wrong, spent), back(spent))
    with pytest.raises(ProofFailed):
        login.finish(answer(login, person, spent), back(spent))


def of(proof: LoginProof, started: Started) -> LoginProof:
    """The same answer to another challenge."""
    return proof.model_copy(update={"challenge_id": started.challenge.challenge_id})


def test_nobody_else_finishes(login: Login) -> None:
    person = Person()
    started = start(login, person)
    for visitor in (HERE, Visitor(HERE.peer, "another"), Visitor(HERE.peer, "")):
        with pytest.raises(ProofFailed):
            login.finish(answer(login, person, started), visitor)
    assert challenges(login)[0].tries == 0
    assert events(login) == []
    for challenge_id in ("", "x" * 65, "no spaces", "x"):
        proof = LoginProof.model_construct(challenge_id=challenge_id, response="x", code=None)
        with pytest.raises(ProofFailed):
            login.finish(proof, back(started))
    assert login.finish(answer(login, person, started), back(started)).session


def test_a_challenge_that_was_used_meanwhile(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person()
    started, change = start(login, person), login.database.change
    monkeypatch.setattr(
        login.database, "change", lambda sql, params=(): 0 if sql == login._use else change(sql, params)
    )
    with pytest.raises(ProofFailed):
        login.finish(answer(login, person, started), back(started))
    assert events(login) == []


def test_a_peer_of_whom_nothing_is_known(login: Login) -> None:
    person, nobody = Person(), Visitor(Peer("", ""))
    started = start(login, person, nobody)
    wrong = LoginProof(challenge_id=started.challenge.challenge_id, response="wrong")
    with pytest.raises(ProofFailed):
        login.finish(wrong, back(started, nobody))
    assert events(login) == [(person.address, "sealed", "failed", None, None)]


def test_a_code_needs_its_browser_and_some_text(login: Login, node: Node) -> None:
    started = message(login, Person())
    for code, visitor in ((code_of(node), HERE), ("", back(started)), ("", HERE)):
        proof = LoginProof.model_construct(challenge_id=started.challenge.challenge_id, response=None, code=code)
        with pytest.raises(ProofFailed):
            login.finish(proof, visitor)
    typed = LoginProof(challenge_id=started.challenge.challenge_id, code=code_of(node))
    assert login.finish(typed, back(started)).session


def test_an_answer_has_its_time(login: Login, clock: Clock) -> None:
    person = Person()
    started = start(login, person)
    right = answer(login, person, started)
    clock.time += LIVES[LoginMethod.SEALED]
    with pytest.raises(ProofFailed):
        login.finish(right, back(started))
    clock.time -= SECOND
    assert login.finish(right, back(started)).session
    assert LIVES == {LoginMethod.SEALED: 120 * SECOND, MESSAGE: 300 * SECOND}


def test_another_key_at_a_pinned_address(login: Login) -> None:
    """The database is tampered with, for no two keys that can be found have the same address."""
    person, other = Person(), Person()
    started = start(login, person)
    login.users.admit(person.address, other.public_key)
    with pytest.raises(KeyMismatch):
        login.finish(answer(login, person, started), back(started))
    (kept,) = challenges(login)
    assert (kept.used_at, kept.result) == (login.clock.now(), "refused")
    refused = (person.address, "sealed", "refused", HERE.peer.ip, HERE.peer.user_agent)
    assert events(login) == [refused]
    with pytest.raises(KeyMismatch):
        start(login, person)
    assert events(login) == [refused] * 2
    assert len(challenges(login)) == 1
    assert alerts(login) == [("pinned_key_differs", person.address)]


# --- codes ----------------------------------------------------------------------------------------------------------


def test_a_code_signs_in_the_browser_that_asked(login: Login, node: Node, clock: Clock) -> None:
    person = Person()
    started = message(login, person)
    assert (started.challenge.delivery, started.challenge.sealed) == ("pending", None)
    assert started.challenge.expires_at == clock.time + timedelta(seconds=300)
    ((key, topic, text),) = node.sent
    code = code_of(node)
    assert (key, topic) == (person.key, "hero.login")
    assert text == (
        f"Hero login to {ORIGIN} at 2026-11-20 12:00 UTC. Code: {code}. Type it only on {ORIGIN}. "
        "If you did not ask, ignore."
    )
    typed = LoginProof(challenge_id=started.challenge.challenge_id, code=code.lower())
    for visitor in (HERE, Visitor(HERE.peer, "another")):
        with pytest.raises(ProofFailed):
            login.finish(typed, visitor)
    with pytest.raises(ProofFailed):
        login.finish(LoginProof(challenge_id=typed.challenge_id, response=code), back(started))
    assert login.finish(typed, back(started)).session
    assert events(login)[-1][1:3] == ("message", "succeeded")


def test_so_many_codes_a_peer_may_ask_for(login: Login, node: Node, clock: Clock) -> None:
    person = Person()
    began = clock.time
    for _ in range(MESSAGES):
        message(login, person)
        clock.time += timedelta(seconds=10)
    with pytest.raises(TooMany) as raised:
        message(login, person)
    assert raised.value.retry_after == (began + MESSAGE_WINDOW - clock.time).total_seconds()
    assert len(node.sent) == len(challenges(login)) == MESSAGES == 3
    assert start(login, person)  # with the key itself it goes on
    clock.time = began + MESSAGE_WINDOW - SECOND
    with pytest.raises(TooMany):
        message(login, person)
    clock.time = began + MESSAGE_WINDOW
    assert message(login, person)
    assert timedelta(minutes=15) == MESSAGE_WINDOW


def test_so_many_codes_all_peers_may_ask_for_except_where_its_holder_signs_in(
    login: Login, node: Node, clock: Clock
) -> None:
    person, began = Person(), clock.time
    log_in(login, person)
    for number in range(MESSAGES_TO_KEY):
        message(login, person, elsewhere(number))
    with pytest.raises(TooMany) as raised:
        message(login, person, elsewhere(99))
    assert raised.value.retry_after == (began + MESSAGE_WINDOW - clock.time).total_seconds()
    assert len(node.sent) == MESSAGES_TO_KEY == 12
    assert message(login, person, HERE)


# --- limits ---------------------------------------------------------------------------------------------------------


def test_so_many_challenges_a_peer_may_have_open(login: Login, clock: Clock) -> None:
    person, began = Person(), clock.time
    opened = []
    for _ in range(OPEN):
        opened.append(start(login, person))
        clock.time += SECOND
    with pytest.raises(TooMany) as raised:
        start(login, person)
    assert raised.value.retry_after == 120 - OPEN == 115
    assert start(login, person, elsewhere(1))
    assert start(login, Person())
    login.finish(answer(login, person, opened[1]), back(opened[1]))
    assert start(login, person)
    with pytest.raises(TooMany):
        start(login, person)
    clock.time = began + timedelta(seconds=120)
    assert start(login, person)


def test_the_limits() -> None:
    """The names are kept in the database: with another one the counts begin anew."""
    rules = [(each.name, each.limit, each.window) for each in (CHALLENGES_OF_PEER, CHALLENGES_OF_KEY, PROOFS_OF_PEER)]
    assert rules == [
        ("challenge:peer", 60, timedelta(minutes=1)),
        ("challenge:key", 20, timedelta(minutes=5)),
        ("verify:peer", 120, timedelta(minutes=1)),
    ]
    assert (TRIES, OPEN, MESSAGES, MESSAGES_TO_KEY) == (5, 5, 3, 12)


def test_each_limit_counts_what_it_says(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(login.limits, "take", lambda rule, *subject: taken.append((rule, *subject)))
    person = Person()
    log_in(login, person)
    peer = HERE.peer.network
    assert taken == [(CHALLENGES_OF_PEER, peer), (CHALLENGES_OF_KEY, person.public_key, peer), (PROOFS_OF_PEER, peer)]


def test_without_limits_codes_are_not_counted(database: Database, clock: Clock, node: Node) -> None:
    login = new_login(database, clock, limits=False)
    login.node = node  # type: ignore[assignment]
    person = Person()
    for _ in range(OPEN):
        assert message(login, person)


def test_challenges_are_forgotten_when_no_code_counts_any_more(login: Login, clock: Clock) -> None:
    start(login, Person())
    ends = clock.time + timedelta(seconds=120)
    clock.time = ends + MESSAGE_WINDOW - SECOND
    start(login, Person())
    assert len(challenges(login)) == 2
    clock.time += SECOND
    start(login, Person())
    assert len(challenges(login)) == 2
    (windows,) = login.database.execute("SELECT COUNT(*) FROM rate_window")
    assert windows[0] == 3, "of the last minutes: that of the peer, and those of two keys"
