"""The services `identity` and `nodes.me`: who is calling, and the caller's sessions."""

from codegen.runtime.context import Context
from codegen.runtime.errors import NotFound, Unauthorized
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import serves
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import NodeRetired
from generated.models.onboarding import LogoutReport, Node, NodeState, SessionInfo, User
from generated.services.onboarding import IdentityService, NodesService
from generated.tables.onboarding import NODE, USER
from handlers.identity.sessions import Sessions


@serves(IdentityService)
class IdentityHandler:
    """The caller as a user, and the caller's sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @runs(Place.SHORT)
    def me(self, context: Context) -> User:
        """The user that the session or API key speaks for."""
        return Store.of(USER, context.database).get(user_of(context))

    def sessions(self, context: Context) -> list[SessionInfo]:
        """Where the user is signed in, the oldest first."""
        return [
            SessionInfo(
                sid=session.sid,
                method=session.method,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
                expires_at=session.expires_at,
                ip=session.ip,
                user_agent=session.user_agent,
                current=session.sid == context.caller.session,
            )
            for session in self._sessions.of(user_of(context))
        ]

    def logout(self, context: Context, *, everywhere: bool | None = None) -> LogoutReport:
        """End the session of this call (an API key has none), or all of the user's."""
        user_sid, session = user_of(context), context.caller.session
        if everywhere:
            return LogoutReport(sessions_ended=self._sessions.end_all(user_sid))
        return LogoutReport(sessions_ended=self._sessions.end_one(user_sid, session) if session else 0)

    def end_session(self, context: Context, *, sid: str) -> LogoutReport:
        """End one session of the user. Raises `NotFound`, for another's too."""
        if not self._sessions.end_one(user_of(context), sid):
            raise NotFound
        return LogoutReport(sessions_ended=1)


@serves(NodesService)
class NodeSelfHandler:
    """The caller as a node."""

    @runs(Place.SHORT)
    def me(self, context: Context) -> Node:
        """The node that the API key speaks for."""
        node_id = context.caller.sid
        node = Store.of(NODE, context.database).one({"node_id": node_id}) if node_id is not None else None
        if node is None:
            raise Unauthorized
        if node.state == NodeState.RETIRED:
            raise NodeRetired(node_id=node.node_id)
        return node
