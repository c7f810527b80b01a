"""The pool passes the kit of provisioners; and what only a pool has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import AllocationFailed
from generated.tables.onboarding import POOL_VM, USER, VM_ALLOCATION
from providers.pool import PoolAssignmentProvisioner, PoolSettings
from providers.testing.provisioner import ProvisionerKit
from tests.migrated import migrate
from tests.server.machine_world import SKU, fill_pool

CLOCK = SystemClock()


class TestPool(ProvisionerKit):
    """On both databases."""

    provider = PoolAssignmentProvisioner
    sku = SKU
    examples = 5
    database: Database
    user: str
    made: list[PoolAssignmentProvisioner]

    @pytest.fixture(autouse=True)
    def _database(self, database_url: str) -> Iterator[None]:
        self.database = Database.open(database_url)
        migrate(self.database)
        if self.database.dialect == "sqlite":
            self.database.execute("PRAGMA synchronous = off")
        self.made = []
        users = Store.of(USER, self.database)
        self.user = users.new({"mycelium_address": "400::1", "public_key": "ab" * 32}, CLOCK.now()).sid
        yield
        for plugin in self.made:
            plugin.close()
        self.database.close()

    @property
    def secrets(self) -> tuple[str, ...]:  # type: ignore[override]
        """The whole URL of the database: it may hold a password."""
        return (self.database.url,)

    def make(self) -> PoolAssignmentProvisioner:
        plugin = PoolAssignmentProvisioner(PoolSettings(database_url=SecretStr(self.database.url)))
        self.made.append(plugin)
        return plugin

    def stock(self, count: int) -> None:
        """Free ones are retired, and new ones come in."""
        self.database.execute("UPDATE pool_vm SET state = 'retired' WHERE state = 'free'")
        known = Store.of(POOL_VM, self.database).list_full(1000)["items"]
        if count:
            fill_pool(self.database, CLOCK, count, first=len(known) + 1)

    def allocation(self) -> str:
        """The site's own row, which stands before anybody is asked."""
        now = CLOCK.now()
        return (
            Store.of(VM_ALLOCATION, self.database)
            .new({"user_sid": self.user, "sku": SKU, "cost_cents": 0, "provider": "pool", "expires_at": now}, now)
            .sid
        )


def test_a_database_that_does_not_answer_is_an_outage(tmp_path: Path) -> None:
    """Nobody knows what was done: it is asked again, or given up."""
    url = f"sqlite:///{tmp_path}/test.db"
    database = Database.open(url)
    migrate(database)
    pool = PoolAssignmentProvisioner(PoolSettings(database_url=SecretStr(url)))
    database.execute("BEGIN EXCLUSIVE")
    try:
        pool._database.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(AllocationFailed):
            pool.allocate("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV", SKU)
    finally:
        database.execute("ROLLBACK")
        pool.close()
        database.close()
