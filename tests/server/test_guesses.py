"""Guessing secrets: it is slowed for whoever does it, told to the operators, and holds nobody else up."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.context import ADMIN as ADMIN_CALLER
from codegen.runtime.context import Caller
from codegen.runtime.errors import Busy, Unauthorized
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.auth import Credentials
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from handlers.identity.guesses import FREE, LONGEST_PAUSE, MEMORY, Guesses, SlowGuesses, pause
from handlers.identity.limits import RateLimits, TooMany
from handlers.identity.peer import Peers, networks
from tests.migrated import migrate
from tests.server.login_world import Clock, at_once
from tests.server.site import ADMIN, SECRET, Site, bearer

HEADER = "X-Hero-Onboarding-Admin-Secret"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "user.list", "params": {}}
PEER, OTHER = "198.51.100.1", "203.0.113.9"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(database: Database, clock: Clock) -> SlowGuesses:
    migrate(database)
    return authenticator(database, clock)


def authenticator(database: Database, clock: Clock, on: bool = True) -> SlowGuesses:
    """One of several processes: it remembers nothing itself."""
    credentials = Credentials(
        admin_header=HEADER,
        admin_secret=SECRET,
        bearer=lambda token: Caller("node", "n1") if token == "good" else None,
        session=lambda cookie: Caller("user", "u1"),
        cookie="c",
    )
    return SlowGuesses(
        credentials, Guesses(database, clock, Log(lambda _: None), on), Peers(networks("127.0.0.1")), HEADER
    )


def call(guarded: SlowGuesses, peer: str, **headers: str) -> Caller | str | int:
    """The caller, "wrong", or the seconds to wait."""
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": peer, "REQUEST_METHOD": "GET"}
    try:
        return guarded.authenticate(environ | {f"HTTP_{name.upper()}": value for name, value in headers.items()})
    except Unauthorized:
        return "wrong"
    except TooMany as refused:
        return refused.retry_after or 0


def guess(guarded: SlowGuesses, peer: str = PEER, secret: str = "wrong") -> Caller | str | int:
    return call(guarded, peer, x_hero_onboarding_admin_secret=secret)


def alerts(database: Database) -> list[tuple[Any, ...]]:
    return database.execute('SELECT "kind", "subject", "count", "detail" FROM "operator_alert"')


def test_pauses_grow() -> None:
    assert [pause(wrong) for wrong in (0, 1, FREE - 1)] == [0, 0, 0]
    assert [pause(FREE + more) for more in range(6)] == [1, 2, 4, 8, 16, 32]
    assert pause(FREE + 9) == 512 and pause(FREE + 10) == pause(10**9) == LONGEST_PAUSE.total_seconds()
    assert LONGEST_PAUSE < MEMORY


def test_a_peer_that_guesses_waits(guarded: SlowGuesses, clock: Clock, database: Database) -> None:
    assert [guess(guarded) for _ in range(FREE - 1)] == ["wrong"] * (FREE - 1)
    assert guess(guarded, secret=SECRET) == ADMIN_CALLER and alerts(database) == []
    for seconds in (1, 2, 4, 8):
        assert guess(guarded) == "wrong"
        assert guess(guarded) == seconds
        assert guess(guarded, secret=SECRET) == seconds, "not compared: an answer would be worth something"
        assert guess(guarded, OTHER, SECRET) == ADMIN_CALLER, "whoever else knows it is not slowed"
        clock.time += timedelta(seconds=seconds - 1)
        assert guess(guarded, secret=SECRET) == 1
        clock.time += timedelta(seconds=1)
    assert guess(guarded, secret=SECRET) == ADMIN_CALLER
    [(kind, subject, count, detail)] = alerts(database)
    assert (kind, subject, count) == ("secret_guessed", "admin_secret", 4)
    assert PEER in detail and "wrong secrets" in detail and SECRET not in detail


def test_guesses_are_forgotten_after_an_hour(guarded: SlowGuesses, clock: Clock) -> None:
    for _ in range(FREE):
        guess(guarded)
    clock.time += MEMORY - timedelta(seconds=1)
    assert guess(guarded) == "wrong" and guess(guarded) == 2, "not yet"
    clock.time += MEMORY
    assert [guess(guarded) for _ in range(FREE)] == ["wrong"] * FREE
    assert guess(guarded) == 1


def test_in_a_day_a_peer_guesses_a_hundred_times(guarded: SlowGuesses, clock: Clock) -> None:
    tried, end = 0, clock.time + timedelta(days=1)
    while clock.time < end:
        answered = guess(guarded)
        if isinstance(answered, int):
            clock.time += timedelta(seconds=answered)
        else:
            tried += 1
    assert tried < 120


def test_several_processes_count_together(database: Database, clock: Clock) -> None:
    migrate(database)
    processes = [authenticator(database, clock) for _ in range(FREE + 6)]
    answers = at_once(database, *[lambda each=each: guess(each) for each in processes])
    assert answers.count("wrong") >= FREE
    assert {type(answer) for answer in answers} <= {str, int}, answers
    assert isinstance(guess(authenticator(database, clock)), int)
    assert guess(authenticator(database, clock), OTHER, SECRET) == ADMIN_CALLER


def test_api_keys_that_are_wrong_wait_and_right_ones_do_not(
    guarded: SlowGuesses, clock: Clock, database: Database
) -> None:
    """One program with a revoked key must not hold up its neighbours."""
    for header in ["Bearer wrong", "Bearer", "Basic dXNlcg=="] * 4:
        answered = call(guarded, PEER, authorization=header)
        if isinstance(answered, int):
            clock.time += timedelta(seconds=answered)
    assert call(guarded, PEER, authorization="Bearer wrong") in ("wrong", 1, 2, 4)
    assert isinstance(call(guarded, PEER, authorization="Bearer wrong"), int)
    assert call(guarded, PEER, authorization="Bearer good") == Caller("node", "n1")
    assert call(guarded, OTHER, authorization="Bearer wrong") == "wrong"
    assert guess(guarded, secret=SECRET) == ADMIN_CALLER, "the admin secret is another matter"
    assert [(kind, subject) for kind, subject, *_ in alerts(database)] == [("secret_guessed", "api_key")]


def test_who_shows_no_secret_guesses_none(guarded: SlowGuesses, database: Database) -> None:
    for _ in range(3 * FREE):
        assert call(guarded, PEER).scope == "public"  # type: ignore[union-attr]
        assert call(guarded, PEER, cookie="c=x").scope == "user"  # type: ignore[union-attr]
    assert database.execute('SELECT COUNT(*) FROM "rate_window"') == [(0,)]


def test_a_clock_that_is_put_back(guarded: SlowGuesses, clock: Clock, database: Database) -> None:
    for _ in range(FREE):
        guess(guarded)
    assert guess(guarded, secret=SECRET) == 1
    clock.time -= timedelta(days=1)
    assert guess(guarded, secret=SECRET) == ADMIN_CALLER
    assert [guess(guarded) for _ in range(FREE)] == ["wrong"] * FREE
    assert guess(guarded) == 1
    clock.time -= timedelta(days=1)
    RateLimits(database, clock).purge()
    assert database.execute('SELECT COUNT(*) FROM "rate_window"') == [(0,)]


@pytest.mark.parametrize("statement", ["SELECT", "INSERT"])
def test_a_database_that_is_away_is_no_fault(
    guarded: SlowGuesses, database: Database, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Who cannot be counted is let in by no secret, right or wrong, and told to come again."""
    execute = database.execute

    def away(sql: str, params: Sequence[Any] = ()) -> Any:
        if statement in sql:
            raise Unavailable("gone")
        return execute(sql, params)

    monkeypatch.setattr(database, "execute", away)
    for secret in ["wrong", SECRET] if statement == "SELECT" else ["wrong"]:
        with pytest.raises(Busy):
            guess(guarded, secret=secret)


