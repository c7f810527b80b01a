"""The sandbox's forge, judged by stock git and by the contract: who may fetch and push, and what is told of it."""

from __future__ import annotations

import base64
import gzip
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from generated.models.onboarding import GitCredentials
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import FetchFailed, Mirrors
from providers.sandbox.forge.tokens import PUBLISHED
from tests.git_repository import QUIET, git
from tests.server.forge_world import Hearth
from tests.server.test_mirrors import dripping
from tests.waiting import PATIENCE, wait_for

NAME = "billing-n1"
UPLOAD = "application/x-git-upload-pack-request"


@pytest.fixture
def forge(forge: Hearth) -> Iterator[Hearth]:
    """With one private repository."""
    if forge.sandbox.store.get("forge", "repository", f"hero_ops/{NAME}"):
        forge.act("delete", name=NAME)
    forge.act("create", name=NAME, private=True)
    yield forge
    off = dict.fromkeys(("git_fail", "redirect"))
    forge.switch(**off, git_slow=0, token_revoked=False, hidden=[])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with a commit."""
    folder = tmp_path / "work"
    git("init", "--quiet", "-b", "main", str(folder))
    (folder / "usage").mkdir()
    write(folder, b"{}\n")
    return folder


def write(work: Path, content: bytes) -> str:
    """A commit with this file; its name."""
    (work / "usage/a.jsonl").write_bytes(content)
    git("-C", str(work), "add", ".")
    git("-C", str(work), "commit", "--quiet", "-m", "usage")
    return git("-C", str(work), "rev-parse", "HEAD")


def run(
    *arguments: str, user: str | None = "node", password: str = PUBLISHED, **config: str
) -> subprocess.CompletedProcess[str]:
    """Git with credentials that it gives when it is asked for them."""
    settings = {"http.followRedirects": "false", **{name.replace("_", "."): value for name, value in config.items()}}
    environment = {**os.environ, **QUIET, "GIT_CONFIG_COUNT": str(len(settings)), "GIT_ASKPASS": "true"}
    if user is not None:
        helper = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "{user}" "{password}"; }}; f'
        settings["credential.helper"] = helper
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (name, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=False)


def pushed(forge: Hearth, work: Path, *more: str, name: str = NAME, **given: str) -> subprocess.CompletedProcess[str]:
    return run("-C", str(work), "push", *more, f"{forge.url}/hero_ops/{name}.git", "main", **given)


def test_a_long_push_in_pieces_and_a_fetch_of_it(forge: Hearth, work: Path, tmp_path: Path) -> None:
    """Git sends what is longer than its buffer in chunks, and speaks its second protocol."""
    head = write(work, os.urandom(3_000_000))
    assert pushed(forge, work, http_postBuffer="65536").returncode == 0
    assert forge.disk(NAME).references["refs/heads/main"].target == forge.disk(NAME)[head].id
    for version in ("0", "2"):
        place = tmp_path / f"clone{version}"
        cloned = run("clone", "--bare", f"{forge.url}/Hero_Ops/{NAME.upper()}", str(place), protocol_version=version)
        assert cloned.returncode == 0, cloned.stderr
        assert git("--git-dir", str(place), "rev-parse", "main") == head


def test_a_question_packed_with_gzip(forge: Hearth, work: Path) -> None:
    """Git packs long ones: what it has already."""
    assert pushed(forge, work).returncode == 0
    head = git("-C", str(work), "rev-parse", "HEAD")
    asked = f"0032want {head}\n00000009done\n".encode()
    for packed, encoding in ((asked, {}), (gzip.compress(asked), {"Content-Encoding": "gzip"})):
        answer = httpx.post(
            f"{forge.url}/hero_ops/{NAME}.git/git-upload-pack",
            content=packed,
            headers={"Authorization": f"token {PUBLISHED}", "Content-Type": UPLOAD, **encoding},
            timeout=PATIENCE,
            verify=False,
        )
        assert (answer.status_code, answer.content[:12]) == (200, b"0008NAK\nPACK"), encoding


def test_the_ways_to_give_a_token(forge: Hearth, work: Path) -> None:
    assert pushed(forge, work).returncode == 0
    for user, password in ((PUBLISHED, "x-oauth-basic"), (PUBLISHED, "")):
        found = httpx.get(refs(forge), auth=(user, password), timeout=PATIENCE, verify=False)
        assert found.status_code == 200 and found.content.startswith(b"001e# service=git-upload-pack")
    for value in (f"token {PUBLISHED}", f"Bearer {PUBLISHED}"):
        assert (
            httpx.get(refs(forge), headers={"Authorization": value}, timeout=PATIENCE, verify=False).status_code == 200
        )


def refs(forge: Hearth, name: str = NAME, service: str = "git-upload-pack") -> str:
    return f"{forge.url}/hero_ops/{name}.git/info/refs?service={service}"


def test_git_is_asked_for_credentials(forge: Hearth) -> None:
    """It gives them after a 401 with a challenge only, to whom nothing else is told."""
    bad = base64.b64encode(b"node:" + b"0" * 40).decode()
    for given in ({}, {"Authorization": f"Basic {bad}"}, {"Authorization": "Basic %%"}, {"Authorization": "Digest x"}):
        for name in (NAME, "billing-none"):
            answer = httpx.get(refs(forge, name), headers=given, timeout=PATIENCE, verify=False)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="Gitea"')
    headers = {"Authorization": f"token {PUBLISHED}", "Content-Type": "text/plain"}
    url = f"{forge.url}/hero_ops/{NAME}.git/git-upload-pack"
    assert httpx.post(url, headers=headers, timeout=PATIENCE, verify=False).status_code == 401, "another content type"


def test_who_may_not_push(forge: Hearth, work: Path) -> None:
    reader, told = forge.act("token", scopes=["read:repository"])["sha1"], len(forge.webhooks(NAME))
    refusals = {
        "another token": pushed(forge, work, password="0" * 40),
        "a token that reads": pushed(forge, work, password=reader),
        "no such repository": pushed(forge, work, name="billing-none"),
    }
    forge.act("archive", name=NAME)
    refusals["archived"] = pushed(forge, work)
    assert all(each.returncode for each in refusals.values()), refusals
    assert "Authentication failed" in refusals["another token"].stderr
    for why in ("a token that reads", "no such repository", "archived"):
        assert "403" in refusals[why].stderr, refusals[why].stderr
    assert list(forge.disk(NAME).references) == [] and len(forge.webhooks(NAME)) == told


def test_a_public_repository_is_read_by_anybody(forge: Hearth, work: Path) -> None:
    assert pushed(forge, work).returncode == 0
    assert forge.http.patch(f"/repos/hero_ops/{NAME}", json={"private": False}).status_code == 200
    assert httpx.get(refs(forge), timeout=PATIENCE, verify=False).status_code == 200
    assert httpx.get(refs(forge, service="git-receive-pack"), timeout=PATIENCE, verify=False).status_code == 401


def test_a_renamed_repository_leads_to_its_new_name(forge: Hearth, work: Path) -> None:
    assert pushed(forge, work).returncode == 0
    forge.act("rename", name=NAME, to="billing-n9")
    try:
        answer = httpx.get(refs(forge), headers={"Authorization": f"token {PUBLISHED}"}, timeout=PATIENCE, verify=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == "/forge/hero_ops/billing-n9/info/refs?service=git-upload-pack"
    finally:
        forge.act("delete", name="billing-n9")


@pytest.mark.parametrize("name", ["../../kept", "..", ".", "a/b", "/kept", "", "a.git", "a.wiki", "a.ATOM", 7, None])
def test_a_name_that_would_lead_out_of_the_folder_is_refused(forge: Hearth, name: object) -> None:
    """Neither made nor taken as another name; what is outside stays as it is."""
    kept = forge.folder / "kept.git"
    kept.mkdir(exist_ok=True)
    (kept / "file").write_text("kept")
    answers = [
        forge.http.post("/orgs/hero_ops/repos", json={"name": name}),
        forge.http.patch(f"/repos/hero_ops/{NAME}", json={"name": name}),
        httpx.post(
            f"{forge.root}/_control/forge",
            json={"act": "rename", "name": NAME, "to": name},
            timeout=PATIENCE,
            verify=False,
        ),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert (kept / "file").read_text() == "kept"
    assert forge.http.get(f"/repos/hero_ops/{NAME}").json()["name"] == NAME
    assert forge.disk(NAME).is_bare


def test_pushes_are_told(forge: Hearth, work: Path) -> None:
    """One event for each reference that changed, and none for what was refused."""
    zero = "0" * 40
    seen = len(forge.webhooks(NAME))
    first = git("-C", str(work), "rev-parse", "HEAD")
    assert pushed(forge, work).returncode == 0
    second = write(work, b"{}\n{}\n")
    assert pushed(forge, work, "--force").returncode == 0
    assert pushed(forge, work).returncode == 0, "nothing is new"
    assert run("-C", str(work), "push", f"{forge.url}/hero_ops/{NAME}.git", ":main").returncode
    assert run("-C", str(work), "push", f"{forge.url}/hero_ops/{NAME}.git", "main:other").returncode == 0
    plugin = forge.provider()
    told = [plugin.read_webhook(each) for each in forge.webhooks(NAME)[seen:]]
    found = [(each.branch, each.before, each.after) for each in told if each is not None]
    assert found == [("main", None, first), ("main", first, second), ("other", None, second)]
    assert zero not in str(found)


def test_a_slow_push_holds_up_itself_only(forge: Hearth, work: Path) -> None:
    """Bodies that arrive in drips are read by the server's one thread that never waits."""
    host, port = forge.root.removeprefix("http://").split(":")
    head = (
        f"POST /forge/hero_ops/{NAME}.git/git-receive-pack HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n"
    )
    slow = [socket.create_connection((host, int(port))) for _ in range(40)]
    try:
        for each in slow:
            each.sendall(head.encode())
        assert pushed(forge, work).returncode == 0
    finally:
        for each in slow:
            each.close()


