"""The forges where nodes keep their repositories: what is there, what git needs for it, and what they announce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.log import Log, described
from generated.errors.onboarding import InvalidSignature
from generated.models.onboarding import ForgeRepository, GitCredentials, PushNotice, WebhookHead, WebhookRequest
from generated.plugins.onboarding import Forge
from handlers.domain import PluginKind
from handlers.plugins import installed
from handlers.settings import Settings

FORGE: PluginKind[Forge] = PluginKind("hero_onboarding.forge", Forge)  # type: ignore[type-abstract]
PREFIX = "billing-"
"""What the names of nodes' repositories begin with."""
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Forges:
    """Forges by name, ready to be called."""

    ready: Mapping[str, Forge] = field(default_factory=dict)

    @classmethod
    def installed(cls, settings: Settings, log: Log) -> Forges:
        """Those that were told what they need; those that cannot be used are told in the log by name."""
        found = installed(FORGE, settings)
        found.log(log)
        return cls(found.ready)

    def credentials(self, address: str) -> GitCredentials | None:
        """What git needs for a repository's address; None where it is of no forge that is known. No network."""
        for forge in self.ready.values():
            if (found := forge.git_credentials(address)) is not None:
                return found
        return None

    def repositories(self, owner: str, log: Log, prefix: str = PREFIX) -> Iterator[tuple[str, ForgeRepository]]:
        """All repositories of an owner with their forge, page by page. A forge that fails is logged, and the others go
        on: its repositories are not said to be gone."""
        for name, forge in self.ready.items():
            cursor: str | None = None
            try:
                for _ in range(MOST_PAGES):
                    page = forge.list_repositories(owner, prefix=prefix, cursor=cursor)
                    yield from ((name, each) for each in page.repositories)
                    cursor = page.next_cursor
                    if cursor is None:
                        break
            except DeclaredError as error:
                log.line("forge not listed", {"forge": name, **described(error)}, "warning")

    def announcing(self) -> list[str]:
        """The names of those that announce pushes."""
        return [name for name, forge in self.ready.items() if forge.capabilities().push_webhooks]

    def read(self, name: str, request: WebhookRequest) -> tuple[WebhookHead, PushNotice | None]:
        """A webhook whose signature holds, and the push that it tells of. Raises `InvalidSignature`,
        `WebhookMalformed`."""
        forge = self.ready.get(name)
        if forge is None:
            raise InvalidSignature  # nobody here knows its key
        return forge.verify_webhook(request), forge.read_webhook(request)

    def holds(self, name: str, address: str, push: PushNotice) -> bool:
        """Whether an address is that of the repository at this forge which was pushed to. No network."""
        forge, parts = self.ready.get(name), urlsplit(address).path.casefold().removesuffix("/").removesuffix(".git")
        if forge is None or forge.git_credentials(address) is None:
            return False
        return parts.split("/")[-2:] == [push.owner.casefold(), push.name.casefold()]
