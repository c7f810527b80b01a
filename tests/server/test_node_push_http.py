"""Pushes to a forge over HTTP: whoever asks is told the token, nobody else; what the forge refuses waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handlers.node.errors import NodeError
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.push import Pushed, push
from handlers.node.remote import PushRefused
from handlers.node.status import status
from handlers.node.usage import NewUsage
from providers.sandbox.forge.tokens import PUBLISHED
from tests.server.forge_world import Hearth

pytestmark = pytest.mark.usefixtures("quick_disk")

NAME = "billing-n1"
USAGE = NewUsage("01JD4ZK7Q1M8", "hero_os_hour", Decimal("0.25"))


@pytest.fixture
def node(forge: Hearth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node's folder with a record in its log, and its empty repository at the forge."""
    if forge.sandbox.store.get("forge", "repository", f"hero_ops/{NAME}"):
        forge.act("delete", name=NAME)
    forge.act("create", name=NAME, private=True)
    for name in ("FORGE_TOKEN_FILE", "GIT_ASKPASS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORGE_TOKEN", PUBLISHED)
    folder = tmp_path / "n1"
    init(folder, "n1", f"{forge.url}/hero_ops/{NAME}.git")
    with UsageLog(folder) as log:
        log.append(USAGE)
    return folder


def refused(folder: Path) -> str:
    """Why a push fails, which holds no token; what was logged waits."""
    with pytest.raises(NodeError) as failed:
        push(folder)
    assert PUBLISHED not in str(failed.value) and PUBLISHED[:8] not in str(failed.value)
    assert status(folder)["not_pushed"] == 1
    return str(failed.value)


def pushed(forge: Hearth, folder: Path) -> Pushed:
    done = push(folder)
    assert str(forge.disk(NAME).references["refs/heads/main"].target) == done.commit
    return done


def test_a_token_is_given_to_whoever_asks_and_written_nowhere(
    forge: Hearth, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pushed(forge, node).records == 1
    assert pushed(forge, node).heartbeat
    monkeypatch.delenv("FORGE_TOKEN")
    (tmp_path / "token").write_text(f"{PUBLISHED}\n")
    monkeypatch.setenv("FORGE_TOKEN_FILE", str(tmp_path / "token"))
    assert pushed(forge, node).heartbeat
    monkeypatch.delenv("FORGE_TOKEN_FILE")
    asked = tmp_path / "asked"
    program = tmp_path / "askpass"
    program.write_text(
        f'#!/bin/sh\necho "$1" >> {asked}\ncase "$1" in Username*) echo me;; *) cat {tmp_path}/token;; esac\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    assert pushed(forge, node).heartbeat
    assert asked.read_text() == f"Username for '{forge.root}': \nPassword for '{forge.root}': \n"
    files = [path for path in node.rglob("*") if path.is_file()]
    assert not [path for path in files if PUBLISHED.encode() in path.read_bytes()]


def test_a_lost_folder_is_begun_anew_over_http(forge: Hearth, node: Path, tmp_path: Path) -> None:
    pushed(forge, node)
    again = tmp_path / "again"
    made = init(again, "n1", f"{forge.url}/hero_ops/{NAME}.git")
    assert made.root_commit == init(node, "n1").root_commit
    with UsageLog(again) as log:
        assert log.append(USAGE).local_seq == 1
    assert pushed(forge, again).records == 1


Change = Callable[[Hearth, pytest.MonkeyPatch], object]
REFUSALS: dict[str, tuple[Change, str]] = {
    "no token": (lambda forge, patch: patch.delenv("FORGE_TOKEN"), "asks for credentials; FORGE_TOKEN"),
    "another token": (lambda forge, patch: patch.setenv("FORGE_TOKEN", "0" * 40), "the forge does not accept"),
    "no file of it": (lambda forge, patch: patch.setenv("FORGE_TOKEN_FILE", "/none"), "cannot read FORGE_TOKEN_FILE"),
    "revoked": (lambda forge, patch: forge.switch(token_revoked=True), "does not accept the credentials"),
    "read only": (
        lambda forge, patch: patch.setenv("FORGE_TOKEN", forge.act("token", scopes=["read:repository"])["sha1"]),
        "do not allow to push there",
    ),
    "archived": (lambda forge, patch: forge.act("archive", name=NAME), "do not allow to push there"),
    "gone": (lambda forge, patch: forge.act("delete", name=NAME), "there is no such repository"),
    "broken": (lambda forge, patch: forge.switch(git_fail={"status": 503, "count": 9}), "the push failed"),
    "elsewhere": (lambda forge, patch: forge.switch(redirect="http://localhost:9"), "leads to another place"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_the_forge_refuses_waits(forge: Hearth, node: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    change, told = REFUSALS[why]
    with monkeypatch.context() as patch:
        try:
            change(forge, patch)
            assert told in refused(node)
        finally:
            forge.switch(token_revoked=False, redirect=None, git_fail=None)


def test_credentials_are_for_one_place(forge: Hearth, node: Path) -> None:
    """Another port of the same host asks for them, too."""
    given: list[str | None] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(self.headers["Authorization"])
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="Gitea"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        forge.switch(redirect=f"http://127.0.0.1:{server.server_port}/x.git")
        try:
            assert "leads to another place" in refused(node)
        finally:
            forge.switch(redirect=None)
            server.shutdown()
    assert given and set(given) == {None}


def test_a_hook_that_refuses_is_told(forge: Hearth, node: Path) -> None:
    hook = Path(forge.disk(NAME).path) / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert "refused" in refused(node)
    hook.unlink()
    assert push(node).records == 0 and status(node)["not_pushed"] == 0


def test_a_forge_that_is_down_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "n1"
    init(folder, "n1")
    (folder / "repository.url").write_text("http://127.0.0.1:9/hero_ops/billing-n1.git\n")
    with pytest.raises(PushRefused, match="the push failed: "):
        push(folder)
