"""Webhooks of the stand-in, as Forgejo keeps them: of a repository or an organization, with an address and a key each.

As there, a second one for the same address is made without a word, no answer shows the key, no change replaces it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from providers.sandbox.delivery import Deliveries, Target
from providers.sandbox.forge.repositories import HOOK, VENDOR, Refused, Repositories, of_repository
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
KINDS = {"forgejo", "gitea", "gogs", "slack", "discord", "dingtalk", "telegram", "msteams", "feishu", "matrix"}
CONTENT_TYPES = {"json", "form"}
EVENT = "push"
LAST = "last"
"""What the last number is kept under: one that is gone leaves its number to nobody."""
PREFIXES = ("X-Forgejo", "X-Gitea", "X-Gogs", "X-GitHub")


class Hooks:
    """`of` is what has a webhook: `org:<name>` or, as `of_repository` says, `repo:<number>`."""

    def __init__(self, store: Store, repositories: Repositories, deliveries: Deliveries) -> None:
        self._store, self._repositories, self._deliveries = store, repositories, deliveries

    def of(self, of: str) -> list[JsonObject]:
        """Oldest first."""
        return sorted((each for each in self._store.all(VENDOR, HOOK) if each["of"] == of), key=lambda e: e["number"])

    def find(self, of: str, number: str) -> JsonObject:
        found = self._store.get(VENDOR, HOOK, number)
        if found is None or found["of"] != of:
            raise Refused(404, "The target couldn't be found.")
        return found

    def create(self, of: str, asked: JsonObject) -> JsonObject:
        kind, config = asked.get("type"), asked.get("config")
        if not kind or not isinstance(config, dict):
            raise Refused(422, "[Type]: Required" if not kind else "[Config]: Required")
        if kind not in KINDS:
            raise Refused(422, f"Invalid hook type: {kind}")
        for name in ("url", "content_type"):
            if name not in config:
                raise Refused(422, f"Missing config option: {name}")
        now = self._repositories.now()
        with self._store.transaction():
            number = 1 + int((self._store.get(VENDOR, LAST, HOOK) or {"number": 0})["number"])
            self._store.put(VENDOR, LAST, {"id": HOOK, "number": number})
            made = {
                "id": str(number),
                "number": number,
                "of": of,
                "type": kind,
                **_address(config),
                "secret": str(config.get("secret", "")),
                "active": asked.get("active") is True,
                **_chosen(asked),
                "created_at": now,
                "updated_at": now,
            }
            self._store.put(VENDOR, HOOK, made)
        return made

    def change(self, hook: JsonObject, asked: JsonObject) -> JsonObject:
        """Events that are not given are pushes again; the key stays, whatever is given."""
        active = asked.get("active")
        changed = {
            **hook,
            **_address({"url": hook["url"], "content_type": hook["content_type"], **(asked.get("config") or {})}),
            **_chosen(asked),
            "active": hook["active"] if active is None else active is True,
            "updated_at": self._repositories.now(),
        }
        self._store.put(VENDOR, HOOK, changed)
        return changed

    def remove(self, hook: JsonObject) -> None:
        self._store.remove(VENDOR, HOOK, hook["id"])

    # --- what they send -----------------------------------------------------------------------------------------------

    def tell(self, repository: JsonObject, event: JsonObject) -> None:
        """Queue the event of a push for each webhook that wants it."""
        ref = event["ref"]
        for hook in [*self.of(of_repository(repository)), *self.of(of_organization(repository["owner"]))]:
            if hook["active"] and EVENT in hook["events"] and _wants(hook["branch_filter"], ref):
                name = f"{repository['id']}:{ref}:{event['before'][:12]}..{event['after'][:12]}#{hook['id']}"
                self._deliveries.add(VENDOR, name, json.dumps(event, indent=2).encode())

    def target(self, event: str) -> Target | None:
        """Where an event of `tell` goes; None where its webhook is gone. Forgejo tries once."""
        hook = self._store.get(VENDOR, HOOK, event.rpartition("#")[2])
        if hook is None:
            return None
        address, key = str(self._store.switches(VENDOR).get("webhook_url", hook["url"])), hook["secret"]
        return Target(
            lambda: address, lambda body, now, forged: signed(body, "another key" if forged else key), retry_after=()
        )


def signed(body: bytes, key: str) -> Mapping[str, str]:
    """The headers of an event, as Forgejo sends them; the signatures are empty without a key."""
    digests = [hmac.new(key.encode(), body, kind).hexdigest() if key else "" for kind in (hashlib.sha256, hashlib.sha1)]
    told = {"Delivery": str(uuid.uuid4()), "Event": EVENT, "Event-Type": EVENT}
    headers = {f"{prefix}-{name}": value for prefix in PREFIXES for name, value in told.items()}
    headers |= {f"{prefix}-Signature": digests[0] for prefix in PREFIXES[:3]}
    return headers | {"X-Hub-Signature": f"sha1={digests[1]}", "X-Hub-Signature-256": f"sha256={digests[0]}"}


def of_organization(name: str) -> str:
    return f"org:{name.lower()}"


def shown(hook: JsonObject) -> JsonObject:
    """As Forgejo tells it; Gitea has the address of a page where `url` is."""
    told = ("type", "branch_filter", "url", "content_type", "events", "active", "created_at", "updated_at")
    return {
        **{name: hook[name] for name in told},
        "id": hook["number"],
        "config": {"url": hook["url"], "content_type": hook["content_type"]},
        "authorization_header": "",
        "metadata": None,
    }


def _address(config: JsonObject) -> JsonObject:
    if config["content_type"] not in CONTENT_TYPES:
        raise Refused(422, "Invalid content type")
    url = config["url"]
    try:
        good = isinstance(url, str) and urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        good = False
    if not good:
        raise Refused(422, "Invalid url")
    return {"url": url, "content_type": config["content_type"]}


def _chosen(asked: JsonObject) -> JsonObject:
    events = asked.get("events")
    if events is not None and not (isinstance(events, list) and all(isinstance(each, str) for each in events)):
        raise Refused(422, "[Events]: not a list")
    return {"events": events or [EVENT], "branch_filter": str(asked.get("branch_filter") or "")}


def _wants(branch_filter: str, ref: str) -> bool:
    """A filter is for branches only."""
    branch = ref.removeprefix("refs/heads/")
    return branch == ref or branch_filter in ("", "*") or fnmatchcase(branch, branch_filter)
