"""Fixtures of tests that start no server."""

import os

import pytest


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that the tests run in sets nothing."""
    for name in list(os.environ):
        if name.startswith(("HERO_ONBOARDING_", "STRIPE_", "CLICKPESA_", "IDENFY_", "FORGE_")):
            monkeypatch.delenv(name)
