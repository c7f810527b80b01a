"""A forge without an API: repositories that a file lists, on any git server or on this host's disk.

The file is read each time, so that one that is added is there at once. Nothing is made, and no push is announced.
"""

from __future__ import annotations

import re

from codegen.runtime.errors import Forbidden, NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.plugins.settings import SettingsMissing
from generated.errors.onboarding import InvalidSignature, ProviderRefused, ProviderUnavailable
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
from providers.git.remote import NAME, branches
from providers.git.repository_list import Listed, ListInvalid, read
from providers.git.settings import GitSettings

PAGE = 200
_CURSOR = re.compile("[0-9]{1,9}")
_COMMIT = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,126}")


class GitForge(Forge):
    metadata = Metadata(NAME, "1.0", frozenset(), GitSettings)

    def __init__(self, settings: GitSettings) -> None:
        """Raises `SettingsMissing` where there is no list."""
        if settings.node_repos is None:
            raise SettingsMissing(["HERO_ONBOARDING_NODE_REPOS"])
        self._path = settings.node_repos

    def capabilities(self) -> ForgeCapabilities:
        return ForgeCapabilities(title="Git", push_webhooks=False, sets_webhooks=False, creates=False, sandbox=False)

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        """No server is asked."""
        if cursor is not None and _CURSOR.fullmatch(cursor) is None:
            raise ProviderRefused(provider=NAME, detail="there is no such page")
        owned = [each for each in self._listed() if each.owner == owner]
        if not owned:
            raise NotFound
        found, begin = [each for each in owned if each.name.startswith(prefix or "")], int(cursor or 0)
        return ForgeRepositoryPage(
            repositories=[_shown(each, None) for each in found[begin : begin + PAGE]],
            next_cursor=str(begin + PAGE) if begin + PAGE < len(found) else None,
        )

    def get_repository(self, owner: str, name: str) -> ForgeRepository:
        found = self._find(owner, name)
        return _shown(found, not branches(found.url, _credentials(found)))

    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        """One that is listed is answered; no other is made."""
        try:
            return self.get_repository(owner, name)
        except NotFound:
            raise Forbidden from None

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        raise ProviderRefused(provider=NAME, detail="a plain git server announces no pushes; polls find them")

    def head(self, owner: str, name: str, branch: str) -> str | None:
        found = self._find(owner, name)
        ref = f"refs/heads/{branch}"
        if _BRANCH.fullmatch(branch) is None:
            ref = "refs/heads/*"  # that there is a repository is still to be found out
        head = branches(found.url, _credentials(found), ref).get(f"refs/heads/{branch}")
        return head if head is not None and _COMMIT.fullmatch(head) else None

    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        """What stands in the list beside this very address."""
        try:
            return next((_credentials(each) for each in read(self._path) if each.url == clone_url), None)
        except ListInvalid:
            return None

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        raise InvalidSignature  # nothing announces anything

    def read_webhook(self, request: WebhookRequest) -> PushNotice | None:
        return None

    def _listed(self) -> tuple[Listed, ...]:
        """A list that cannot be read just now has not lost its repositories; `check-prod-config` says what is wrong."""
        try:
            return read(self._path)
        except ListInvalid:
            raise ProviderUnavailable(provider=NAME, detail="the list of repositories cannot be read") from None

    def _find(self, owner: str, name: str) -> Listed:
        for each in self._listed():
            if (each.owner, each.name) == (owner, name):
                return each
        raise NotFound


def _credentials(listed: Listed) -> GitCredentials | None:
    if listed.password_file is None:
        return None
    return GitCredentials(username=listed.username, password=listed.password())


def _shown(listed: Listed, empty: bool | None) -> ForgeRepository:
    return ForgeRepository(
        owner=listed.owner,
        name=listed.name,
        clone_url=listed.url,
        default_branch=listed.branch,
        archived=False,
        empty=empty,
    )
