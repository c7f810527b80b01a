"""API keys in a database: whom they speak for, and when they no longer do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from codegen.runtime.context import Caller
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeState
from generated.tables.onboarding import NODE
from handlers.identity.api_keys import ApiKeys
from tests.migrated import migrate


class Clock:
    """Time stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 19, 3, 14, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> Iterator[ApiKeys]:
    migrate(database)
    yield ApiKeys(database, clock)


def new_user(keys: ApiKeys) -> str:
    return keys.users.new({"mycelium_address": "400::1", "public_key": "0" * 64}, keys.now()).sid


def test_scopes(keys: ApiKeys, database: Database) -> None:
    user = new_user(keys)
    node = Store.of(NODE, database).new(
        {"node_id": "n1", "repo_url": "https://x/n1.git", "keys": [], "kinds": []}, keys.now()
    )
    assert keys.caller(keys.create_for_user(user, "a").secret) == Caller("user", user)
    of_admin = keys.create_for_admin("b")
    assert keys.caller(of_admin.secret) == Caller("admin", of_admin.key.sid)
    of_node = keys.create_for_node("n1", "c").secret
    assert keys.caller(of_node) == Caller("node", "n1")
    Store.of(NODE, database).patch(node.sid, {"state": NodeState.RETIRED})
    assert keys.caller(of_node) is None, "a retired node calls no more"
    with pytest.raises(NotFound):
        keys.create_for_node("n1", "d")


def test_secrets_are_long_and_differ(keys: ApiKeys) -> None:
    made = [keys.create_for_admin(f"key {number}").secret for number in range(3)]
    assert len(set(made)) == 3
    assert all(secret.startswith("hok_") and len(secret) == 47 for secret in made)


@pytest.mark.parametrize("secret", ["", "hok_", "hok_" + "A" * 43, "Bearer x", "hok_\0", "hok_é"])
def test_unknown_secrets(keys: ApiKeys, secret: str) -> None:
    keys.create_for_admin("a")
    assert keys.caller(secret) is None


def test_the_digest_is_no_key(keys: ApiKeys) -> None:
    made = keys.create_for_admin("a")
    assert keys.caller(made.key.key_hash) is None
    assert keys.caller("hok_" + made.key.key_hash) is None


def test_expiry_to_the_second(keys: ApiKeys, clock: Clock) -> None:
    secret = keys.create_for_admin("a", clock.time + timedelta(days=1)).secret
    clock.time += timedelta(days=1, seconds=-1)
    assert keys.caller(secret) is not None
    clock.time += timedelta(seconds=1)
    assert keys.caller(secret) is None


def test_last_use_is_known_to_the_hour(keys: ApiKeys, clock: Clock) -> None:
    made = keys.create_for_admin("a")
    used = []
    for _ in range(3):
        keys.caller(made.secret)
        used.append(keys.keys.get(made.key.sid).last_used_at)
        clock.time += timedelta(minutes=40)
    begin = made.key.created_at
    assert used == [begin, begin, begin + timedelta(minutes=80)]


def test_revocation_is_for_good(keys: ApiKeys, clock: Clock) -> None:
    made = keys.create_for_admin("a")
    first = keys.revoke(made.key.sid).revoked_at
    clock.time += timedelta(hours=1)
    assert keys.revoke(made.key.sid).revoked_at == first
    assert keys.caller(made.secret) is None
    with pytest.raises(NotFound):
        keys.revoke("0000000000")


def test_a_user_with_a_key_cannot_go(keys: ApiKeys) -> None:
    from codegen.runtime.errors import InUse

    user = new_user(keys)
    keys.create_for_user(user, "a")
    with pytest.raises(InUse):
        keys.users.delete(user)


def test_every_key_is_listed(keys: ApiKeys) -> None:
    names = [f"key {number}" for number in range(205)]
    for name in names:
        keys.create_for_admin(name)
    assert [key.name for key in keys.all()] == names