def test_a_slow_git_holds_up_itself_only(forge: Hearth, work: Path) -> None:
    forge.switch(git_slow=1.0)
    done: list[int] = []
    waiting = threading.Thread(target=lambda: done.append(pushed(forge, work).returncode))
    waiting.start()
    for _ in range(5):
        assert forge.http.get(f"/repos/hero_ops/{NAME}").status_code == 200
    assert not done, "the API answered five times before git did once"
    forge.switch(git_slow=0)
    waiting.join()
    assert done == [0]


def test_files_are_read_by_the_api(forge: Hearth, work: Path) -> None:
    head = write(work, b"{}\n{}\n")
    assert pushed(forge, work).returncode == 0
    found = forge.http.get(f"/repos/hero_ops/{NAME}/contents/usage/a.jsonl").json()
    assert (found["type"], found["size"], base64.b64decode(found["content"])) == ("file", 6, b"{}\n{}\n")
    assert found["last_commit_sha"] == head
    folder = forge.http.get(f"/repos/hero_ops/{NAME}/contents/usage", params={"ref": "main"}).json()
    assert [(each["name"], each["type"], each["content"]) for each in folder] == [("a.jsonl", "file", None)]
    assert forge.http.get(f"/repos/hero_ops/{NAME}/contents/none").status_code == 404


