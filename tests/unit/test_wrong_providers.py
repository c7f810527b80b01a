"""The sound payment provider passes its kit; each of those with a fault fails the test that is meant for it."""

import pytest

from codegen.runtime.errors import DeclaredError
from tests.kits import wrong_amounts, wrong_checkouts, wrong_payments, wrong_webhooks
from tests.kits.faults import WRONG
from tests.kits.sound import SoundKit, SoundProvider

TABLES = {module.__name__ for module in (wrong_amounts, wrong_checkouts, wrong_payments, wrong_webhooks)}


class TestSound(SoundKit):
    """No fault is found in it."""


def test_the_table_is_whole() -> None:
    assert {provider.__module__ for provider in WRONG} == TABLES
    assert len(WRONG) >= 85


@pytest.mark.parametrize("provider", WRONG, ids=lambda provider: provider.__name__)
def test_each_fault_is_caught_by_its_name(provider: type[SoundProvider]) -> None:
    kit = type("TestWrong", (SoundKit,), {"provider": provider, "patience": 1 if "Hang" in provider.__name__ else 30})()
    with pytest.raises((AssertionError, DeclaredError, pytest.fail.Exception)):
        getattr(kit, f"test_{WRONG[provider]}")()
