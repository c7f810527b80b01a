"""Options and fixtures that every test can use."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write what golden cases produce as their new expectation")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True when golden cases are to be renewed rather than compared."""
    return bool(request.config.getoption("--update"))
