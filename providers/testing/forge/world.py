"""What the laws of forges are tried with: repositories, commits that somebody pushes, and how they are announced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest

from codegen.runtime.testing.arguments import Arguments
from codegen.runtime.values.sid import new_sid
from generated.conformance.onboarding import ForgeConformance
from generated.models.onboarding import ForgeRepository, WebhookRequest
from generated.plugins.onboarding import Forge
from providers.testing.webhooks import SignedWebhookLaws

MAIN = "main"
MOST_PAGES = 1000


class ForgeWorld(ForgeConformance, SignedWebhookLaws):
    """The base of the kit. A plugin's author gives `provider`, `make`, `commit`, and `secrets`; for a forge that
    announces pushes `announced`, `sign` and `signing_key`, for one that sets these webhooks `sent`, for one that makes
    no repositories `add`.

    All plugins that one kit object makes speak to the same forge: the second is the first after a restart.
    """

    owner: ClassVar[str] = "hero_ops"
    """Who has the repositories."""
    many: ClassVar[int] = 5
    """Repositories that make several pages: make pages short in `make`, or say more."""

    def add(self, plugin: Any, name: str) -> ForgeRepository:
        """A new repository without a commit."""
        made: ForgeRepository = plugin.ensure_repository(self.owner, name)
        return made

    def commit(self, plugin: Any, name: str, branch: str = MAIN) -> str:
        """Have somebody push a new commit to a branch of a repository; answers its name."""
        pytest.fail(f"give {type(self).__name__} a `commit`: push something to a repository, answer the commit")

    def announced(self, plugin: Any, name: str, branch: str = MAIN) -> WebhookRequest:
        """Have somebody push, as `commit` does; answers the signed webhook that tells of it."""
        pytest.fail(f"give {type(self).__name__} an `announced`: push something, answer the webhook of it")

    def sent(self, plugin: Any, name: str, branch: str = MAIN) -> Sequence[tuple[str, WebhookRequest]]:
        """Have somebody push, as `commit` does; answers what the forge's webhooks send for it: where, and what."""
        pytest.fail(f"give {type(self).__name__} a `sent`: push something, answer each webhook of it with its address")

    def make_with_another_key(self) -> Any:
        """A plugin as `make` gives, which signs and verifies webhooks with another key. The default cannot."""
        pytest.skip("give a `make_with_another_key` to try webhooks whose key is replaced")

    def spoil(self, plugin: Any, url: str) -> None:
        """Make the webhooks at `url` such that they announce nothing: switched off, say. The default cannot."""
        pytest.skip("give a `spoil` to try webhooks that are switched off")

    def hide(self, plugin: Any, name: str) -> None:
        """Take the plugin's right to see a repository away. The default cannot."""
        pytest.skip("give a `hide` to try lists with gaps")

    # --- what the laws are tried with ---------------------------------------------------------------------------

    def new_name(self, prefix: str = "billing-") -> str:
        """A name that no repository has."""
        return f"{prefix}{new_sid().lower()}"

    def new_url(self) -> str:
        """An address that no webhook has. Nobody is there."""
        return f"https://site-{new_sid().lower()}.example/webhooks/forge"

    def added(self, plugin: Forge, prefix: str = "billing-") -> ForgeRepository:
        """A new repository."""
        return self.add(plugin, self.new_name(prefix))

    def listed(self, plugin: Forge, prefix: str | None = None) -> list[str]:
        """The names of all pages, in their order."""
        names, cursor = list[str](), None
        for _ in range(MOST_PAGES):
            page = plugin.list_repositories(self.owner, prefix=prefix, cursor=cursor)
            names += [each.name for each in page.repositories]
            cursor = page.next_cursor
            if cursor is None:
                return names
        pytest.fail(f"{MOST_PAGES} pages, and no end")

    def webhook(self, plugin: Any) -> WebhookRequest:
        if not plugin.capabilities().push_webhooks:
            pytest.skip("it announces no pushes")
        return self.announced(plugin, self.added(plugin).name)

    def good_calls(self, plugin: Any, method: str) -> Iterator[Arguments]:
        """Calls of `calls` where the author gives some, else those that follow from repositories and commits."""
        if method in self.calls:
            yield from super().good_calls(plugin, method)
            return
        match method:
            case "list_repositories":
                made = self.added(plugin)
                yield {"owner": self.owner}
                yield {"owner": self.owner, "prefix": made.name}
            case "get_repository":
                yield {"owner": self.owner, "name": self.added(plugin).name}
            case "ensure_repository":
                yield {"owner": self.owner, "name": self.added(plugin).name}
                if plugin.capabilities().creates:
                    yield {"owner": self.owner, "name": self.new_name(), "private": True, "description": "usage"}
            case "ensure_push_webhook":
                if plugin.capabilities().sets_webhooks:
                    yield {"owner": self.owner, "url": self.new_url()}
                    yield {"owner": self.owner, "url": self.new_url(), "name": self.added(plugin).name}
            case "head":
                made = self.added(plugin)
                yield {"owner": self.owner, "name": made.name, "branch": MAIN}
                self.commit(plugin, made.name)
                yield {"owner": self.owner, "name": made.name, "branch": MAIN}
            case "git_credentials":
                yield {"clone_url": self.added(plugin).clone_url}
                yield {"clone_url": "https://elsewhere.example/hero_ops/billing.git"}
            case "verify_webhook" | "read_webhook":
                if plugin.capabilities().push_webhooks:
                    yield {"request": self.webhook(plugin)}
            case _:
                yield from super().good_calls(plugin, method)
