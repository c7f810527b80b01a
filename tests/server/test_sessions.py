"""Sessions in a database: who they speak for, how long, and how they end."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.context import Caller
from codegen.runtime.storage.database import Database
from generated.models.onboarding import LoginMethod, LoginOutcome
from handlers.identity.peer import Peer
from handlers.identity.secret import digest
from handlers.identity.sessions import IDLE, LIFE, SEEN_EVERY, Sessions
from handlers.settings import Settings
from tests.migrated import migrate
from tests.server.login_world import Clock

PEER = Peer("203.0.113.7", "Browser/1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(tmp_path: Path, clock: Clock) -> Iterator[Sessions]:
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    migrate(database)
    yield Sessions(database, clock, Settings(public_url="https://hero.example"))
    database.close()


@pytest.fixture
def user(sessions: Sessions) -> str:
    return new_user(sessions, 1)


def new_user(sessions: Sessions, number: int) -> str:
    return sessions.users.new(
        {"mycelium_address": f"400::{number:x}", "public_key": f"{number:064x}"}, sessions.clock.now()
    ).sid


def test_a_session_speaks_for_its_user(sessions: Sessions, user: str) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    session = sessions.find(cookie)
    assert session is not None
    assert sessions.caller(cookie) == Caller("user", user, session.sid)
    assert (session.ip, session.user_agent, session.proved_at) == (PEER.ip, PEER.user_agent, sessions.clock.now())
    assert sessions.user(session).sid == user


def test_only_the_digest_is_kept(sessions: Sessions, user: str) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    assert len(cookie) == 43, "32 bytes"
    assert sessions.cookies.session == "__Host-hl_session"
    kept = sessions.database.execute('SELECT * FROM "session"')
    assert digest(cookie) in kept[0]
    assert cookie not in str(kept)
    assert sessions.caller(digest(cookie)) is None


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 4000, "é", "\0"])
def test_unknown_cookies(sessions: Sessions, user: str, cookie: str) -> None:
    sessions.create(user, LoginMethod.SEALED, PEER)
    assert sessions.caller(cookie) is None


def test_idle_for_twelve_hours(sessions: Sessions, user: str, clock: Clock) -> None:
    assert timedelta(hours=12) == IDLE
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    clock.time += IDLE - timedelta(seconds=1)
    assert sessions.caller(cookie) is not None, "which is being seen"
    clock.time += IDLE - timedelta(seconds=1)
    assert sessions.caller(cookie) is not None
    clock.time += IDLE
    assert sessions.caller(cookie) is None


def test_seven_days_in_all(sessions: Sessions, user: str, clock: Clock) -> None:
    assert timedelta(days=7) == LIFE
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    end = clock.time + LIFE
    while clock.time + IDLE / 2 < end:
        clock.time += IDLE / 2
        assert sessions.caller(cookie) is not None
    clock.time = end
    assert sessions.caller(cookie) is None
    sessions.create(user, LoginMethod.SEALED, PEER)
    assert sessions.database.execute('SELECT COUNT(*) FROM "session"') == [(1,)], "what is over is swept away"


def test_reading_seldom_writes(sessions: Sessions, user: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    writes: list[str] = []
    change = sessions.database.change

    def counted(sql: str, params: Sequence[Any] = ()) -> int:
        writes.append(sql)
        return change(sql, params)

    monkeypatch.setattr(sessions.database, "change", counted)
    for _ in range(60):
        assert sessions.caller(cookie) is not None
        clock.time += timedelta(seconds=1)
    assert writes == []
    sessions.caller(cookie)
    assert len(writes) == 2, "the session and its user, after a minute"
    seen = sessions.find(cookie)
    assert seen is not None and clock.time - seen.last_seen_at < SEEN_EVERY


def test_a_look_is_one_read_by_an_index(sessions: Sessions, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    asked: list[tuple[str, tuple[object, ...]]] = []
    execute = sessions.database.execute

    def noted(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        asked.append((sql, tuple(params)))
        return execute(sql, params)

    monkeypatch.setattr(sessions.database, "execute", noted)
    sessions.caller(cookie)
    [(sql, params)] = asked
    plan = execute(f"EXPLAIN QUERY PLAN {sql}", params)
    assert "uq_session__token_hash" in plan[0][3]


def test_a_login_ends_the_session_it_replaces(sessions: Sessions, user: str) -> None:
    first = sessions.create(user, LoginMethod.SEALED, PEER)
    other = sessions.create(user, LoginMethod.SEALED, PEER)
    second = sessions.create(user, LoginMethod.MESSAGE, PEER, replaces=first)
    assert len({first, other, second}) == 3
    assert sessions.caller(first) is None
    assert sessions.caller(other) is not None
    session = sessions.find(second)
    assert session is not None and session.proved_at is None, "a message is no sealed box"


def test_ends(sessions: Sessions, user: str) -> None:
    stranger = new_user(sessions, 2)
    kept = sessions.create(stranger, LoginMethod.SEALED, PEER)
    cookies = [sessions.create(user, LoginMethod.SEALED, PEER) for _ in range(4)]
    assert sessions.end(cookies[0], PEER) == 1
    assert sessions.end(cookies[0], PEER) == 0
    assert [sessions.caller(cookie) is not None for cookie in cookies] == [False, True, True, True]
    theirs = sessions.find(kept)
    assert theirs is not None
    assert sessions.end_one(user, theirs.sid) == 0, "another's session"
    mine = sessions.find(cookies[1])
    assert mine is not None
    assert sessions.end_one(user, mine.sid) == 1
    assert [session.sid for session in sessions.of(user)] == [
        found.sid for cookie in cookies[2:] if (found := sessions.find(cookie))
    ]
    assert sessions.end_all(user) == 2
    assert not any(map(sessions.caller, cookies))
    assert sessions.caller(kept) is not None
    events = sessions.events.events.find({"user_sid": user})["items"]
    assert [event.outcome for event in events] == [LoginOutcome.LOGGED_OUT] * 4


def test_tokens_for_forms(sessions: Sessions, user: str) -> None:
    cookie, other = (sessions.create(user, LoginMethod.SEALED, PEER) for _ in range(2))
    token = sessions.csrf_token(cookie)
    assert token == sessions.csrf_token(cookie) != sessions.csrf_token(other)
    assert cookie not in token and digest(cookie) not in token
    assert sessions.check_csrf(cookie, token)
    for wrong_cookie, wrong_token in (
        (other, token),
        (cookie, sessions.csrf_token(other)),
        (cookie, ""),
        (cookie, None),
        (None, token),
        ("", ""),
        (None, None),
        (cookie, "é"),
    ):
        assert not sessions.check_csrf(wrong_cookie, wrong_token)


def test_no_token_is_good_without_a_cookie(sessions: Sessions) -> None:
    """Everybody can compute the one of an empty cookie."""
    assert not sessions.check_csrf("", sessions.csrf_token(""))
    assert not sessions.check_csrf(None, sessions.csrf_token(""))


def test_what_is_not_known_of_a_visitor_is_not_kept(sessions: Sessions, user: str) -> None:
    session = sessions.find(sessions.create(user, LoginMethod.SEALED, Peer("", "")))
    assert session is not None and (session.ip, session.user_agent) == (None, None)


def test_a_login_is_a_sign_of_life(sessions: Sessions, user: str, clock: Clock) -> None:
    clock.time += timedelta(days=3)
    sessions.create(user, LoginMethod.SEALED, PEER)
    assert sessions.users.get(user).last_active == clock.time


def test_more_sessions_than_a_page(sessions: Sessions, user: str) -> None:
    for _ in range(101):
        sessions.create(user, LoginMethod.SEALED, PEER)
    assert len(sessions.of(user)) == 101 == sessions.end_all(user)


@pytest.mark.parametrize("sid", ["", "%", "\0", "a" * 300, "' OR 1=1"])
def test_text_that_is_no_sid_ends_nothing(sessions: Sessions, user: str, sid: str) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    assert sessions.end_one(user, sid) == 0 and sessions.caller(cookie) is not None


def test_what_did_not_end_is_not_in_the_history(sessions: Sessions, user: str) -> None:
    stranger = new_user(sessions, 2)
    theirs = sessions.find(sessions.create(stranger, LoginMethod.SEALED, PEER))
    assert theirs is not None and sessions.end_one(user, theirs.sid) == 0
    assert sessions.events.events.list_full()["items"] == []


def test_a_login_prolongs_no_other_session(sessions: Sessions, user: str, clock: Clock) -> None:
    cookie = sessions.create(user, LoginMethod.SEALED, PEER)
    before = sessions.find(cookie)
    clock.time += timedelta(seconds=30)
    sessions.create(new_user(sessions, 2), LoginMethod.SEALED, PEER)
    assert sessions.find(cookie) == before
