"""The forge on Forgejo's API: lists of an organization, repositories, branches, and credentials for git."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from codegen.runtime.errors import Forbidden, NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.plugins.settings import SettingsMissing
from generated.errors.onboarding import ProviderRefused
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
from providers.forgejo import webhooks
from providers.forgejo.calls import NAME, Api, JsonObject, Taken, place, unreadable
from providers.forgejo.hooks import Hook, Hooks
from providers.forgejo.pages import LIMIT, Page
from providers.forgejo.settings import ForgejoSettings

BRANCH = "main"
"""Of the repositories made here."""
_NAME = re.compile("[A-Za-z0-9._-]{1,100}")
_DOTS = {".", ".."}


class ForgejoForge(Forge):
    metadata = Metadata(
        NAME,
        "1.0",
        frozenset({"push_webhooks", "sets_webhooks", "creates"}),
        ForgejoSettings,
        stand_in="providers.sandbox.forge.room:open_room",
    )

    def __init__(self, settings: ForgejoSettings) -> None:
        """Raises `SettingsMissing` where there is no forge."""
        if settings.forge_url is None:
            raise SettingsMissing(["HERO_ONBOARDING_FORGE_URL"])
        self._settings, self._url = settings, settings.forge_url
        self._api = Api(self._url, settings.secret_token)

    def capabilities(self) -> ForgeCapabilities:
        return ForgeCapabilities(
            title="Forgejo",
            push_webhooks=bool(self._settings.webhook_keys),
            sets_webhooks=bool(self._settings.webhook_keys),
            creates=True,
            sandbox=self._settings.sandbox_url is not None,
        )

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        page = Page.of(cursor)
        if page is None:
            raise ProviderRefused(provider=NAME, detail="there is no such page")
        answer = self._api.get(f"/orgs/{_quoted(owner)}/repos", page=page.number, limit=LIMIT)
        found = answer.json()
        if not isinstance(found, list):
            raise unreadable()
        following = page.next(len(found), answer.headers.get("link"), answer.headers.get("x-total-count"))
        repositories = (self._repository(each) for each in found)
        begin = (prefix or "").lower()  # names differ by more than case
        return ForgeRepositoryPage(
            repositories=[each for each in repositories if each.name.lower().startswith(begin)],
            next_cursor=None if following is None else following.cursor,
        )

    def get_repository(self, owner: str, name: str) -> ForgeRepository:
        return self._repository(self._api.get(f"/repos/{_quoted(owner)}/{_quoted(name)}").object())

    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        """Asked for first: what a lost answer has made is found the next time."""
        try:
            return self.get_repository(owner, name)
        except NotFound:
            pass
        body: JsonObject = {"name": name, "private": private, "auto_init": False, "default_branch": BRANCH}
        if description is not None:
            body["description"] = description
        try:
            return self._repository(self._api.post(f"/orgs/{_quoted(owner)}/repos", body).object())
        except Taken:  # somebody was quicker, or it is there and this token may not see it
            try:
                return self.get_repository(owner, name)
            except NotFound:
                raise Forbidden from None

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        """One of the owner announces its repositories, too: where that is there, a repository gets none of its own."""
        keys = self._settings.webhook_keys
        if not keys:
            raise ProviderRefused(provider=NAME, detail="it has no key to sign with: set FORGE_WEBHOOK_SIGNING_KEY")
        hooks = Hooks(self._api, f"/orgs/{_quoted(owner)}/hooks")
        if name is not None:
            kept = None if renew else self._of_owner(hooks, url)
            if kept is not None:
                self.get_repository(owner, name)
                return PushWebhook(id=str(kept.number), url=url)
            hooks = Hooks(self._api, f"/repos/{_quoted(owner)}/{_quoted(name)}/hooks")
        try:
            kept = hooks.ensure(url, keys[0], renew)
        except Taken:
            raise ProviderRefused(provider=NAME, detail="the webhook is not allowed") from None
        return PushWebhook(id=str(kept.number), url=url)

    @staticmethod
    def _of_owner(hooks: Hooks, url: str) -> Hook | None:
        """Only owners may look; whoever may not has a webhook for each repository."""
        try:
            return hooks.good(url)
        except (NotFound, ProviderRefused):
            return None

    def head(self, owner: str, name: str, branch: str) -> str | None:
        try:
            found = self._api.get(f"/repos/{_quoted(owner)}/{_quoted(name)}/branches/{_branch(branch)}").object()
        except NotFound:
            self.get_repository(owner, name)
            return None
        commit = found.get("commit")
        head = commit.get("id") if isinstance(commit, dict) else None
        if not webhooks.is_commit(head):
            raise unreadable()
        return head

    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        """The token is the password; Forgejo takes any name with it."""
        if place(clone_url) != place(self._url) or not urlsplit(clone_url).path.startswith(_folder(self._url)):
            return None
        return GitCredentials(username="hero", password=self._settings.secret_token)

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        return webhooks.verify(request, self._settings.webhook_keys)

    def read_webhook(self, request: WebhookRequest) -> PushNotice | None:
        return webhooks.read(request)

    def _repository(self, told: Any) -> ForgeRepository:
        """As it is told, but for its address: the forge's own name for itself may be another than ours, and the token
        goes only where we were told."""
        fields: dict[str, Any] = told if isinstance(told, dict) else {}
        owner = fields.get("owner")
        login, name = owner.get("login") if isinstance(owner, dict) else None, fields.get("name")
        if not (isinstance(login, str) and isinstance(name, str) and _is_name(login) and _is_name(name)):
            raise unreadable()
        return ForgeRepository(
            owner=login,
            name=name,
            clone_url=f"{self._url}/{login}/{name}.git",
            default_branch=str(fields.get("default_branch") or BRANCH),
            private=fields.get("private") is True,
            archived=fields.get("archived") is True,
            empty=fields.get("empty") is True,
            updated_at=_time(fields.get("updated_at")),
        )


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and text not in _DOTS


def _quoted(name: str) -> str:
    """What is no name names nothing; in an address it could lead anywhere."""
    if not _is_name(name):
        raise NotFound
    return name


def _branch(name: str) -> str:
    """As it stands in an address."""
    if not name or name in _DOTS:
        raise NotFound
    return quote(name, safe="", errors="replace")


def _folder(url: str) -> str:
    return urlsplit(url).path.rstrip("/") + "/"


def _time(told: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
        return None if found is None or found.tzinfo is None else found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
