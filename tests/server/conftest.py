"""Fixtures of tests against real servers and databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.migration_project import Databases


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    made = Databases(request.param, request, tmp_path)
    yield made
    made.close()
