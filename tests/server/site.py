"""A real site for tests: `hero-onboarding serve` on a free port, with its commands and its JSON-RPC."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from handlers.cli import main

SECRET = "test-admin-secret-0123456789"
ADMIN = {"X-Hero-Onboarding-Admin-Secret": SECRET}
SECRETS = re.compile(
    rf"{SECRET}|hok_[\w-]{{20,}}|[sr]k_(?:test|live)_\w+|whsec_\w+|hl_(?:session|pre)=|token=[\w-]{{20,}}|v1=[0-9a-f]{{64}}"
    r"|Bearer [\w-]{20,}|\bt=\d+,v1"
)
"""Admin secret, API keys, Stripe's keys and signatures, cookies, one-time links, bearer tokens."""
COMMAND = [sys.executable, "-m", "handlers"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        return httpx.Client(base_url=self.url)

    def command(self, *arguments: str, status: int = 0) -> str:
        """Run a command in this process, which is quicker; its output."""
        others = dict.fromkeys(name for name in os.environ if name not in self.environment)
        done = CliRunner().invoke(main, arguments, env={**others, **self.environment})
        assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
        return done.output.strip()

    @contextmanager
    def running(self, command: str = "serve") -> Iterator["Site"]:
        """Serve until the block ends."""
        with self.log.open("w") as log:
            process = subprocess.Popen([*COMMAND, command], env=self.environment, stdout=log, stderr=log)
        try:
            self._wait(process)
            yield self
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            self.http.close()
            self.http = self.new_http()
        if command == "serve":  # the demo prints a key and a secret on purpose
            self.log_holds_no_secret()

    def log_holds_no_secret(self) -> None:
        """Whatever a test did with a site, its log tells no key, cookie, signature or secret of it."""
        found = SECRETS.findall(self.log.read_text())
        assert not found, f"{len(found)} secrets in the log, the first begins with {found[0][:12]!r}"

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                if self.http.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")

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


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
