"""The login as a state machine: whatever people and strangers do, exactly the cookies that should be good are good."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from codegen.runtime.errors import DeclaredError
from codegen.runtime.storage.database import Database
from generated.models.onboarding import LoginInitiator, LoginProof, LoginStart
from handlers.identity.limits import RateLimits
from handlers.identity.login import OPEN, Login
from handlers.identity.node import MyceliumNode
from handlers.identity.peer import Peer
from handlers.identity.sessions import IDLE, LIFE, SEEN_EVERY, Sessions
from handlers.identity.visitor import Visitor
from handlers.settings import Settings
from tests.migrated import migrate
from tests.server.login_world import Clock
from tests.server.people import Person

ORIGIN = "https://hero.example"
PEERS = [Peer("203.0.113.7"), Peer("198.51.100.1")]
PEOPLE = [Person() for _ in range(3)]
CHALLENGE_LIFE = timedelta(seconds=120)
LINK_LIFE = timedelta(seconds=60)
SKEW = timedelta(seconds=30)
KEPT = timedelta(minutes=15)
"""How long challenges that are over are kept."""
LONGEST = timedelta(minutes=5)
"""No challenge is good for longer."""


@dataclass
class Open:
    """A challenge as the model knows it."""

    person: Person
    peer: Peer
    challenge_id: str
    answer: str
    pre: str | None
    program: bool
    began: datetime
    tries: int = 0
    used: bool = False
    over: bool = False

    @property
    def ends(self) -> datetime:
        return self.began + CHALLENGE_LIFE


@dataclass
class Link:
    challenge: Open
    token: str
    ends: datetime
    used: bool = False


@dataclass
class Cookie:
    """A session as the model knows it."""

    person: Person
    value: str
    seen: datetime
    ends: datetime
    ended: bool = False


class LoginMachine(RuleBasedStateMachine):
    challenges = Bundle("challenges")
    links = Bundle("links")
    cookies = Bundle("cookies")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="login-"))
        self.database = Database.open(f"sqlite:///{self.folder}/test.db")
        self.database.execute("PRAGMA synchronous = off")
        migrate(self.database)
        self.clock = Clock()
        self.sessions = Sessions(self.database, self.clock, Settings(public_url=ORIGIN))
        self.login = Login(
            self.database,
            self.clock,
            ORIGIN,
            self.sessions,
            RateLimits(self.database, self.clock, on=False),
            MyceliumNode("http://127.0.0.1:1"),
        )
        self.opened: list[Open] = []
        self.linked: list[Link] = []
        self.given: list[Cookie] = []

    def teardown(self) -> None:
        if hasattr(self, "database"):
            for cookie in self.given:
                self.visit(cookie)
            self.database.close()
            shutil.rmtree(self.folder)

    # --- the model --------------------------------------------------------------------------------------------

    def is_good(self, cookie: Cookie) -> bool:
        now = self.clock.time
        return not cookie.ended and now < cookie.ends and now < cookie.seen + IDLE

    def is_open(self, challenge: Open) -> bool:
        """One of the future was made before the clock was put back."""
        return (
            not challenge.used
            and not challenge.over
            and challenge.tries < 5
            and challenge.began - SKEW <= self.clock.time < challenge.ends
        )

    def open_of(self, person: Person, peer: Peer) -> int:
        return sum(each.person is person and each.peer is peer and self.is_open(each) for each in self.opened)

    def sweep_challenges(self) -> None:
        now = self.clock.time
        for each in self.opened:
            each.over = each.over or each.ends <= now - KEPT or each.ends > now + LONGEST + SKEW

    def sweep_sessions(self) -> None:
        now = self.clock.time
        for each in self.given:
            if each.ends <= now:
                each.ended = True
            elif each.ends > now + LIFE + SEEN_EVERY:
                each.seen, each.ends = now, now + LIFE

    def given_to(self, person: Person, value: str, replaced: Cookie | None) -> Cookie:
        assert value not in {cookie.value for cookie in self.given}, "every session has an id of its own"
        if replaced is not None:
            replaced.ended = True
        self.sweep_sessions()
        cookie = Cookie(person, value, self.clock.time, self.clock.time + LIFE)
        self.given.append(cookie)
        return cookie

    # --- what happens -----------------------------------------------------------------------------------------

    @rule(
        target=challenges,
        person=st.sampled_from(PEOPLE),
        peer=st.sampled_from(PEERS),
        program=st.booleans(),
        tab=st.none() | challenges,
    )
    def start(self, person: Person, peer: Peer, program: bool, tab: Open | None) -> object:
        """A challenge; in a browser that has begun one already, or a fresh one."""
        self.sweep_challenges()
        room = self.open_of(person, peer) < OPEN
        pre = tab.pre if tab is not None else None
        initiated_by = LoginInitiator.PROGRAM if program else LoginInitiator.BROWSER
        try:
            started = self.login.start(
                LoginStart(public_key=person.public_key, initiated_by=initiated_by), Visitor(peer, pre)
            )
        except DeclaredError as error:
            assert error.slug == "rate_limited" and not room
            return multiple()
        assert room
        assert (started.pre is None) == program
        assert program or pre in (None, started.pre)
        answer = person.answer(started.challenge.model_dump(), ORIGIN, int(self.clock.time.timestamp()))
        challenge = Open(person, peer, started.challenge.challenge_id, answer, started.pre, program, self.clock.time)
        self.opened.append(challenge)
        return challenge

    def finish(self, challenge: Open, response: str, pre: str | None, session: str | None = None) -> object:
        """The session or link of an answer, None where it is refused; the model says which it must be."""
        counts = self.is_open(challenge) and (challenge.pre is None or challenge.pre == pre)
        challenge.tries += counts
        right = counts and response == challenge.answer
        try:
            finished = self.login.finish(
                LoginProof(challenge_id=challenge.challenge_id, response=response),
                Visitor(challenge.peer, pre, session),
            )
        except DeclaredError as error:
            assert error.slug == "proof_failed" and not right
            return None
        assert right
        challenge.used = True
        assert (finished.link is None, finished.session is None) == (not challenge.program, challenge.program)
        return finished.session or finished.link

    @rule(target=cookies, challenge=challenges, replaced=st.none() | cookies)
    def answer(self, challenge: Open, replaced: Cookie | None) -> object:
        if challenge.program:
            return multiple()
        made = self.finish(challenge, challenge.answer, challenge.pre, replaced.value if replaced else None)
        return self.given_to(challenge.person, made, replaced) if isinstance(made, str) else multiple()

    @rule(target=cookies, person=st.sampled_from(PEOPLE), replaced=st.none() | cookies)
    def start_and_answer(self, person: Person, replaced: Cookie | None) -> object:
        challenge = self.start(person, PEERS[0], program=False, tab=None)
        return self.answer(challenge, replaced) if isinstance(challenge, Open) else multiple()

    @rule(target=links, challenge=challenges)
    def answer_as_a_program(self, challenge: Open) -> object:
        if not challenge.program:
            return multiple()
        made = self.finish(challenge, challenge.answer, None)
        if not isinstance(made, str):
            return multiple()
        link = Link(challenge, made.split("?token=")[1], self.clock.time + LINK_LIFE)
        self.linked.append(link)
        return link

    @rule(challenge=challenges, wrong=st.sampled_from(["A" * 43, "A", "-"]))
    def answer_wrongly(self, challenge: Open, wrong: str) -> None:
        assert self.finish(challenge, wrong, challenge.pre) is None

    @rule(challenge=challenges, other=challenges)
    def answer_with_anothers(self, challenge: Open, other: Open) -> None:
        if challenge is not other:
            assert self.finish(challenge, other.answer, challenge.pre) is None

    @rule(challenge=challenges, pre=st.sampled_from([None, "", "B" * 43]))
    def answer_from_another_browser(self, challenge: Open, pre: str | None) -> None:
        if not challenge.program:
            assert self.finish(challenge, challenge.answer, pre) is None

    @rule(target=cookies, link=links, replaced=st.none() | cookies)
    def open_link(self, link: Link, replaced: Cookie | None) -> object:
        now, person = self.clock.time, link.challenge.person
        good = not link.used and not link.challenge.over and link.ends - LINK_LIFE - SKEW <= now < link.ends
        assert self.login.links.look(link.token) == (person.address if good else None)
        made = self.login.links.use(link.token, Visitor(PEERS[0], None, replaced.value if replaced else None))
        assert (made is not None) == good
        link.used = link.used or good
        return self.given_to(person, made, replaced) if made is not None else multiple()

    @rule(cookie=cookies)
    def visit(self, cookie: Cookie) -> None:
        caller = self.sessions.caller(cookie.value)
        assert (caller is not None) == self.is_good(cookie)
        if caller is not None:
            user = self.login.users.at(cookie.person.address)
            assert user is not None and user.sid == caller.sid
            if abs(self.clock.time - cookie.seen) >= SEEN_EVERY:
                cookie.seen, cookie.ends = self.clock.time, min(cookie.ends, self.clock.time + LIFE)

    @rule(cookie=cookies)
    def visit_for_days(self, cookie: Cookie) -> None:
        for _ in range(12):
            self.clock.time += timedelta(hours=11)
            self.visit(cookie)

    @rule(cookie=cookies)
    def forge(self, cookie: Cookie) -> None:
        changed = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
        assert self.sessions.caller(changed) is None
        token = self.sessions.csrf_token(cookie.value)
        assert self.sessions.check_csrf(cookie.value, token) and not self.sessions.check_csrf(changed, token)

    @rule(cookie=consumes(cookies))
    def logout(self, cookie: Cookie) -> None:
        self.sessions.end(cookie.value, PEERS[0])
        cookie.ended = True

    @rule(cookie=cookies)
    def logout_everywhere(self, cookie: Cookie) -> None:
        caller = self.sessions.caller(cookie.value)
        if caller is None or caller.sid is None:
            return
        expected = [each for each in self.given if each.person is cookie.person and self.is_good(each)]
        assert self.sessions.end_all(caller.sid, PEERS[0]) == len(expected)
        for each in self.given:
            each.ended = each.ended or each.person is cookie.person
        for challenge in self.opened:
            challenge.over = challenge.over or challenge.person is cookie.person

    @rule(seconds=st.sampled_from([1, 59, 60, 61, 119, 120, 3600, 12 * 3600 - 1, 12 * 3600, 24 * 3600]))
    def wait(self, seconds: int) -> None:
        self.clock.time += timedelta(seconds=seconds)

    @rule(seconds=st.sampled_from([1, 29, 30, 31, 59, 60, 61, 120, 900, 3600, 24 * 3600, 365 * 24 * 3600]))
    def put_the_clock_back(self, seconds: int) -> None:
        self.clock.time -= timedelta(seconds=seconds)

    @invariant()
    def everybody_has_one_user_and_balance(self) -> None:
        if not hasattr(self, "database"):
            return
        [(users,)] = self.database.execute('SELECT COUNT(*) FROM "user"')
        [(balances,)] = self.database.execute('SELECT COUNT(*) FROM "billing"')
        assert users == balances == len({each.person.address for each in self.opened if each.used})


TestLogin = LoginMachine.TestCase
_SECONDS = int(os.environ.get("HERO_FUZZ_SECONDS", "0"))
TestLogin.settings = settings(
    max_examples=60 + 10 * _SECONDS, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
