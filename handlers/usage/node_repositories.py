"""The nodes' repositories at the forges: what is there, and the one that a new node is given."""

from __future__ import annotations

from codegen.runtime.context import Context
from codegen.runtime.errors import DeclaredError, Forbidden, NotFound
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.database import Database
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import ForgeFailure, ForgeRepository, NodeRepositories, NodeRepository
from generated.services.onboarding import NodesService
from handlers.admin.acts import NO_REASON, Acts
from handlers.usage.forges import PREFIX, Forges, same_place
from handlers.usage.nodes import Nodes

FORGE = "forge"
NOBODY_MAKES = "no forge that makes repositories is set up: see HERO_ONBOARDING_FORGE_URL"


class ForgeRepositories:
    """Repositories of `owner`, called `billing-<node>`. `operator` names one who does not call."""

    def __init__(
        self, database: Database, forges: Forges, nodes: Nodes, owner: str, operator: str | None = None
    ) -> None:
        self._database, self._forges, self._nodes = database, forges, nodes
        self._owner, self._operator = owner, operator

    def discover(self) -> NodeRepositories:
        """All that the forges hold, and the forges that do not answer."""
        listing, registered = self._forges.repositories(self._owner), self._registered()
        return NodeRepositories(
            repositories=[_told(forge, each, registered) for forge, each in listing.found],
            failed=[ForgeFailure(forge=forge, detail=_detail(error)) for forge, error in listing.failed],
        )

    def make(self, context: Context, node_id: str) -> NodeRepository:
        """A node's repository, private, made where it is missing. Raises `ProviderUnavailable`, `ProviderRefused`."""
        maker = self._forges.maker()
        if maker is None:
            raise ProviderRefused(provider=FORGE, detail=NOBODY_MAKES)
        name, forge = maker
        try:
            found = forge.ensure_repository(
                self._owner, f"{PREFIX}{node_id}", private=True, description=f"Usage of the node {node_id}"
            )
        except Forbidden:
            raise ProviderRefused(provider=name, detail="the token does not allow it") from None
        except NotFound:
            raise ProviderRefused(provider=name, detail=f"there is no owner {self._owner}") from None
        made, acts = _told(name, found, self._registered()), Acts(self._database)
        self._database.run(
            lambda: acts.record(
                context,
                "nodes.make_repository",
                node_id,
                {},
                NO_REASON,
                after={"clone_url": made.clone_url},
                operator=self._operator,
            )
        )
        return made

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
    def make_repository(self, context: Context, *, node_id: str) -> NodeRepository:
        """Make a node's repository at the forge."""
        return self._repositories.make(context, node_id)


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


def _detail(error: DeclaredError) -> str:
    told = error.detail if isinstance(error, ProviderUnavailable | ProviderRefused) else None
    return told or str(error)
