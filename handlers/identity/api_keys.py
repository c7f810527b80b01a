"""API keys: made by a command, kept as a digest, looked up by it; each speaks for a user, a node or an operator."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from codegen.runtime.context import Caller, Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.storage.store import Store
from generated.models.onboarding import ApiKey, ApiKeyScope, NodeState
from generated.tables.onboarding import API_KEY, NODE, USER
from handlers.identity.secret import API_KEY as BEGINS
from handlers.identity.secret import SHOWN, digest, new_secret, same

NOTED = timedelta(hours=1)
"""How exactly the last use of a key is known; noting each would make every call a write."""


class NewApiKey(NamedTuple):
    """A key that was made. `secret` is told here and never again."""

    key: ApiKey
    secret: str


class ApiKeys:
    """The keys in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.keys = Store.of(API_KEY, database)
        self.users = Store.of(USER, database)
        self.nodes = Store.of(NODE, database)

    def create_for_user(self, user_sid: str, name: str, expires_at: datetime | None = None) -> NewApiKey:
        """A key that may do what the user may. Raises `NotFound` for an unknown user."""
        if not self.users.exists(user_sid):
            raise NotFound(f"no user has the sid {user_sid}")
        return self._create(ApiKeyScope.USER, name, expires_at, user_sid=user_sid)

    def create_for_node(self, node_id: str, name: str, expires_at: datetime | None = None) -> NewApiKey:
        """A key for a registered node. Raises `NotFound` for an unknown or retired one."""
        if not self._may_call(node_id):
            raise NotFound(f"no node {node_id} is registered and in use")
        return self._create(ApiKeyScope.NODE, name, expires_at, node_id=node_id)

    def create_for_admin(self, name: str, expires_at: datetime | None = None) -> NewApiKey:
        """A key that may do what the admin secret may."""
        return self._create(ApiKeyScope.ADMIN, name, expires_at)

    def all(self) -> Iterator[ApiKey]:
        """Every key, revoked ones too, in the order they were made."""
        cursor = None
        while True:
            page = self.keys.list_full(cursor=cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def revoke(self, sid: str) -> ApiKey:
        """End a key now; one that has ended stays as it is. Raises `NotFound`."""
        key = self.keys.get(sid)
        if key.revoked_at is not None:
            return key
        return self.keys.patch(sid, {"revoked_at": self.now()})

    def caller(self, secret: str) -> Caller | None:
        """Whom a bearer token speaks for; None for one that is unknown, revoked or expired."""
        if not secret.startswith(BEGINS):
            return None
        found = digest(secret)
        key = self.keys.one({"key_hash": found})
        if key is None or not same(key.key_hash, found) or key.revoked_at is not None:
            return None
        now = self.now()
        if key.expires_at is not None and key.expires_at <= now:
            return None
        if key.last_used_at is None or now - key.last_used_at >= NOTED:
            self._note_use(key.sid, now)
        if key.scope == ApiKeyScope.ADMIN:
            return Caller("admin", key.sid)
        if key.scope == ApiKeyScope.USER:
            return Caller("user", key.user_sid)
        return Caller("node", key.node_id) if key.node_id is not None and self._may_call(key.node_id) else None

    def _note_use(self, sid: str, now: datetime) -> None:
        """So that keys nobody uses are found; a call neither waits nor is refused because of it."""

        def note() -> None:
            self.keys.patch(sid, {"last_used_at": now})

        with suppress(Unavailable):
            self.database.run_at_once(note)

    def _may_call(self, node_id: str) -> bool:
        node = self.nodes.one({"node_id": node_id})
        return node is not None and node.state != NodeState.RETIRED

    def _create(
        self,
        scope: ApiKeyScope,
        name: str,
        expires_at: datetime | None,
        user_sid: str | None = None,
        node_id: str | None = None,
    ) -> NewApiKey:
        secret = new_secret(BEGINS)
        key = self.keys.new(
            {
                "scope": scope,
                "user_sid": user_sid,
                "node_id": node_id,
                "name": name,
                "prefix": secret[:SHOWN],
                "key_hash": digest(secret),
                "expires_at": expires_at,
            },
            self.now(),
        )
        return NewApiKey(key, secret)

    def now(self) -> datetime:
        """The time, in whole seconds."""
        return self.clock.now().replace(microsecond=0)
