"""Dates and numbers from the ends of what can be written: each call and each page answers, and none with a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from falcon import testing

from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import LoginMethod
from generated.tables.onboarding import NODE
from handlers.app import build
from handlers.cli import main
from handlers.composition import load_settings
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.node_repository import make_key
from tests.server.site import ADMIN, SECRET

DAYS = ("0001-01-01", "0001-12-31", "1969-12-31", "1970-01-01", "2106-12-31", "9999-01-01", "9999-12-31", "", None)
TIMES = (*(f"{day}T00:00:00Z" for day in DAYS[:7]), "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", 2**63, -1)
NUMBERS = (0, -1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**40, 1e308, None)
PAGES = ("/usage?{0}until={1}", "/usage.csv?{0}until={1}", "/ledger?cursor={1}", "/statements/{1}", "/receipts/{1}")
MONTHS = ("0000-01", "0001-01", "1969-12", "1970-01", "2099-12", "2106-12", "9999-12", "9" * 400)
ORIGIN = "http://127.0.0.1:9920"


class Site:
    """A site in this process with a user who has credit, and a node."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(f"sqlite:///{folder}/site.db")
        create_tables(self.database)
        book = Book(self.database)
        self.user = book.user()
        book.top_up(self.user, "pi_1", 10**10)
        node = {"node_id": "n1", "repo_url": "file:///nowhere", "keys": [], "kinds": ["llm_token"]}
        Store.of(NODE, self.database).new({**node}, book.clock.now())  # type: ignore[typeddict-item]
        settings = load_settings(
            var_dir=folder / "var", database_url=self.database.url, admin_secret=SECRET, rate_limits="off"
        )
        sessions = Sessions(self.database, book.clock, settings)
        cookie = sessions.create(self.user, LoginMethod.SEALED, Peer("127.0.0.1"))
        self.cookie = {"Cookie": f"hl_session={cookie}", "Origin": ORIGIN}
        self.client = testing.TestClient(build(settings, self.database, book.clock, log=Log(lambda _: None)))

    def call(self, method: str, params: dict[str, Any], headers: dict[str, str] = ADMIN) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.client.simulate_post("/rpc", json=body, headers=headers)
        assert answer.status_code < 500, (method, params)
        read: dict[str, Any] = answer.json
        return read


class Document:
    """The calls of a site, and what may be given to them."""

    def __init__(self, openrpc: dict[str, Any]) -> None:
        self._openrpc = openrpc

    def calls(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each method with one extreme value, wherever it takes a date, a time or a number."""
        for method in self._openrpc["methods"]:
            params = [self._found(each) for each in method["params"]]
            usual = {each["name"]: self._usual(each["schema"]) for each in params if each.get("required")}
            for each in params:
                for value in self._extremes(each["schema"]):
                    yield method["name"], {**usual, each["name"]: value}

    def _found(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            at = self._openrpc
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            schema = at
        return schema

    def _usual(self, schema: dict[str, Any]) -> Any:
        """A value that a field may have, if it is as simple as most are."""
        schema = self._found(schema)
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self._usual(choices[0])
        if examples := schema.get("examples") or schema.get("enum"):
            return examples[0]
        if schema.get("type") == "object":
            fields = schema.get("properties", {})
            return {name: self._usual(fields[name]) for name in schema.get("required", ())}
        usual = {"date": "2026-11-29", "date-time": "2026-11-29T00:00:00Z", "integer": 1, "array": [], "boolean": True}
        return usual.get(schema.get("format") or schema.get("type") or "", "n1")

    def _extremes(self, schema: dict[str, Any]) -> Iterator[Any]:
        schema = self._found(schema)
        for choice in schema.get("anyOf") or schema.get("oneOf") or ():
            yield from self._extremes(choice)
        kinds = schema.get("type", "")
        if schema.get("format") in ("date", "date-time"):
            yield from DAYS if schema["format"] == "date" else TIMES
        elif "integer" in kinds or "number" in kinds:
            yield from NUMBERS
        elif "object" in kinds:
            usual = self._usual(schema)
            for name, field in schema.get("properties", {}).items():
                for value in self._extremes(field):
                    yield {**usual, name: value}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    assert audit(made.database) == []
    made.database.close()


def test_no_call_fails_by_a_date_or_a_number(site: Site) -> None:
    document = Document(site.call("rpc.discover", {})["result"])
    calls = list(document.calls())
    assert len(calls) > 500
    for method, params in calls:
        for headers in (ADMIN, site.cookie):
            error = site.call(method, params, headers).get("error", {})
            assert error.get("code") != -32603, (method, params)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_fails_by_a_date(site: Site, page: str) -> None:
    for value in (*(day or "" for day in DAYS), *MONTHS):
        for other in ("", f"since={value}&", "since=0001-01-01&", "since=9999-12-31&"):
            address, _, query = page.format(other, value).partition("?")
            answer = site.client.simulate_get(address, query_string=query, headers=site.cookie)
            assert answer.status_code < 500, (page, other, value)


@pytest.mark.parametrize("moment", ["0001-01-01", "1969-12-31", "2106-12-31", "9999-12-31T23:59:59Z"])
def test_no_command_takes_a_time_that_no_database_keeps(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", str(tmp_path))
    key, book = str(make_key(tmp_path).with_suffix(".pub")), tmp_path / "book.yaml"
    book.touch()
    node = ("--node-id", "n1", "--public-key", key)
    refused: list[tuple[str, ...]] = [
        ("nodes", "register", *node, "--repo-url", "file:///x", "--kinds", "llm_token", "--valid-from", moment),
        ("nodes", "revoke-key", *node, "--valid-until", moment),
        ("prices", "current", "--at", moment),
        ("prices", "simulate", str(book), "--from", moment, "--to", "2026-11-29"),
        ("prices", "simulate", str(book), "--from", "2026-11-29", "--to", moment),
    ]
    for command in refused:
        done = CliRunner().invoke(main, command)
        assert (done.exit_code, "1970 to 2106" in done.output) == (2, True), (command, done.output)
    too_long: list[tuple[str, ...]] = [
        ("apikey", "create", "--user", "x", "--name", "x", "--days", str(10**9)),
        ("aggregate", "--loop", "1e308"),
    ]
    for command in too_long:
        assert CliRunner().invoke(main, command).exit_code == 2, command
