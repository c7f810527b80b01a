"""Have forges announce pushes to this site: the webhook of a node's repository, or of all of an owner's."""

from __future__ import annotations

from typing import NamedTuple

from codegen.runtime.errors import DeclaredError, Forbidden, NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import NodeWebhook
from generated.plugins.onboarding import Forge
from handlers.origin import is_loopback
from handlers.usage.forges import Forges

NO_FORGE = "forge"
"""The `provider` of a refusal that none of the forges gave."""
NOBODY_SETS = "no forge that sets webhooks is set up: see FORGE_WEBHOOK_SIGNING_KEY"
OWN_ADDRESS = "HERO_ONBOARDING_PUBLIC_URL is this machine's own address, which the forge cannot reach"
OF_NO_FORGE = "no forge that sets webhooks has this repository; its pushes are found by polls"


class Announced(NamedTuple):
    """Where pushes are announced, or why they are not; neither where the repository's forge sets no webhooks."""

    url: str | None = None
    error: str | None = None


class Announcing:
    """Webhooks of `forges` that lead to the site at `origin`. `owner` has the nodes' repositories."""

    def __init__(self, forges: Forges, origin: str, owner: str) -> None:
        self._forges, self._origin, self._owner = forges, origin.rstrip("/"), owner

    def of_repository(self, address: str, renew: bool = False) -> NodeWebhook:
        """Of the repository with this address. Raises `ProviderUnavailable`, `ProviderRefused`."""
        forge = self._forges.setting_webhooks(address)
        if forge is None:
            raise ProviderRefused(provider=NO_FORGE, detail=OF_NO_FORGE)
        if is_loopback(self._origin) and address.startswith("http") and not is_loopback(address):
            raise ProviderRefused(provider=forge[0], detail=OWN_ADDRESS)
        owner, name = _names(address)
        return self._set(*forge, owner, name, renew)

    def of_owner(self, renew: bool = False) -> NodeWebhook:
        """Of all repositories of the owner. Raises `ProviderUnavailable`, `ProviderRefused`."""
        forge = self._forges.setting_webhooks()
        if forge is None:
            raise ProviderRefused(provider=NO_FORGE, detail=NOBODY_SETS)
        return self._set(*forge, self._owner, None, renew)

    def see_to(self, address: str) -> Announced:
        """As `of_repository`, where nothing depends on it: what went wrong is told, not raised."""
        if self._forges.setting_webhooks(address) is None:
            return Announced()
        try:
            return Announced(url=self.of_repository(address).url)
        except (ProviderUnavailable, ProviderRefused) as error:
            return Announced(error=detail_of(error))

    def _set(self, forge_name: str, forge: Forge, owner: str, name: str | None, renew: bool) -> NodeWebhook:
        try:
            made = forge.ensure_push_webhook(owner, f"{self._origin}/webhooks/{forge_name}", name=name, renew=renew)
        except Forbidden:
            raise ProviderRefused(provider=forge_name, detail="the token does not allow it") from None
        except NotFound:
            missing = f"owner {owner}" if name is None else f"repository {owner}/{name}"
            raise ProviderRefused(provider=forge_name, detail=f"there is no {missing}") from None
        return NodeWebhook(forge=forge_name, owner=owner, name=name, url=made.url)


def detail_of(error: DeclaredError) -> str:
    """What went wrong at a forge, in its own words."""
    told = error.detail if isinstance(error, ProviderUnavailable | ProviderRefused) else None
    return told or str(error)


def _names(address: str) -> tuple[str, str]:
    """The owner and the name, which are the end of an address."""
    parts = address.removesuffix("/").removesuffix(".git").split("/")
    return parts[-2], parts[-1]
