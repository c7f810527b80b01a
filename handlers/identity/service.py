"""`identity.me` and `nodes.me`: who is calling."""

from codegen.runtime.context import Context
from codegen.runtime.errors import Unauthorized
from codegen.runtime.store import Store
from codegen.runtime.wiring import serves
from generated.errors.onboarding import NodeRetired
from generated.models.onboarding import Node, NodeState, User
from generated.services.onboarding import IdentityService, NodesService
from generated.tables.onboarding import NODE, USER


@serves(IdentityService)
class IdentityHandler:
    """The caller as a user."""

    def me(self, context: Context) -> User:
        """The user that the session or API key speaks for."""
        if context.caller.sid is None:
            raise Unauthorized
        return Store.of(USER, context.database).get(context.caller.sid)


@serves(NodesService)
class NodeSelfHandler:
    """The caller as a node."""

    def me(self, context: Context) -> Node:
        """The node that the API key speaks for."""
        node_id = context.caller.sid
        node = Store.of(NODE, context.database).one({"node_id": node_id}) if node_id is not None else None
        if node is None:
            raise Unauthorized
        if node.state == NodeState.RETIRED:
            raise NodeRetired(node_id=node.node_id)
        return node
