"""Fixtures of tests against real servers and databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codegen.runtime.storage.database import Database
from tests.migrated import migrate
from tests.server.migration_project import Databases

if TYPE_CHECKING:
    from handlers.usage.mirrors import Mirrors
    from tests.server.forge_world import Hearth


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    made = Databases(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture
def queue_database(postgresql_url: str) -> Iterator[Database]:
    """The product's database on PostgreSQL, whose task queue is empty and has no workers."""
    from handlers.work.queue.tables import connected

    opened = Database.open(postgresql_url)
    migrate(opened)
    with connected(opened.url) as connection:  # the queue's triggers know no other schema
        for table in ("procrastinate_jobs", "procrastinate_workers"):
            connection.execute(f"DELETE FROM {table}".encode())  # noqa: S608
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrors]:
    """Mirrors of the repositories of all tests in a module, whose fetching programs are started once."""
    from handlers.usage.mirrors import Mirrors

    mirrors = Mirrors.below(tmp_path_factory.mktemp("mirrors"), at_once=2)
    yield mirrors
    mirrors.close()


@pytest.fixture(scope="module")
def forge() -> Iterator[Hearth]:
    """The sandbox's forge, which serves all tests of a module."""
    from tests.server.forge_world import hearth

    with hearth() as found:
        yield found
