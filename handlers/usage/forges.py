"""The forges where nodes keep their repositories: what is there, what git needs for it, and what they announce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.http.log import Log
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


class Listing(NamedTuple):
    """Repositories with the names of their forges, and the forges that failed."""

    found: list[tuple[str, ForgeRepository]]
    failed: list[tuple[str, DeclaredError]]


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

    def repositories(self, owner: str, prefix: str = PREFIX) -> Listing:
        """All repositories of an owner. A forge that fails is told, and the others go on: its repositories are not said
        to be gone. That no forge has the owner, who may have another name now, is told of each."""
        found, failed = list[tuple[str, ForgeRepository]](), list[tuple[str, DeclaredError]]()
        unknown_at = list[tuple[str, DeclaredError]]()
        for name, forge in self.ready.items():
            try:
                found += [(name, each) for each in _all_pages(forge, owner, prefix)]
            except NotFound:
                unknown_at.append((name, NotFound(f"there is no owner {owner}")))
            except DeclaredError as error:
                failed.append((name, error))
        return Listing(found, unknown_at if len(unknown_at) == len(self.ready) else failed)

    def maker(self) -> tuple[str, Forge] | None:
        """The forge where new repositories are made; None where none makes any."""
        makers = [(name, forge) for name, forge in self.ready.items() if forge.capabilities().creates]
        return min(makers, key=lambda each: each[0], default=None)

    def setting_webhooks(self, address: str | None = None) -> tuple[str, Forge] | None:
        """The forge that sets webhooks itself and has the repository at this address; without one, the first. No
        network."""
        for name, forge in sorted(self.ready.items()):
            if forge.capabilities().sets_webhooks and (address is None or forge.git_credentials(address) is not None):
                return name, forge
        return None

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
        forge = self.ready.get(name)
        if forge is None or forge.git_credentials(address) is None:
            return False
        return same_place(address).split("/")[-2:] == [push.owner.casefold(), push.name.casefold()]


def same_place(address: str) -> str:
    """An address in one spelling: forges tell names apart by more than case, and `.git` may be left out."""
    return address.casefold().removesuffix("/").removesuffix(".git")


def _all_pages(forge: Forge, owner: str, prefix: str) -> Iterator[ForgeRepository]:
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = forge.list_repositories(owner, prefix=prefix, cursor=cursor)
        yield from page.repositories
        cursor = page.next_cursor
        if cursor is None:
            return
