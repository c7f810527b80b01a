"""A real site for tests: `hero-onboarding serve` on a free port, with its commands and its JSON-RPC."""

import os
import re
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from codegen.runtime.clock import follow
from handlers.cli import main
from tests.programs import free_port, program
from tests.waiting import PATIENCE

SECRET = "test-admin-secret-0123456789"
ADMIN = {"X-Hero-Onboarding-Admin-Secret": SECRET}
SECRETS = re.compile(
    rf"{SECRET}|hok_[\w-]{{20,}}|[sr]k_(?:test|live)_\w+|whsec_\w+|hl_(?:session|pre)=|token=[\w-]{{20,}}|v1=[0-9a-f]{{64}}"
    r"|Bearer [\w-]{20,}|\bt=\d+,v1"
)
"""Admin secret, API keys, Stripe's keys and signatures, cookies, one-time links, bearer tokens."""
COMMAND = [sys.executable, "-m", "handlers"]


class Site:
    """One site: its settings, its commands, and its server while `running`."""

    def __init__(self, directory: Path, database_url: str | None = None, **settings: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {
            "PORT": str(self.port),
            "VAR_DIR": str(directory / "var"),
            "PUBLIC_URL": self.url,
            "ADMIN_SECRET": SECRET,
            "WORKERS": "1",
            **settings,
        }
        if database_url:
            given["DATABASE_URL"] = database_url
        ours = ("HERO_ONBOARDING_", "STRIPE_", "CLICKPESA_", "IDENFY_", "FORGE_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.environment |= {f"HERO_ONBOARDING_{name}": value for name, value in given.items()}
        self.log = directory / "server.log"
        self.http = self.new_http()

    def new_http(self) -> httpx.Client:
        """Connections of its own."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=False)

    def command(self, *arguments: str, status: int = 0) -> str:
        """Run a command in this process, which is quicker; its output."""
        others = dict.fromkeys(name for name in os.environ if name not in self.environment)
        try:
            done = CliRunner().invoke(main, arguments, env={**others, **self.environment})
        finally:
            follow(None)  # a clock that this site has is not that of other tests
        assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
        return done.output.strip()

    @contextmanager
    def running(self, command: str = "serve") -> Iterator["Site"]:
        """Serve until the block ends."""
        self.log.unlink(missing_ok=True)
        serving = program([*COMMAND, command], ready=f"{self.url}/readyz", log=self.log, environment=self.environment)
        try:
            with serving:
                yield self
        finally:
            self.http.close()
            self.http = self.new_http()
        if command == "serve":  # the demo prints a key and a secret on purpose
            self.log_holds_no_secret()

    def log_holds_no_secret(self) -> None:
        """Whatever a test did with a site, its log tells no key, cookie, signature or secret of it."""
        found = SECRETS.findall(self.log.read_text())
        assert not found, f"{len(found)} secrets in the log, the first begins with {found[0][:12]!r}"

    def post(self, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.http.post("/rpc", json=body, headers=headers)

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The result of a call that is to succeed."""
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}, headers).json()
        assert "result" in answer, answer
        return answer["result"]

    def error(
        self, method: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The code and the slug (of a declared error) of a call that is to fail."""
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}, headers).json()
        assert "error" in answer, answer
        return answer["error"]["code"], (answer["error"].get("data") or {}).get("error")


@contextmanager
def running_sandbox(site: Site, port: int) -> Iterator[None]:
    """The vendors' sandbox beside a site, a process of its own."""
    command, log = [*COMMAND, "sandbox", "--port", str(port)], site.directory / "sandbox.log"
    with program(command, ready=f"http://127.0.0.1:{port}/_control", log=log, environment=site.environment):
        yield


@contextmanager
def site_on(dialect: str, request: pytest.FixtureRequest, directory: Path, **settings: str) -> Iterator[Site]:
    """A site that serves, on SQLite, or by two processes on a PostgreSQL database of its own."""
    if dialect == "sqlite":
        found = Site(directory, **settings)
        found.command("migrate")
        with found.running():
            yield found
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"site_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        found = Site(directory, server.replace("/postgres?", f"/{name}?"), **{"WORKERS": "2", **settings})
        found.command("migrate")
        with found.running():
            yield found
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
