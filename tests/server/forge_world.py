"""The sandbox's forge on a server of ours, in a thread of the test, and people who push to it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pygit2

from codegen.runtime.http.connection import Connection, Deadlines
from codegen.runtime.http.front import Front
from codegen.runtime.http.serve import bind
from codegen.runtime.http.worker import Worker
from generated.models.onboarding import WebhookRequest
from handlers.commands.sandbox import MOST_BODY_BYTES
from providers.forgejo import ForgejoForge, ForgejoSettings
from providers.sandbox.app import Sandbox, create
from providers.sandbox.forge.room import SIGNING_KEY
from providers.sandbox.forge.tokens import PUBLISHED
from tests.programs import free_port
from tests.waiting import PATIENCE

SITE = "http://127.0.0.1:9"
"""Nobody is there."""
HOOK = f"{SITE}/webhooks/forge"
"""Where the forge announces the pushes to all repositories from the beginning."""
SOMEBODY = pygit2.Signature("node", "node@example", 1_795_000_000, 0)


@contextmanager
def served(application: Any, port: int) -> Iterator[str]:
    """A WSGI application on our own server, as `serve` does it, but in this process."""
    loop, ended = asyncio.new_event_loop(), Future[None]()

    async def run() -> None:
        worker = Worker(loop, MOST_BODY_BYTES, Deadlines())
        worker.application = Front(application)
        server = await loop.create_server(lambda: Connection(worker), sock=listener)
        ready.set()
        await asyncio.wrap_future(ended)
        server.close()

    with bind("127.0.0.1", port) as listener:
        ready = threading.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
        thread.start()
        assert ready.wait(PATIENCE)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            loop.call_soon_threadsafe(ended.set_result, None)
            thread.join()
            loop.close()


def signed(body: bytes, key: str = SIGNING_KEY) -> WebhookRequest:
    """A webhook as Forgejo signs it."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    now = datetime.now(UTC).replace(microsecond=0)
    return WebhookRequest(headers={"x-forgejo-signature": digest}, body=body, received_at=now)


class Hearth:
    """The forge: what it is told, what it has on disk, and whose webhooks are held back."""

    def __init__(self, url: str, sandbox: Sandbox, folder: Path) -> None:
        self.root, self.url, self.sandbox, self.folder = url, f"{url}/forge", sandbox, folder
        headers = {"Authorization": f"token {PUBLISHED}"}
        self.http = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=PATIENCE, verify=False)

    def provider(self, **given: Any) -> ForgejoForge:
        settings = {"url": self.url, "token": PUBLISHED, "signing_keys": (SIGNING_KEY,), **given}
        return ForgejoForge(ForgejoSettings.model_validate(settings))

    def switch(self, **switches: Any) -> None:
        assert (
            httpx.post(f"{self.root}/_control/forge", json=switches, timeout=PATIENCE, verify=False).status_code == 200
        )

    def act(self, act: str, **fields: Any) -> Any:
        asked = {"act": act, **fields}
        answer = httpx.post(f"{self.root}/_control/forge", json=asked, timeout=PATIENCE, verify=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def disk(self, name: str, owner: str = "hero_ops") -> pygit2.Repository:
        return pygit2.Repository(str(next(self.folder.glob(f"forge/{owner}/{name.lower()}.git"))))

    def commit(self, name: str, branch: str = "main") -> str:
        """A commit that is there without anybody having pushed it, which takes no time."""
        return str(committed(self.disk(name), f"refs/heads/{branch}"))

    def push(self, name: str, folder: Path, branch: str = "main") -> str:
        """A commit that is pushed over HTTP."""
        local = pygit2.init_repository(str(folder / name), bare=True)
        remote = local.remotes.create_anonymous(f"{self.url}/hero_ops/{name}.git")
        callbacks = pygit2.RemoteCallbacks(credentials=pygit2.UserPass("node", PUBLISHED))
        commit = committed(local, f"refs/heads/{branch}")
        remote.push([f"refs/heads/{branch}"], callbacks=callbacks)
        return str(commit)

    def clear(self) -> None:
        """Without a repository, and with the one webhook of the beginning."""
        for each in self.sandbox.store.all("forge", "repository"):
            self.act("delete", owner=each["owner"], name=each["name"])
        self.drop_hooks()
        self.provider().ensure_push_webhook("hero_ops", HOOK)

    def drop_hooks(self) -> None:
        """Without a webhook."""
        store = self.sandbox.store
        for each in store.all("forge", "hook"):
            store.remove("forge", "hook", each["id"])

    def sent(self, name: str, folder: Path, branch: str = "main") -> list[tuple[str, WebhookRequest]]:
        """Push, and answer each webhook as it would be sent, with its address."""
        last = self.sandbox.store._rows("SELECT coalesce(max(number), 0) FROM delivery")[0][0]
        self.push(name, folder, branch)
        rows = self.sandbox.store._rows("SELECT event, body FROM delivery WHERE number > ? ORDER BY number", last)
        find: Any = self.sandbox.deliveries.targets["forge"]
        targets = [(find(event), bytes(body)) for event, body in rows]
        now = datetime.now(UTC).replace(microsecond=0)
        return [
            (
                target.url(),
                WebhookRequest(
                    headers={key.lower(): value for key, value in target.sign(body, 0, False).items()},
                    body=body,
                    received_at=now,
                ),
            )
            for target, body in targets
        ]

    def webhooks(self, name: str) -> list[WebhookRequest]:
        """All that were to be sent of a repository so far, signed."""
        rows = self.sandbox.store._rows(
            "SELECT body FROM delivery WHERE event LIKE ? ORDER BY number", f"hero_ops/{name.lower()}:%"
        )
        return [signed(bytes(row[0])) for row in rows]


def committed(repository: pygit2.Repository, ref: str) -> pygit2.Oid:
    """A new commit at a reference, with a file that is longer than before."""
    known = repository.references.get(ref)
    parents = [known.target] if known is not None else []
    files = repository.TreeBuilder()
    files.insert("log.jsonl", repository.create_blob(b"{}\n" * (1 + len(parents))), pygit2.enums.FileMode.BLOB)
    return repository.create_commit(ref, SOMEBODY, SOMEBODY, f"usage of {ref}", files.write(), parents)


@contextmanager
def hearth() -> Iterator[Hearth]:
    """A forge that serves."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sandbox = create(":memory:", own_url=url, product_url=SITE)
    sandbox.store.set_switch("forge", "webhooks", "hold")
    with served(sandbox.app, port):
        sandbox.deliveries.start()
        try:
            made = Hearth(url, sandbox, sandbox.files)
            made.clear()
            yield made
        finally:
            sandbox.close()