def test_a_mirror_is_fetched_with_a_token(forge: Hearth, work: Path, tmp_path: Path) -> None:
    assert pushed(forge, work).returncode == 0
    plugin = forge.provider()
    address = plugin.get_repository("hero_ops", NAME).clone_url
    credentials = plugin.git_credentials(address)
    mirrors = Mirrors.below(tmp_path / "mirrors", Limits(silence=PATIENCE), at_once=1)

    def failed(given: GitCredentials | None) -> str:
        with pytest.raises(FetchFailed) as found:
            mirrors.fetch("n1", address, "main", given)
        return found.value.reason

    try:
        assert mirrors.fetch("n1", address, "main", credentials) == plugin.head("hero_ops", NAME, "main")
        assert failed(None) == "refused"
        forge.switch(token_revoked=True)
        assert failed(credentials) == "refused"
        forge.switch(token_revoked=False, git_fail={"status": 503, "count": 1})
        assert failed(credentials) == "unreachable"
        head = write(work, b"{}\n{}\n")
        assert pushed(forge, work).returncode == 0
        assert mirrors.fetch("n1", address, "main", credentials) == head
        config = (mirrors.path("n1") / "config").read_text()
        assert PUBLISHED not in config and address not in config
        forge.act("delete", name=NAME)
        assert failed(credentials) == "not_found"
    finally:
        mirrors.close()


def test_an_event_is_sent_once(forge: Hearth, work: Path) -> None:
    """Whether it is taken or not, as Forgejo does it; people may have it sent again."""
    assert pushed(forge, work).returncode == 0
    forge.switch(webhook_url=f"{forge.root}/nobody", webhooks="send")
    forge.act("release")
    try:
        wait_for(lambda: all(each["state"] != "waiting" for each in deliveries(forge)), "an attempt")
        last = deliveries(forge)[-1]
        assert (last["state"], last["attempts"]) == ("failed", 1)
        assert forge.act("repeat", event=last["event"]) == {"repeated": 1}
        wait_for(lambda: deliveries(forge)[-1]["state"] == "failed", "another attempt")
    finally:
        forge.switch(webhooks="hold")


def deliveries(forge: Hearth) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{forge.root}/_control/forge", timeout=PATIENCE, verify=False).json()[
        "deliveries"
    ]
    return found


def test_webhooks_that_are_taken_slowly_delay_their_own_only(forge: Hearth, work: Path) -> None:
    """Somebody takes the forge's event and does not answer; another vendor's webhook is sent meanwhile."""
    assert pushed(forge, work).returncode == 0
    before = sum(each["attempts"] for each in deliveries(forge))
    with dripping(60) as slow:
        forge.switch(webhook_url=slow.url, webhooks="send")
        forge.act("release")
        try:
            assert slow.reached.wait(PATIENCE)
            forge.sandbox.deliveries.add("clickpesa", "an event", b"{}")
            sent = forge.sandbox.store.deliveries
            wait_for(lambda: sent("clickpesa")[0]["attempts"] > 0, "another vendor's webhook")
            assert sum(each["attempts"] for each in deliveries(forge)) == before, "the slow one is still under way"
        finally:
            forge.switch(webhooks="hold", webhook_url="http://127.0.0.1:9/nobody")