def test_limits_that_are_off(database: Database, clock: Clock) -> None:
    migrate(database)
    guarded = authenticator(database, clock, on=False)
    assert {guess(guarded) for _ in range(3 * FREE)} == {"wrong"}


# --- at a site --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), TRUSTED_PROXIES="127.0.0.1")
    site.command("migrate")
    with site.running():
        yield site
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    guessed = [line for line in lines if line["event"] == "secret guessed"]
    assert {line["secret"] for line in guessed} == {"admin_secret", "api_key"}
    assert all(line["level"] == "warning" and line["peer"].startswith("198.51.100.") for line in guessed)
    assert "wrong-guess" not in site.log.read_text()


WAYS = {
    "rpc": ("POST", "/rpc", LIST, HEADER),
    "a batch": ("POST", "/rpc", [LIST] * 20, HEADER),
    "the documents": ("GET", "/openrpc.json", None, HEADER),
    "a machine route": ("POST", "/admin/balance-adjust", {"sid": "x", "balance_cents": 1}, HEADER),
    "an API key": ("POST", "/rpc", LIST, "Authorization"),
    "an API key at a machine route": ("POST", "/admin/balance-adjust", {}, "Authorization"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_is_slowed(site: Site, way: str) -> None:
    method, path, body, header = WAYS[way]
    peer = f"198.51.100.{10 + list(WAYS).index(way)}"

    def ask(secret: str, peer: str) -> Any:
        value = secret if header == HEADER else f"Bearer {secret}"
        return site.http.request(method, path, json=body, headers={header: value, "X-Forwarded-For": peer})

    answers = [ask("wrong-guess", peer) for _ in range(FREE + 3)]
    if way == "a batch":
        codes = [{member["error"]["code"] for member in answer.json()} for answer in answers]
        assert codes[:FREE] == [{1401}] * FREE and {1429} in codes[FREE:]
    else:
        assert [answer.status_code for answer in answers[:FREE]] == [401] * FREE
        assert 429 in [answer.status_code for answer in answers[FREE:]]
    refused = next(answer for answer in answers if "Retry-After" in answer.headers)
    assert 0 < int(refused.headers["Retry-After"]) <= 4
    assert answers.index(refused) >= FREE
    right = SECRET if header == HEADER else site.command("apikey", "create", "--admin", "--name", way)
    assert ask(right, OTHER).status_code in (200, 400), "another peer is not slowed"
    subject = "admin_secret" if header == HEADER else "api_key"
    found = site.call("operator_alert.list_full", {}, ADMIN | {"X-Forwarded-For": OTHER})["items"]
    assert {(alert["kind"], alert["cleared_at"]) for alert in found if alert["subject"] == subject} == {
        ("secret_guessed", None)
    }


def test_guesses_do_not_slow_other_callers(site: Site) -> None:
    """While one peer goes on guessing as fast as it can, others are answered."""
    stop = threading.Event()

    def guess_on() -> None:
        with site.new_http() as http:
            while not stop.is_set():
                http.post("/rpc", json=LIST, headers={HEADER: "wrong-guess", "X-Forwarded-For": "198.51.100.99"})

    guesser = threading.Thread(target=guess_on)
    guesser.start()
    try:
        key = bearer(site.command("apikey", "create", "--admin", "--name", "neighbour"))
        for _ in range(30):
            assert "items" in site.call("user.list", headers={**ADMIN, "X-Forwarded-For": OTHER})
            assert "items" in site.call("user.list", headers={**key, "X-Forwarded-For": "198.51.100.99"})
    finally:
        stop.set()
        guesser.join()


def test_two_processes_count_together(postgresql_url: str, tmp_path: Path) -> None:
    site = Site(tmp_path, postgresql_url, WORKERS="2", TRUSTED_PROXIES="127.0.0.1")
    site.command("migrate")
    with site.running():
        statuses = []
        for _ in range(FREE + 4):  # each over a connection of its own, so that both processes are met
            with site.new_http() as http:
                headers = {HEADER: "wrong-guess", "X-Forwarded-For": PEER}
                statuses.append(http.post("/rpc", json=LIST, headers=headers).status_code)
        assert statuses[:FREE] == [401] * FREE and 429 in statuses[FREE:]
        assert "items" in site.call("user.list", headers={**ADMIN, "X-Forwarded-For": OTHER})
