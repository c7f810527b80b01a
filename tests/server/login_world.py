"""A login without a server: for tests that set the clock, or look into the database."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from codegen.runtime.storage.database import Database
from generated.models.onboarding import LoginInitiator, LoginProof, LoginStart
from handlers.identity.limits import RateLimits
from handlers.identity.login import Finished, Login, Started
from handlers.identity.node import MyceliumNode
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.identity.visitor import Visitor
from handlers.settings import Settings
from tests.migrated import migrate
from tests.server.people import Person

ORIGIN = "https://hero.example"
HERE = Visitor(Peer("203.0.113.7", "Browser/1"))
T = TypeVar("T")


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def new_login(database: Database, clock: Clock, node: str = "http://127.0.0.1:1", limits: bool = True) -> Login:
    """The login of a site whose database is empty."""
    migrate(database)
    sessions = Sessions(database, clock, Settings(public_url=ORIGIN))
    return Login(database, clock, ORIGIN, sessions, RateLimits(database, clock, limits), MyceliumNode(node))


def start(login: Login, person: Person, visitor: Visitor = HERE, program: bool = False) -> Started:
    """A sealed challenge."""
    initiated_by = LoginInitiator.PROGRAM if program else LoginInitiator.BROWSER
    return login.start(LoginStart(public_key=person.public_key, initiated_by=initiated_by), visitor)


def answer(login: Login, person: Person, started: Started) -> LoginProof:
    """What the login program says to it."""
    now = int(login.clock.now().timestamp())
    response = person.answer(started.challenge.model_dump(), ORIGIN, now)
    return LoginProof(challenge_id=started.challenge.challenge_id, response=response)


def log_in(login: Login, person: Person, visitor: Visitor = HERE) -> str:
    """The cookie of a new session."""
    started = start(login, person, visitor)
    finished: Finished = login.finish(
        answer(login, person, started), Visitor(visitor.peer, started.pre, visitor.session)
    )
    assert finished.session is not None
    return finished.session


def link_of(login: Login, person: Person, visitor: Visitor = HERE) -> str:
    """The token of a link that the login program prints."""
    started = start(login, person, visitor, program=True)
    finished = login.finish(answer(login, person, started), visitor)
    assert finished.session is None and finished.link is not None
    link, token = finished.link.split("?token=")
    assert link == f"{ORIGIN}/login/link" and len(token) == 43
    return token


def at_once(database: Database, *works: Callable[[], T]) -> list[T | Exception]:
    """What comes of works that begin together, each in a thread of its own."""
    outcomes: list[T | Exception] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> None:
        gate.wait()
        try:
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
