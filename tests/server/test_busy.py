"""A database that cannot do it now: every way in says so and can be used again, and nothing half done is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from falcon import testing

from codegen.runtime.client.client import Call, Options, Transport, TransportError
from codegen.runtime.context import SystemClock
from codegen.runtime.errors import Busy
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Restart, Unavailable
from generated.models.onboarding import LoginMethod
from handlers.app import build
from handlers.cli import main
from handlers.composition import load_settings
from handlers.identity.api_keys import ApiKeys
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.identity.users import Users
from tests.migrated import migrate
from tests.server.people import Person
from tests.server.site import ADMIN, SECRET
from tests.waiting import PATIENCE

ORIGIN = "http://127.0.0.1:9920"


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else holds the database: SQLite's write lock, or every table of PostgreSQL."""
    other = Database.open(url)
    try:
        with other.transaction():
            if other.dialect == "postgresql":
                tables = other.execute(
                    "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()"
                )
                other.execute(f"LOCK TABLE {', '.join(table for (table,) in tables)} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        other.close()


class Product:
    """The site in this process, and somebody who is signed in."""

    def __init__(self, folder: Path, url: str) -> None:
        self.settings = load_settings(
            var_dir=folder,
            database_url=url,
            sandbox_url="http://127.0.0.1:1",
            public_url=ORIGIN,
            admin_secret=SECRET,
            rate_limits=False,
        )
        self.database = Database.open(url)
        migrate(self.database)
        self.logged: list[bytes] = []
        self.log = Log(self.logged.append)
        self.client = testing.TestClient(build(self.settings, self.database, log=self.log))
        sessions = Sessions(self.database, SystemClock(), self.settings)
        self.person = Person()
        users = Users(self.database, SystemClock())
        self.user = self.database.run(lambda: users.admit(self.person.address, self.person.public_key))
        self.cookie = self.database.run(lambda: sessions.create(self.user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))
        self.csrf = sessions.csrf_token(self.cookie)

    def post(self, path: str, body: bytes, kind: str = "application/json", **headers: str) -> testing.Result:
        given = {"Content-Type": kind, "Host": "127.0.0.1:9920", "Origin": ORIGIN}
        return self.client.simulate_post(
            path,
            body=body,
            headers={**given, **{name.replace("_", "-"): value for name, value in headers.items()}},
            cookies={"hl_session": self.cookie},
        )

    def form(self, path: str, **fields: str) -> testing.Result:
        body = urlencode({"csrf_token": self.csrf, **fields}).encode()
        return self.post(path, body, "application/x-www-form-urlencoded", Accept="text/html")

    def rpc(self, method: str, params: dict[str, Any], **headers: str) -> testing.Result:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.post("/rpc", json.dumps(call).encode(), **headers)

    def webhook(self) -> testing.Result:
        event = {"id": "evt_1", "object": "event", "type": "customer.created", "created": int(time.time())}
        body = json.dumps({**event, "data": {"object": {"id": "cus_1"}}}).encode()
        now = int(time.time())
        signature = hmac.new(b"whsec_sandbox", b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
        return self.post("/webhooks/stripe", body, Stripe_Signature=f"t={now},v1={signature}")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock."""
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", 0.1)


@pytest.fixture
def product(short: None, tmp_path: Path, database_url: str) -> Iterator[Product]:
    made = Product(tmp_path, database_url)
    yield made
    made.database.close()


def test_every_way_in_says_busy(product: Product) -> None:
    rename = {"sid": product.user.sid, "data": {"display_name": "Ada"}}
    login = json.dumps({"public_key": product.person.public_key}).encode()
    adjust = json.dumps({"sid": product.user.sid, "balance_cents": 500}).encode()
    ways: dict[str, Callable[[], testing.Result]] = {
        "webhook": product.webhook,
        "form": lambda: product.form("/payment/intent", provider="stripe", amount_cents="1000"),
        "login": lambda: product.post("/auth/challenge", login),
        "machine": lambda: product.post("/admin/balance-adjust", adjust, **ADMIN),
    }
    with locked(product.settings.database_url):
        for name, ask in ways.items():
            answer = ask()
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1"), name
        for headers in ({}, ADMIN):
            answer = product.rpc("user.patch", rename, **headers)
            error = answer.json["error"]
            assert (answer.status_code, error["code"]) == (200, 1453)
            assert error["data"] == {"error": "busy", "retry_after": 1}
        assert product.client.simulate_get("/healthz").status_code == 200
    for name, ask in ways.items():
        assert ask().status_code < 500 or name == "form", name  # no provider is there
    assert product.rpc("user.patch", rename).json["result"]["display_name"] == "Ada"
    product.log.flush()
    told = [line for line in map(json.loads, b"".join(product.logged).splitlines()) if line["event"] == "busy"]
    assert len(told) >= 5
    assert all("lock" in line["message"] for line in told if line.get("method") != "user.patch")


@pytest.mark.parametrize(
    "arguments",
    [
        ("apikey", "create", "--user", "USER", "--name", "program"),
        ("apikey", "revoke", "KEY"),
        ("worker", "--once"),
        ("audit",),
    ],
    ids=" ".join,
)
def test_commands_say_it_in_a_sentence(product: Product, arguments: tuple[str, ...]) -> None:
    key = ApiKeys(product.database, SystemClock()).create_for_user(product.user.sid, "reader").key
    names = {"USER": product.user.sid, "KEY": key.sid}
    environment = {
        "HERO_ONBOARDING_DATABASE_URL": product.settings.database_url,
        "HERO_ONBOARDING_VAR_DIR": str(product.settings.var_dir),
        "HERO_ONBOARDING_SANDBOX_URL": "http://127.0.0.1:1",
    }
    with locked(product.settings.database_url):
        done = CliRunner().invoke(main, [names.get(each, each) for each in arguments], env=environment)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
    assert "lock" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_who_only_reads_waits_for_no_writer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> None:
    """That a session or a key was seen is noted where nobody is waited for, else by the next request."""
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", PATIENCE)
    product = Product(tmp_path, database_url)
    keys = ApiKeys(product.database, SystemClock())
    bearer = {"Authorization": f"Bearer {keys.create_for_user(product.user.sid, 'reader').secret}"}
    product.database.execute('UPDATE "session" SET "last_seen_at" = "last_seen_at" - 3600')

    def noted() -> list[bool]:
        """Whether the session and the key."""
        ((seen, made),) = product.database.execute('SELECT "last_seen_at", "created_at" FROM "session"')
        ((used,),) = product.database.execute('SELECT "last_used_at" FROM "api_key"')
        return [seen >= made, used is not None]

    def read() -> None:
        page = product.client.simulate_get("/dashboard", cookies={"hl_session": product.cookie})
        assert page.status_code == 200
        me = {"jsonrpc": "2.0", "id": 1, "method": "identity.me", "params": {}}
        assert "result" in product.client.simulate_post("/rpc", json=me, headers=bearer).json

    other = Database.open(database_url)
    began = time.monotonic()
    with other.transaction():
        other.execute('UPDATE "session" SET "ip" = "ip"')
        other.execute('UPDATE "api_key" SET "name" = "name"')
        read()
    assert time.monotonic() - began < PATIENCE / 2
    assert noted() == [False, False]
    read()
    assert noted() == [True, True]
    other.close()
    product.database.close()


def test_a_database_that_is_away_is_busy_too(short: None, tmp_path: Path, postgresql_url: str) -> None:
    product = Product(tmp_path, postgresql_url)
    product.database.close()
    away = Database.open("postgresql://hero:s3cret@127.0.0.1:1/none?connect_timeout=2")
    product.client = testing.TestClient(build(product.settings, away, log=product.log))
    assert product.webhook().status_code == 503
    assert product.form("/payment/intent", provider="stripe", amount_cents="1000").status_code == 503
    answer = product.rpc("user.get", {"sid": product.user.sid}, **ADMIN)
    assert answer.json["error"]["message"] == "the database does not answer; try again"
    product.log.flush()
    assert b"refused" in b"".join(product.logged)
    assert b"s3cret" not in b"".join(product.logged)


# --- nothing half done ----------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    """A database that has no room for more than a few rows."""
    database = Database.open(f"sqlite:///{tmp_path}/small.db")
    database.execute("CREATE TABLE kept (text TEXT)")
    database.execute("PRAGMA max_page_count = 8")
    yield database
    database.close()


def big(database: Database) -> None:
    database.execute("INSERT INTO kept VALUES (?)", ("x" * 100_000,))


def rows(database: Database) -> int:
    return int(database.execute("SELECT COUNT(*) FROM kept")[0][0])


def test_a_full_disk_is_said_and_room_is_used_again(small: Database) -> None:
    with pytest.raises(Unavailable, match="full") as full:
        small.run(lambda: big(small))
    assert full.value.answer.retry_after == 30
    assert (rows(small), small.in_transaction) == (0, False)
    small.execute("PRAGMA max_page_count = 1000")
    small.run(lambda: big(small))
    assert rows(small) == 1


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_what_goes_on_after_a_full_disk_is_not_kept(small: Database, nested: bool) -> None:
    """SQLite itself has ended the transaction: what follows would be kept, each statement for itself."""

    def work() -> None:
        small.execute("INSERT INTO kept VALUES ('before')")
        with suppress(Unavailable):
            if nested:
                with small.transaction():
                    big(small)
            else:
                big(small)
        small.execute("INSERT INTO kept VALUES ('after')")

    with pytest.raises(Unavailable, match="full"):
        small.run(work)
    assert rows(small) == 0
    small.run(lambda: small.execute("INSERT INTO kept VALUES ('later')"))
    assert rows(small) == 1


def test_a_commit_after_an_error_is_no_success(database: Database) -> None:
    """PostgreSQL answers it with a rollback of which nobody is told."""
    database.execute("CREATE TABLE kept (text VARCHAR(90) UNIQUE)")
    database.execute("INSERT INTO kept VALUES ('x')")

    def work() -> None:
        database.execute("INSERT INTO kept VALUES ('y')")
        with suppress(Exception):
            database.execute("INSERT INTO kept VALUES ('x')")

    if database.dialect == "postgresql":
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            database.run(work)
        assert rows(database) == 1
    else:
        database.run(work)
        assert rows(database) == 2


def test_transactions_that_never_fit_are_busy(short: None, database: Database) -> None:
    def work() -> None:
        raise Restart

    with pytest.raises(Unavailable) as restarted:
        database.run(work)
    assert (restarted.value.answer.code, str(restarted.value.answer)) == (1453, Busy.message)


def test_an_answer_to_commit_that_was_lost_does_not_say_that_nothing_was_done(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as other, pytest.raises(Unavailable) as lost:  # noqa: SIM117
        with database.transaction():
            ((pid,),) = database.execute("SELECT pg_backend_pid()")
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert "look whether it was done" in str(lost.value.answer)
    database.ping()
    database.close()


# --- clients --------------------------------------------------------------------------------------------------------


def test_clients_try_again_what_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    seen: list[bytes] = []
    error = {"code": 1453, "message": "the database is busy", "data": {"error": "busy", "retry_after": 7}}

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        body = {"result": 5} if len(seen) == 3 else {"error": error}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, **body})

    transport = Transport(Options("http://x/rpc"), httpx.Client(transport=httpx.MockTransport(answer)))
    assert transport.call(Call("a.b", dict[str, Any], int, safe=True), {}) == 5
    assert len(slept) == 2
    assert all(7 <= pause <= 10.5 for pause in slept)
    seen.clear()
    with pytest.raises(Busy, match="the database is busy") as busy:
        transport.call(Call("a.c", dict[str, Any], int), {})
    assert (busy.value.retry_after, len(seen)) == (7, 1)
    with pytest.raises(TransportError):
        Transport(Options("http://127.0.0.1:1/rpc")).call(Call("a.c", dict[str, Any], int), {})
