"""The nodes' repositories at the forges: what is there, and the one that a new node is given."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.runtime.context import Context
from codegen.runtime.errors import Forbidden, NotFound
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.database import Database
from generated.errors.onboarding import ProviderRefused
from generated.models.onboarding import ForgeFailure, ForgeRepository, NodeRepositories, NodeRepository, NodeWebhook
from generated.services.onboarding import NodesService
from handlers.admin.acts import NO_REASON, Acts
from handlers.usage.announcing import NO_FORGE, Announcing, detail_of
from handlers.usage.forges import PREFIX, Forges, same_place
from handlers.usage.nodes import Nodes

NOBODY_MAKES = "no forge that makes repositories is set up: see HERO_ONBOARDING_FORGE_URL"


class ForgeRepositories:
    """Repositories of `owner`, called `billing-<node>`, whose pushes are announced at the site's `origin`. `operator`
    names one who does not call."""

    def __init__(
        self, database: Database, forges: Forges, nodes: Nodes, owner: str, origin: str, operator: str | None = None
    ) -> None:
        self._database, self._forges, self._nodes = database, forges, nodes
        self._owner, self._operator = owner, operator
        self.announcing = Announcing(forges, origin, owner)

    @property
    def known(self) -> list[str]:
        """The names of the forges that are asked."""
        return list(self._forges.ready)

    def discover(self) -> NodeRepositories:
        """All that the forges hold, and the forges that do not answer."""
        listing, registered = self._forges.repositories(self._owner), self._registered()
        return NodeRepositories(
            repositories=[_told(forge, each, registered) for forge, each in listing.found],
            failed=[ForgeFailure(forge=forge, detail=detail_of(error)) for forge, error in listing.failed],
        )

    def make(self, context: Context, node_id: str, reason: str | None = None) -> NodeRepository:
        """A node's repository, private, made where it is missing, and its webhook. Raises `ProviderUnavailable`,
        `ProviderRefused`."""
        maker = self._forges.maker()
        if maker is None:
            raise ProviderRefused(provider=NO_FORGE, detail=NOBODY_MAKES)
        name, forge = maker
        try:
            found = forge.ensure_repository(
                self._owner, f"{PREFIX}{node_id}", private=True, description=f"Usage of the node {node_id}"
            )
        except Forbidden:
            raise ProviderRefused(provider=name, detail="the token does not allow it") from None
        except NotFound:
            raise ProviderRefused(provider=name, detail=f"there is no owner {self._owner}") from None
        made, seen = _told(name, found, self._registered()), self.announcing.see_to(found.clone_url)
        webhook = {} if seen.url is None else {"webhook_url": seen.url}
        self._record(context, "make_repository", node_id, {"clone_url": made.clone_url, **webhook}, reason)
        return made.model_copy(update={"webhook_url": seen.url, "webhook_error": seen.error})

    def set_webhook(self, context: Context, node_id: str | None, renew: bool, reason: str | None = None) -> NodeWebhook:
        """Have pushes to a node's repository announced, or those to all of the owner's where none is named.

        Raises `NotFound` for a node that is not registered, `ProviderUnavailable`, `ProviderRefused`.
        """
        if node_id is None:
            made = self.announcing.of_owner(renew)
        else:
            node = self._nodes.get(node_id)
            if node is None:
                raise NotFound(f"no node {node_id} is registered")
            made = self.announcing.of_repository(node.repo_url, renew)
        self._record(context, "set_webhook", node_id or made.owner, {"webhook_url": made.url, "renewed": renew}, reason)
        return made

    def _record(
        self, context: Context, act: str, subject: str, after: Mapping[str, object], reason: str | None
    ) -> None:
        acts, why = Acts(self._database), reason or NO_REASON
        self._database.run(
            lambda: acts.record(context, f"nodes.{act}", subject, {}, why, after=after, operator=self._operator)
        )

    def _registered(self) -> dict[str, str]:
        """The ids of nodes by where their repositories are."""
        return {same_place(node.repo_url): node.node_id for node in self._nodes.read_from()}


@serves(NodesService)
class RepositoriesHandler:
    """The part of `NodesService` that asks forges; no database waits for them."""

    def __init__(self, repositories: ForgeRepositories) -> None:
        self._repositories = repositories

    @runs(Place.SLOW)
    @own_transactions
    def discover(self, context: Context) -> NodeRepositories:
        """The repositories of the configured owner at all forges."""
        return self._repositories.discover()

    @runs(Place.SLOW)
    @own_transactions
    def make_repository(self, context: Context, *, node_id: str, reason: str | None = None) -> NodeRepository:
        """Make a node's repository at the forge."""
        return self._repositories.make(context, node_id, reason)

    @runs(Place.SLOW)
    @own_transactions
    def set_webhook(
        self, context: Context, *, node_id: str | None = None, renew: bool | None = None, reason: str | None = None
    ) -> NodeWebhook:
        """Have the forge announce pushes to a node's repository, or to all of the owner's."""
        return self._repositories.set_webhook(context, node_id, bool(renew), reason)


def _told(forge: str, found: ForgeRepository, registered: dict[str, str]) -> NodeRepository:
    return NodeRepository(
        forge=forge,
        owner=found.owner,
        name=found.name,
        clone_url=found.clone_url,
        archived=found.archived,
        empty=found.empty,
        node_id=registered.get(same_place(found.clone_url)),
    )
