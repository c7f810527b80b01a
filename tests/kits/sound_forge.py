"""A forge provider without a fault, and the kit that tries it; those with a fault are made of it."""

from __future__ import annotations

import hmac
import json
import shutil
import tempfile
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, SecretStr

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from generated.errors.onboarding import InvalidSignature, ProviderUnavailable, WebhookMalformed
from generated.models.onboarding import (
    ForgeCapabilities,
    ForgeRepository,
    ForgeRepositoryPage,
    GitCredentials,
    PushNotice,
    PushWebhook,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import Forge
from providers.testing.forge import ForgeKit
from tests.kits.forge_vendor import OWNER, SIGNATURE, ForgeVendor, Hook, Kept, signature

T = TypeVar("T")
TOKEN, SIGNING_KEY = "sound_token_0123456789", "sound_sig_9876543210"


class SoundForgeSettings(BaseModel):
    token: SecretStr
    signing_key: SecretStr


class SoundForge(Forge):
    metadata = Metadata("sound", "1.0", frozenset(), SoundForgeSettings)

    def __init__(self, settings: SoundForgeSettings, vendor: ForgeVendor) -> None:
        self.settings, self.vendor = settings, vendor

    def capabilities(self) -> ForgeCapabilities:
        return ForgeCapabilities(title="Sound", push_webhooks=True, sets_webhooks=True, creates=True, sandbox=True)

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 9):
            raise NotFound
        found, following = self.ask(lambda: self.vendor.page(owner, int(cursor or 0)))
        return ForgeRepositoryPage(
            repositories=[self.shown(each) for each in found if each.name.startswith(prefix or "")],
            next_cursor=None if following is None else str(following),
        )

    def get_repository(self, owner: str, name: str) -> ForgeRepository:
        return self.shown(self.ask(lambda: self.vendor.get(owner, name)))

    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        return self.shown(self.ask(lambda: self.vendor.make(owner, name, private)))

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        def act() -> Hook:
            self.vendor.reach()
            there = [each for each in self.vendor.hooks if (each.url, each.name) == (url, name)]
            good = [] if renew else [each for each in there if each.active]
            kept = good[0] if good else self.vendor.hook(owner, name, url, self.settings.signing_key.get_secret_value())
            self.vendor.hooks = [each for each in self.vendor.hooks if each is kept or each not in there]
            return kept

        return PushWebhook(id=str(self.ask(act).number), url=url)

    def head(self, owner: str, name: str, branch: str) -> str | None:
        return self.ask(lambda: self.vendor.get(owner, name)).heads.get(branch)

    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        if not clone_url.startswith(f"file://{self.vendor.folder}/"):
            return None
        return GitCredentials(username="x", password=self.settings.token.get_secret_value())

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        good = signature(request.body, self.settings.signing_key.get_secret_value())
        if not hmac.compare_digest(good.encode(), request.headers.get(SIGNATURE, "").encode()):
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["kind"])

    def read_webhook(self, request: WebhookRequest) -> PushNotice | None:
        event = self.event(request.body)
        return PushNotice(**self.told(event)) if event["kind"] == "push" else None

    def told(self, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "event_id": event["id"],
            **{name: event[name] for name in ("owner", "name", "branch", "after")},
            "before": None if set(event["before"]) == {"0"} else event["before"],
        }

    def shown(self, kept: Kept) -> ForgeRepository:
        return ForgeRepository(
            owner=OWNER,
            name=kept.name,
            clone_url=self.vendor.address(kept.name),
            default_branch="main",
            private=kept.private,
            archived=False,
            empty=not kept.heads,
        )

    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError:
            raise ProviderUnavailable(provider="sound", detail="no answer") from None
        except KeyError:
            raise NotFound from None

    def event(self, body: bytes) -> dict[str, Any]:
        try:
            event = json.loads(body)
            texts = [event[name] for name in ("id", "kind", "owner", "name", "branch", "before", "after")]
            if all(isinstance(each, str) and each for each in texts) and len(event["after"]) == 40:
                return dict(event)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise WebhookMalformed(detail="no event of ours")


class SoundForgeKit(ForgeKit):
    """The kit for a provider that talks to a `ForgeVendor`; pytest does not collect it by this name."""

    provider: ClassVar[type[SoundForge]] = SoundForge
    signing_key = SIGNING_KEY
    secrets = (TOKEN, SIGNING_KEY)
    examples = 5

    @cached_property
    def vendor(self) -> ForgeVendor:
        folder = Path(tempfile.mkdtemp(prefix="forge-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return ForgeVendor(folder)

    def make(self) -> SoundForge:
        return self._with(SIGNING_KEY)

    def make_with_another_key(self) -> SoundForge:
        return self._with(f"another_{SIGNING_KEY}")

    def _with(self, key: str) -> SoundForge:
        return self.provider(SoundForgeSettings(token=SecretStr(TOKEN), signing_key=SecretStr(key)), self.vendor)

    def commit(self, plugin: Any, name: str, branch: str = "main") -> str:
        return self.vendor.commit(name, branch)

    def announced(self, plugin: Any, name: str, branch: str = "main") -> WebhookRequest:
        return self.sign(self.vendor.push(name, branch), SIGNING_KEY)

    def sent(self, plugin: Any, name: str, branch: str = "main") -> list[tuple[str, WebhookRequest]]:
        return [(url, self.sign(body, key)) for url, key, body in self.vendor.send(name, branch)]

    def spoil(self, plugin: Any, url: str) -> None:
        for each in self.vendor.hooks:
            each.active = each.active and each.url != url

    def hide(self, plugin: Any, name: str) -> None:
        self.vendor.kept[name].hidden = True

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        now = datetime.now(UTC).replace(microsecond=0)
        return WebhookRequest(body=body, headers={SIGNATURE: signature(body, key)}, received_at=now)
